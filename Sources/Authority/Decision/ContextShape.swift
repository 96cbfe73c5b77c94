import Cedar
import StrictJSON

/// A record that policies see in `context`, said once: its type for the schema, its values, and what is left of it while it is
/// not known.
struct ContextRecord: Sendable {
    /// The type's name in the namespace `Exequatur`.
    let name: String
    private let attributes: [(name: String, type: CedarType)]

    init(_ name: String, _ attributes: [(name: String, type: CedarType)]) {
        self.name = name
        self.attributes = attributes
    }

    var type: CedarType {
        .record(
            RecordType(
                Dictionary(
                    uniqueKeysWithValues: attributes.map { (ExactString($0.name), AttributeType($0.type)) })))
    }

    /// How the schema declares it.
    var declaration: String {
        "type \(name) = { \(attributes.map { "\($0.name): \($0.type)" }.joined(separator: ", ")) };"
    }
}

/// The parts of `context`: for each its type, from which follow its declaration in the schema and its unknown form, and beside it
/// how its value is made. That a value has its type is what a test holds to.
enum ContextShape {
    static let records = [task, approvals, reach, surroundings]

    static let task = ContextRecord(
        "Task", [("id", .string), ("tenant", .string), ("purpose", .string), ("expires", .extension(.datetime))])

    static func value(taskID id: String, tenant: String, purpose: String, expires: Instant) -> Value {
        .record([
            "id": .string(ExactString(id)), "tenant": .string(ExactString(tenant)), "purpose": .string(ExactString(purpose)),
            "expires": .datetime(Datetime(milliseconds: expires.milliseconds)),
        ])
    }

    static let approvals = ContextRecord(
        "Approvals",
        [
            ("count", .long), ("distinctTeams", .long), ("userVerified", .long),
            ("people", .set(.entity(["Exequatur::Person"]))), ("teams", .set(.entity(["Exequatur::Team"]))),
        ])

    static let noApprovals = value([])

    static func value(_ approvals: [ApprovalFact]) -> Value {
        let people = approvals.map(\.person)
        return .record([
            "count": .long(Int64(Set(people.map(\.id)).count)), "distinctTeams": .long(Int64(Teams.distinct(people))),
            "userVerified": .long(Int64(Set(approvals.filter(\.userVerified).map(\.person.id)).count)),
            "people": .set(Set(people.map { .entity(.person($0.id)) })),
            "teams": .set(Set(people.flatMap(\.teams).map { .entity(EntityUID(type: "Exequatur::Team", id: .init($0))) })),
        ])
    }

    static let reach = ContextRecord("Reach", [("gains", .bool), ("gainedCount", .long), ("targets", .set(.string))])

    static func value(_ finding: ReachFinding) -> Value {
        .record([
            "gains": .bool(!finding.gains.isEmpty), "gainedCount": .long(Int64(finding.gains.count)),
            "targets": .set(Set(finding.targets.map { .string(ExactString($0)) })),
        ])
    }

    /// `locked`: whether a lock is in force that would stop anything but an undo of what was done.
    static let surroundings = ContextRecord(
        "Surroundings", [("now", .extension(.datetime)), ("environment", .string), ("locked", .bool)])

    static func value(now: Instant, environment: String, isLocked: Bool) -> Value {
        .record([
            "now": .datetime(Datetime(milliseconds: now.milliseconds)), "environment": .string(ExactString(environment)),
            "locked": .bool(isLocked),
        ])
    }

    // MARK: The whole

    /// What the approvals are called: the part that is unknown while it is asked what they must show.
    static let approvalsName: ExactString = "approvals"

    private struct Part {
        let name: ExactString
        /// Its type as the schema writes it.
        let declared: String
        let unknown: PartialValue
        var isRequired = true

        init(_ name: ExactString, _ record: ContextRecord, unknown: PartialValue? = nil) {
            self.name = name
            declared = "Exequatur::\(record.name)"
            self.unknown = unknown ?? .unknown(record.type)
        }

        init(_ name: ExactString, _ type: CedarType, isRequired: Bool = true) {
            self.name = name
            declared = "\(type)"
            unknown = .unknown(type, isPresent: isRequired)
            self.isRequired = isRequired
        }
    }

    /// All but the operation's own input. While nothing else is known, it is known that nobody approved.
    private static let parts = [
        Part("task", task), Part("delegator", .entity(["Exequatur::Person"]), isRequired: false),
        Part(approvalsName, approvals, unknown: .known(value([]))), Part("precondition", .string), Part("lease", .string),
        Part("reach", reach), Part("system", surroundings),
    ]

    /// The type of the whole, as the schema writes it.
    ///
    /// - Parameters:
    ///   - input: the operation's own part; nil where a decision is made without it.
    ///   - isInputRequired: false where it may be decided without.
    static func declaration(input: String?, isInputRequired: Bool) -> String {
        let own = input.map { ["input\(isInputRequired ? "" : "?"): \($0)"] } ?? []
        let others = parts.map { "\($0.name)\($0.isRequired ? "" : "?"): \($0.declared)" }
        return "{ \((own + others).joined(separator: ", ")) }"
    }

    /// The whole but for the approvals, which are counted later.
    ///
    /// - Parameters:
    ///   - delegator: the person on whose behalf; nil when there is none.
    ///   - lease: what it would be carried out with.
    static func value(
        input: Value, task: Value, delegator: EntityUID?, precondition: Precondition, lease: CredentialKind,
        reach finding: ReachFinding, surroundings: Value
    ) -> [ExactString: Value] {
        var context: [ExactString: Value] = [
            "input": input, "task": task, "precondition": .string(ExactString(precondition.rawValue)),
            "lease": .string(ExactString(lease.rawValue)), "reach": value(finding), "system": surroundings,
        ]
        if let delegator { context["delegator"] = .entity(delegator) }
        return context
    }

    /// Nothing of it is known.
    static var unknown: PartialValue {
        .record(Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.unknown) } + [("input", .unknown())]))
    }
}
