public import Authority
import CLDAP
import Cedar
import Reach
import StrictJSON

extension LDAPDirectory {
    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await run { session in try Planner(directory: self, reader: reader(session)).plan(operation, input) }
    }
}

/// Works out what an operation would do, over one connection of the base identity.
struct Planner {
    let directory: LDAPDirectory
    let reader: DirectoryReader

    func plan(_ operation: Operation, _ input: Input) throws -> Plan {
        switch operation.name {
        case "group.add-member": return try membership(operation, input, adding: true)
        case "group.remove-member": return try membership(operation, input, adding: false)
        case "user.enable": return try enabled(operation, input, true)
        case "user.disable": return try enabled(operation, input, false)
        case "user.create": return try create(operation, input)
        case "user.remove": return try remove(operation, input)
        case "user.reset-password":
            let user = try reader.require(input["user"] ?? "", isGroup: false)
            return try plan(operation, user, [touch(user, "userPassword", ["(unchanged)"], ["(new)"])], right: "password:reset")
        case let name where name.hasPrefix("user.set-"): return try attribute(operation, String(name.dropFirst(9)), input)
        default: throw ConnectorError(.invalid, "\(operation.name) is not an operation of LDAP")
        }
    }

    private func touch(_ entry: DirectoryEntry, _ attribute: String, _ before: [String], _ after: [String]) -> TouchedValue {
        TouchedValue(entity: entry.uid(directory.catalogue), name: entry.name, attribute: attribute, before: before, after: after)
    }

    /// - Parameters:
    ///   - right: what the just-in-time account will be allowed, in the words of the access rules.
    ///   - pin: the value it will be held to.
    private func plan(
        _ operation: Operation, _ target: DirectoryEntry, _ touched: [TouchedValue], right: String, pin: (String, String)? = nil,
        inverse: JSONValue? = nil, also other: DirectoryEntry? = nil, step: Step = Step(), obstacle: String? = nil
    ) throws -> Plan {
        var facts = try reader.facts(target)
        let known = Set(facts.map(\.uid))
        facts += try (other.map(reader.facts) ?? []).filter { !known.contains($0.uid) }
        var native = ["dn": target.dn, "right": right]
        if let pin { native[pin.0] = pin.1 }
        return Plan(
            target: target.uid(directory.catalogue), targetName: target.name, touched: touched,
            inverse: inverse.flatMap { input in operation.inverse.map { Inverse(operation: $0, input: input) } },
            reversibility: operation.reversibility, precondition: .atomic, version: version(target, touched, facts),
            native: native,
            facts: facts, related: other.map { [$0.uid(directory.catalogue)] } ?? [], step: step,
            surroundings: try GraphReader(reader, directory.names).facts(on: [target, other].compactMap { $0 }),
            obstacle: obstacle.map { ConnectorError(.invalid, $0) })
    }

    /// The entry's change sequence number, and a digest of all that was planned on: memberships do not move the number.
    private func version(_ target: DirectoryEntry, _ touched: [TouchedValue], _ facts: [Entity]) -> String {
        let digest = Digest(of: [
            "touched": .array(touched.map(\.json)), "facts": .array(facts.sorted { $0.uid < $1.uid }.map(\.json)),
        ])
        return "\(target.entry.first("entryCSN") ?? "") \(digest.hex)"
    }

    private func membership(_ operation: Operation, _ input: Input, adding: Bool) throws -> Plan {
        let group = try reader.require(input["group"] ?? "", isGroup: true)
        let member = try reader.requireMember(input["member"] ?? "")
        let isMember = try reader.has(group, member: member.dn)
        let value = "\(member.name) (\(member.id))"
        let fact = NamedFact("member", node(member), node(group))
        let touched = touch(group, "member", isMember ? [value] : [], adding ? [value] : [])
        return try plan(
            operation, group, [touched], right: adding ? "member:add" : "member:delete", pin: ("member", member.dn),
            inverse: ["group": .string(group.id), "member": .string(member.id)], also: member,
            step: adding ? Step(adds: [fact]) : Step(removes: [fact]),
            obstacle: try obstacle(group, member, adding: adding, isMember: isMember))
    }

    private func obstacle(_ group: DirectoryEntry, _ member: DirectoryEntry, adding: Bool, isMember: Bool) throws -> String? {
        if adding, try reader.facts(group).contains(where: { $0.uid == member.uid(directory.catalogue) }) {
            return "a group can't be inside itself"
        }
        if !adding, isMember, try reader.session.entry(group.dn, attributes: ["member"])?.strings("member").count == 1 {
            return "a groupOfNames keeps at least one member; add another first"
        }
        return member.dn.contains(where: { "[]".contains($0) }) ? "names with square brackets can't be granted" : nil
    }

