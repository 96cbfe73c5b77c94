public import Authority
import Cedar
import Reach
import StrictJSON

/// The operations of ``Authority/Catalogue`` `directory`, by name.
enum DirectoryOperation {
    case addMember, removeMember, enable, disable, create, remove, resetPassword
    case set(String)

    static let setPrefix = "user.set-"

    init?(_ name: String) {
        switch name {
        case "group.add-member": self = .addMember
        case "group.remove-member": self = .removeMember
        case "user.enable": self = .enable
        case "user.disable": self = .disable
        case "user.create": self = .create
        case "user.remove": self = .remove
        case "user.reset-password": self = .resetPassword
        default:
            guard name.hasPrefix(Self.setPrefix) else { return nil }
            self = .set(String(name.dropFirst(Self.setPrefix.count)))
        }
    }
}

extension DirectoryDesk {
    /// What the operation would do.
    ///
    /// - Throws: `ConnectorError`.
    public func plan(_ operation: Operation, _ input: Input) throws -> Plan {
        switch DirectoryOperation(operation.name) {
        case .addMember: return try membership(operation, input, adding: true)
        case .removeMember: return try membership(operation, input, adding: false)
        case .enable: return try switching(operation, user(input), on: true)
        case .disable: return try switching(operation, user(input), on: false)
        case .set(let attribute): return try setting(operation, attribute, user(input), to: input["value"])
        case .create: return try creation(operation, input)
        case .remove: return try removal(operation, user(input))
        case .resetPassword:
            let user = try user(input)
            return try plan(
                operation, .resetPassword(user), on: user,
                [touch(user, DirectoryVocabulary.password, ["(unchanged)"], ["(new)"])])
        case nil: throw ConnectorError(.invalid, "\(operation.name) is not an operation of a directory")
        }
    }

    private func user(_ input: Input) throws -> Entry { try require(input["user"] ?? "", isGroup: false) }

    private func touch(_ entry: Entry, _ attribute: String, _ before: [String], _ after: [String]) -> TouchedValue {
        TouchedValue(entity: uid(entry), name: entry.name, attribute: attribute, before: before, after: after)
    }

    /// - Parameter named: the other entry that an input names.
    private func plan(
        _ operation: Operation, _ step: DirectoryStep<Entry>, on target: Entry, _ touched: [TouchedValue],
        inverse: JSONValue? = nil, named: (input: String, entry: Entry)? = nil, facts change: Step = Step(),
        obstacle: String? = nil
    ) throws -> Plan {
        var facts = try facts(target)
        let known = Set(facts.map(\.uid))
        facts += try (named.map { try self.facts($0.entry) } ?? []).filter { !known.contains($0.uid) }
        let problem = try obstacle ?? port.obstacle(to: step)
        return Plan(
            target: uid(target), targetName: target.name, touched: touched,
            inverse: inverse.flatMap { input in operation.inverse.map { Inverse(operation: $0, input: input) } },
            reversibility: operation.reversibility, precondition: .atomic, version: version(target, touched, facts),
            native: try port.native(step).json, facts: facts, named: named.map { [$0.input: [uid($0.entry)]] } ?? [:],
            step: change, surroundings: try port.facts(on: [target] + [named?.entry].compactMap { $0 }),
            obstacle: problem.map { ConnectorError(.invalid, $0) })
    }

    /// The target's revision, and a digest of all that was planned on: a membership or a label moves no revision.
    private func version(_ target: Entry, _ touched: [TouchedValue], _ facts: [Entity]) -> String {
        let digest = Digest(of: [
            "touched": .array(touched.map(\.json)), "facts": .array(facts.sorted { $0.uid < $1.uid }.map(\.json)),
        ])
        return "\(target.revision) \(digest.hex)"
    }

    // MARK: Each operation

