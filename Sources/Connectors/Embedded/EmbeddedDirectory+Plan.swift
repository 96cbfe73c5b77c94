public import Authority
import Cedar
import GRDB
import Reach
import StrictJSON

extension EmbeddedDirectory {
    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await read { db in try plan(operation, input, db) }
    }

    func plan(_ operation: Operation, _ input: Input, _ db: Database) throws -> Plan {
        switch operation.name {
        case "group.add-member": return try planMembership(operation, input, adding: true, db)
        case "group.remove-member": return try planMembership(operation, input, adding: false, db)
        case "user.enable": return try planEnabled(operation, input, true, db)
        case "user.disable": return try planEnabled(operation, input, false, db)
        case "user.create": return try planCreate(operation, input, db)
        case "user.remove": return try planRemove(operation, input, db)
        case "user.reset-password":
            let user = try Entry.require(input["user"] ?? "", isGroup: false, db)
            return try plan(operation, user, [touch(user, "userPassword", ["(unchanged)"], ["(new)"])], inverse: nil, db)
        case let name where name.hasPrefix("user.set-"):
            return try planAttribute(operation, String(name.dropFirst("user.set-".count)), input, db)
        default: throw ConnectorError(.invalid, "\(operation.name) is not an operation of the embedded directory")
        }
    }

    private func touch(_ entry: Entry, _ attribute: String, _ before: [String], _ after: [String]) -> TouchedValue {
        TouchedValue(entity: entry.uid, name: entry.name, attribute: attribute, before: before, after: after)
    }

    private func plan(
        _ operation: Operation, _ target: Entry, _ touched: [TouchedValue], inverse: JSONValue?, also other: Entry? = nil,
        step: Step = Step(), obstacle: ConnectorError? = nil, _ db: Database
    ) throws -> Plan {
        var facts = try target.facts(in: system, db)
        let known = Set(facts.map(\.uid))
        facts += try (other?.facts(in: system, db) ?? []).filter { !known.contains($0.uid) }
        let name = operation.inverse
        return Plan(
            target: target.uid, targetName: target.name, touched: touched,
            inverse: inverse.flatMap { input in name.map { Inverse(operation: $0, input: input) } },
            reversibility: operation.reversibility, precondition: .atomic,
            version: version(target, other, touched, facts),
            native: ["target": target.id].merging(other.map { ["other": $0.id] } ?? [:]) { $1 }, facts: facts,
            related: other.map { [$0.uid] } ?? [], step: step,
            surroundings: try target.reachFacts(in: system, db).union(other?.reachFacts(in: system, db) ?? []), obstacle: obstacle
        )
    }

    /// The versions of the rows, and a digest of all that was planned on: a label or a membership moves no version.
    private func version(_ target: Entry, _ other: Entry?, _ touched: [TouchedValue], _ facts: [Entity]) -> String {
        let digest = Digest(of: [
            "touched": .array(touched.map(\.json)), "facts": .array(facts.sorted { $0.uid < $1.uid }.map(\.json)),
        ])
        return "\(target.version)" + (other.map { ".\($0.version)" } ?? "") + " \(digest.hex)"
    }

    private func planMembership(_ operation: Operation, _ input: Input, adding: Bool, _ db: Database) throws -> Plan {
        let group = try Entry.require(input["group"] ?? "", isGroup: true, db)
        let member = try Entry.require(input["member"] ?? "", db)
        let isLoop = try adding && member.isAbove(group, db)
        let isMember = try group.has(member: member, db)
        let fact = NamedFact("member", member.node(in: system).id, group.node(in: system).id)
        let touched = touch(group, "member", isMember ? [member.reference] : [], adding ? [member.reference] : [])
        return try plan(
            operation, group, [touched], inverse: ["group": .string(group.id), "member": .string(member.id)], also: member,
            step: adding ? Step(adds: [fact]) : Step(removes: [fact]),
            obstacle: isLoop ? ConnectorError(.invalid, "a group can't be inside itself") : nil, db)
    }

    private func planEnabled(_ operation: Operation, _ input: Input, _ enabled: Bool, _ db: Database) throws -> Plan {
        let user = try Entry.require(input["user"] ?? "", isGroup: false, db)
        let touched = touch(user, "enabled", ["\(user.isEnabled)"], ["\(enabled)"])
        return try plan(
            operation, user, [touched], inverse: ["user": .string(user.id)], step: user.step(enabling: enabled, in: system), db)
    }

    private func planAttribute(_ operation: Operation, _ attribute: String, _ input: Input, _ db: Database) throws -> Plan {
        let user = try Entry.require(input["user"] ?? "", isGroup: false, db)
        let before = try user.attributes(db)[attribute] ?? []
        let touched = touch(user, attribute, before, input["value"].map { [$0] } ?? [])
        var inverse: JSONValue = ["user": .string(user.id)]
        inverse.add("value", before.first.map(JSONValue.string))
        let step = Step(adds: ReachNode.sets(user.node(in: system).id, [attribute], system: system))
        return try plan(operation, user, [touched], inverse: inverse, step: step, db)
    }

    private func planCreate(_ operation: Operation, _ input: Input, _ db: Database) throws -> Plan {
        let name = input["user"] ?? ""
        let exists = try Entry.find(name, db) != nil
        let uid = EntityUID(type: catalogue.userType, id: ExactString("new:\(name)"))
        func touch(_ attribute: String, _ after: [String]) -> TouchedValue {
            TouchedValue(entity: uid, name: name, attribute: attribute, before: [], after: after)
        }
        let attributes = ["displayName", "surname", "mail"].compactMap { key in input[key].map { touch(key, [$0]) } }
        let fact = Entity(
            uid, attributes: ["name": .string(ExactString(name)), "labels": .set([]), "kind": "user", "enabled": true],
            parents: [.system(system)])
        return Plan(
            target: uid, targetName: name, touched: [touch("entry", ["present"])] + attributes,
            inverse: Inverse(operation: "user.remove", input: ["user": .string(name)]), reversibility: operation.reversibility,
            precondition: .atomic, version: "0", native: ["target": name], facts: [fact],
            step: Step(
                adds: ReachNode.sets(ReachNode.id(system: system, uid), attributes.map(\.attribute), system: system)),
            obstacle: exists ? ConnectorError(.invalid, "\(name) exists already") : nil)
    }

    /// Removes what was created by a grant and has not been touched since; anything else is only disabled.
    private func planRemove(_ operation: Operation, _ input: Input, _ db: Database) throws -> Plan {
        let user = try Entry.require(input["user"] ?? "", isGroup: false, db)
        let isUntouched = try user.createdByLease != nil && user.lastLease == user.createdByLease && user.groups(db).isEmpty
        let touched =
            isUntouched
            ? touch(user, "entry", ["present"], []) : touch(user, "enabled", ["\(user.isEnabled)"], ["false"])
        let step =
            isUntouched
            ? Step(removes: try user.reachFacts(in: system, db).filter { $0.relation == "member" }.sorted())
            : user.step(enabling: false, in: system)
        return try plan(operation, user, [touched], inverse: nil, step: step, db)
    }
}

extension Entry {
    /// Whether `other` is this entry or somewhere below it.
    fileprivate func isAbove(_ other: Entry, _ db: Database) throws -> Bool {
        let sql = """
            WITH RECURSIVE below(id) AS (
                SELECT ?1 UNION SELECT m.member FROM member m JOIN below b ON m."group" = b.id)
            SELECT EXISTS (SELECT 1 FROM below WHERE id = ?2)
            """
        return try Bool.fetchOne(db, sql: sql, arguments: [id, other.id]) ?? false
    }
}
