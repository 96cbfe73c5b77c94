import StrictJSON
public import Authority
import Cedar

/// What a person may do with the gateway itself, besides changes.
public struct Rights: Sendable {
    public enum Right: String, Sendable { case view, unlock }

    let core: Core

    /// Asks policy: actions `Exequatur::Action::"view"` and `"unlock"` on `Exequatur::System::"exequatur"`.
    public func require(_ right: Right, of person: Person) throws(Refusal) {
        let request = Cedar.Request(
            principal: .person(person.id), action: EntityUID(type: "Exequatur::Action", id: ExactString(right.rawValue)),
            resource: .system("exequatur"))
        let bundle = core.policies
        let denial = Refusal(.denied, "Policy does not give you `\(right.rawValue)`.")
        do {
            let entities = try Entities([Principal.person(person).entity])
            try bundle.cedarSchema.check(request)
            let response = bundle.compiled.authorize(request, in: bundle.compiled.store(entities))
            guard response.decision == .allow, response.errors.isEmpty else { throw denial }
        } catch { throw denial }
    }
}