    private func membership(_ operation: Operation, _ input: Input, adding: Bool) throws -> Plan {
        let group = try require(input["group"] ?? "", isGroup: true)
        let member = try require(input["member"] ?? "")
        let isMember = try port.isMember(member, of: group)
        let value = "\(member.name) (\(member.id))"
        let fact = NamedFact(DirectoryVocabulary.member, node(member), node(group))
        let isLoop = try adding && facts(group).contains { $0.uid == uid(member) }
        return try plan(
            operation, adding ? .join(member, group: group) : .leave(member, group: group), on: group,
            [touch(group, DirectoryVocabulary.memberAttribute, isMember ? [value] : [], adding ? [value] : [])],
            inverse: ["group": .string(group.id), "member": .string(member.id)], named: ("member", member),
            facts: adding ? Step(adds: [fact]) : Step(removes: [fact]),
            obstacle: isLoop ? "a group can't be inside itself" : nil)
    }

    private func switching(_ operation: Operation, _ user: Entry, on: Bool) throws -> Plan {
        try plan(
            operation, on ? .enable(user) : .disable(user), on: user,
            [touch(user, "enabled", ["\(user.isEnabled)"], ["\(on)"])], inverse: ["user": .string(user.id)],
            facts: switching(user, on: on))
    }

    /// Enabling takes the restriction away, disabling puts it there.
    private func switching(_ user: Entry, on: Bool) -> Step {
        let disabled = NamedFact(DirectoryVocabulary.disabled, node(user))
        let sets = sets(node(user), port.names.switches)
        return on ? Step(adds: sets, removes: [disabled]) : Step(adds: sets + [disabled])
    }

    /// The facts that values of some attributes were set.
    private func sets(_ node: NodeID, _ attributes: [String]) -> [NamedFact] {
        (attributes + (attributes.isEmpty ? [] : ["*"])).map {
            NamedFact(DirectoryVocabulary.setsAttribute, node, .attribute($0, of: port.system))
        }
    }

    private func setting(_ operation: Operation, _ attribute: String, _ user: Entry, to value: String?) throws -> Plan {
        let before = try port.attributes(user)[attribute] ?? []
        var inverse: JSONValue = ["user": .string(user.id)]
        inverse.add("value", before.first.map(JSONValue.string))
        return try plan(
            operation, .set(attribute, value, of: user), on: user,
            [touch(user, attribute, before, value.map { [$0] } ?? [])], inverse: inverse,
            facts: Step(adds: sets(node(user), [attribute])),
            obstacle: before.count > 1 ? "the attribute has several values; only a single one can be replaced" : nil)
    }

    private func creation(_ operation: Operation, _ input: Input) throws -> Plan {
        let name = input["user"] ?? ""
        let node = NodeID(system: port.system, kind: DirectoryVocabulary.user, .new(ExactString(name)))
        let (uid, vacancy) = (uid(node), try port.vacancy(name))
        func touch(_ attribute: String, _ after: [String]) -> TouchedValue {
            TouchedValue(entity: uid, name: name, attribute: attribute, before: [], after: after)
        }
        let given = port.names.given.compactMap { field, attribute in input[field].map { touch(attribute, [$0]) } }
        let fact = Entity(
            uid, attributes: ["name": .string(ExactString(name)), "labels": .set([]), "kind": "user", "enabled": true],
            parents: [.system(port.system)])
        // A new entry takes its name, and whatever waited for somebody of that name.
        let takes = vacancy.node.map { [NamedFact(DirectoryVocabulary.namedAs, node, $0)] } ?? []
        return Plan(
            target: uid, targetName: name, touched: [touch(TouchedValue.whole, ["present"])] + given,
            inverse: operation.inverse.map { Inverse(operation: $0, input: ["user": .string(name)]) },
            reversibility: operation.reversibility, precondition: .atomic, version: "absent",
            native: try port.native(.create(name: name)).json, facts: [fact],
            step: Step(adds: takes + sets(node, port.names.implied + given.map(\.attribute))), surroundings: vacancy.waiting,
            obstacle: vacancy.isTaken ? ConnectorError(.invalid, "\(name) exists already") : nil)
    }

    /// Removes what a grant created and nobody touched since; anything else is only disabled.
    private func removal(_ operation: Operation, _ user: Entry) throws -> Plan {
        guard try port.isUntouched(user), try port.groups(of: user).isEmpty else {
            return try plan(
                operation, .disable(user), on: user, [touch(user, "enabled", ["\(user.isEnabled)"], ["false"])],
                facts: switching(user, on: false))
        }
        return try plan(operation, .remove(user), on: user, [touch(user, TouchedValue.whole, ["present"], [])])
    }
}