    private func enabled(_ operation: Operation, _ input: Input, _ enabled: Bool) throws -> Plan {
        let user = try reader.require(input["user"] ?? "", isGroup: false)
        let isOther = user.lockedSince.map { $0 != DirectoryEntry.locked } ?? false
        return try plan(
            operation, user, [touch(user, "enabled", ["\(user.isEnabled)"], ["\(enabled)"])],
            right: enabled ? "user:enable" : "user:disable",
            inverse: ["user": .string(user.id)], step: step(user, enabling: enabled),
            obstacle: isOther ? "the account was locked by the directory itself" : nil)
    }

    private func attribute(_ operation: Operation, _ attribute: String, _ input: Input) throws -> Plan {
        let user = try reader.require(input["user"] ?? "", isGroup: false)
        let before = reader.attributes(user)[attribute] ?? []
        var inverse: JSONValue = ["user": .string(user.id)]
        inverse.add("value", before.first.map(JSONValue.string))
        let value = input["value"]
        let problem =
            before.count > 1
            ? "the attribute has several values; only a single one can be replaced"
            : value?.contains(where: { "[]".contains($0) }) == true ? "values with square brackets can't be granted" : nil
        return try plan(
            operation, user, [touch(user, attribute, before, value.map { [$0] } ?? [])],
            right: "replace:\(attribute.lowercased())",
            pin: value.map { ("value", $0) }, inverse: inverse, step: Step(adds: sets(node(user), [attribute])), obstacle: problem
        )
    }

    // MARK: As the graph sees it

    private func node(_ entry: DirectoryEntry) -> String {
        ReachNode.id(system: directory.system, kind: entry.isGroup ? .group : .user, key: entry.id)
    }

    private func sets(_ node: String, _ attributes: [String]) -> [NamedFact] {
        ReachNode.sets(node, attributes, system: directory.system)
    }

    private func step(_ user: DirectoryEntry, enabling: Bool) -> Step {
        let disabled = NamedFact("disabled", node(user))
        let sets = sets(disabled.subject, LDAPSettings.switched)
        return enabling ? Step(adds: sets, removes: [disabled]) : Step(adds: sets + [disabled])
    }

    private func create(_ operation: Operation, _ input: Input) throws -> Plan {
        let name = input["user"] ?? ""
        let dn = try LDAPText.child("uid", name, of: directory.settings.people)
        let exists = try reader.session.entry(dn, attributes: ["entryUUID"]) != nil || reader.isTaken(name)
        let uid = EntityUID(type: directory.catalogue.userType, id: ExactString("new:\(name)"))
        func touch(_ attribute: String, _ after: [String]) -> TouchedValue {
            TouchedValue(entity: uid, name: name, attribute: attribute, before: [], after: after)
        }
        let given = [("displayName", "displayName"), ("sn", "surname"), ("mail", "mail")]
        let attributes = given.compactMap { attribute, key in input[key].map { touch(attribute, [$0]) } }
        let fact = Entity(
            uid, attributes: ["name": .string(ExactString(name)), "kind": "user", "labels": .set([]), "enabled": true],
            parents: [.system(directory.system)])
        let waiting = try LDAPText.normalized(dn)
        return Plan(
            target: uid, targetName: name, touched: [touch("entry", ["present"])] + attributes,
            inverse: Inverse(operation: "user.remove", input: ["user": .string(name)]), reversibility: operation.reversibility,
            precondition: .atomic, version: "absent", native: ["dn": dn, "right": "user:create", "name": name], facts: [fact],
            step: created(ReachNode.id(system: directory.system, uid), waiting, attributes.map(\.attribute)),
            surroundings: try GraphReader(reader, directory.names).facts(waitingFor: waiting),
            obstacle: exists ? ConnectorError(.invalid, "\(name) exists already") : nil)
    }

    /// A new entry takes its name, and whatever waited for somebody of that name.
    private func created(_ node: String, _ path: String, _ attributes: [String]) -> Step {
        let name = ReachNode.id(system: directory.system, kind: .name, key: path)
        return Step(adds: [NamedFact("namedAs", node, name)] + sets(node, LDAPSettings.given + attributes))
    }

    /// Removes what a grant created and nobody touched since; anything else is only disabled.
    private func remove(_ operation: Operation, _ input: Input) throws -> Plan {
        let user = try reader.require(input["user"] ?? "", isGroup: false)
        let creator = user.entry.first("creatorsName")?.lowercased() ?? ""
        let isUntouched =
            try creator.hasSuffix("," + directory.settings.grants.lowercased())
            && creator == user.entry.first("modifiersName")?.lowercased()
            && reader.groups(of: user.dn).isEmpty
        return isUntouched
            ? try plan(operation, user, [touch(user, "entry", ["present"], [])], right: "user:delete")
            : try plan(
                operation, user, [touch(user, "enabled", ["\(user.isEnabled)"], ["false"])], right: "user:disable",
                step: step(user, enabling: false))
    }
}
