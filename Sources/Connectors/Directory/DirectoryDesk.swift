public import Authority
public import Cedar
public import Reach
import StrictJSON

/// What all directories do alike: planning, what policy sees of an entry, and looking again at what was planned.
public struct DirectoryDesk<Port: DirectoryPort> {
    public typealias Entry = Port.Entry

    let port: Port

    public init(_ port: Port) { self.port = port }

    // MARK: Entries

    /// - Throws: `ConnectorError` `notFound`.
    public func require(_ name: String, isGroup: Bool? = nil) throws -> Entry {
        guard let entry = try port.find(name, isGroup: isGroup) else {
            throw ConnectorError(.notFound, "\(name) is not in the directory")
        }
        return entry
    }

    public func node(_ entry: Entry) -> NodeID {
        NodeID(
            system: port.system, kind: entry.isGroup ? DirectoryVocabulary.group : DirectoryVocabulary.user, id: entry.id)
    }

    public func uid(_ entry: Entry) -> EntityUID { uid(node(entry)) }

    func uid(_ node: NodeID) -> EntityUID { port.catalogue.uid(node) ?? .system(port.system) }

    /// The entry that a read names.
    public func read(_ operation: Operation, _ input: Input) throws -> EntryRecord {
        let isGroup = operation.target.kind == DirectoryVocabulary.group
        return try record(require(operation.target.input.flatMap { input[$0] } ?? "", isGroup: isGroup))
    }

    public func record(_ entry: Entry, isDirect: Bool = true) throws -> EntryRecord {
        EntryRecord(
            uid: uid(entry), name: entry.name, attributes: try shown(entry), isDirect: isDirect, facts: try facts(entry))
    }

    /// The entry, if it is one that is looked for.
    public func record(_ entry: Entry, matching search: DirectorySearch) throws -> EntryRecord? {
        search.matches(try shown(entry)[search.attribute] ?? []) ? try record(entry) : nil
    }

    private func shown(_ entry: Entry) throws -> [String: [String]] {
        var attributes = try port.attributes(entry)
        attributes["name"] = [entry.name]
        if !entry.isGroup { attributes["enabled"] = ["\(entry.isEnabled)"] }
        return attributes
    }

    // MARK: As policy sees them

    /// The entry and every group above it. Labels come down: what is in a protected group is protected.
    public func facts(_ start: Entry) throws -> [Entity] {
        var above: [String: (entry: Entry, parents: [Entry])] = [:]
        var own: [String: Set<String>] = [:]
        var waiting = [start]
        while let next = waiting.popLast() {
            guard above[next.id] == nil else { continue }
            let parents = try port.groups(of: next)
            above[next.id] = (next, parents)
            own[next.id] = try port.labels(of: next)
            waiting += parents
        }
        let groups = above.mapValues { $0.parents.map(\.id) }
        return try above.keys.sorted().compactMap { id in
            try above[id].map { try entity($0.entry, $0.parents, InheritedLabels.of(id, parents: groups, own: own)) }
        }
    }

    private func entity(_ entry: Entry, _ parents: [Entry], _ labels: Set<String>) throws -> Entity {
        let uid = uid(entry)
        var attributes: [ExactString: Value] = [
            "name": .string(ExactString(entry.name)), "labels": .set(Set(labels.map { .string(ExactString($0)) })),
            "kind": .string(ExactString(node(entry).kind)),
        ]
        for (name, values) in try port.attributes(entry) where port.catalogue.sensitivity(of: name, on: uid) != .secret {
            attributes[ExactString(name)] = values.first.map { .string(ExactString($0)) }
        }
        attributes["enabled"] = entry.isGroup ? nil : .bool(entry.isEnabled)
        return Entity(uid, attributes: attributes, parents: Set(parents.map(self.uid) + [.system(port.system)]))
    }

    // MARK: Looking again

    /// - Throws: `ConnectorError` `invalid` for a plan that this kind of directory did not make.
    public func native(_ plan: Plan) throws -> Port.Native {
        do { return try Port.Native(json: plan.native) } catch {
            throw ConnectorError(.invalid, "the plan can't be read: \(error)")
        }
    }

    /// What the touched values are now.
    public func observe(_ plan: Plan, under lease: LeaseReference?) throws -> Observation {
        let native = try native(plan)
        let target = try port.entries(of: native, plan).target
        let isOurs = try lease.flatMap { try port.wrote($0, target) }
        let touched = try plan.touched.map { value in
            TouchedValue(
                entity: value.entity, name: value.name, attribute: value.attribute, before: value.before,
                after: try present(value, target, plan, native, isOurs == true))
        }
        return Observation(touched: touched, isOurs: isOurs)
    }

    private func present(_ value: TouchedValue, _ target: Entry?, _ plan: Plan, _ native: Port.Native, _ isOurs: Bool) throws
        -> [String]
    {
        guard let target else { return [] }
        switch value.attribute {
        case TouchedValue.whole: return ["present"]
        case DirectoryVocabulary.password:
            // A password can't be read back: it is the new one if we wrote last, the old one if nobody wrote since.
            if isOurs { return value.after }
            return target.revision == plan.revision ? value.before : ["(unknown)"]
        case DirectoryVocabulary.memberAttribute:
            return try port.hasMember(native, target) ? Array(Set(value.before + value.after)) : []
        default: return try shown(target)[value.attribute] ?? []
        }
    }

    /// The graph's facts on the entities that a plan touches, as they are now.
    public func surroundings(of plan: Plan) throws -> Set<NamedFact> {
        let (target, other) = try port.entries(of: native(plan), plan)
        return try port.facts(on: [target, other].compactMap { $0 })
    }
}

extension Plan {
    /// The target's revision that was planned on: the first word of the version.
    public var revision: String { version.split(separator: " ").first.map(String.init) ?? "" }
}

/// What is looked for among users.
public struct DirectorySearch: Sendable {
    public let attribute: String
    public let value: String
    public let isPrefix: Bool

    public init(_ input: Input) {
        (attribute, value) = (input["attribute"] ?? "", input["value"] ?? "")
        isPrefix = input["match"] == "prefix"
    }

    /// Whether these values are meant, byte by byte, whatever the product takes for equal.
    public func matches(_ values: [String]) -> Bool {
        values.contains { isPrefix ? $0.utf8.starts(with: value.utf8) : $0.utf8.elementsEqual(value.utf8) }
    }
}
