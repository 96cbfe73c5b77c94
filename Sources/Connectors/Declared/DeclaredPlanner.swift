package import Authority
import Cedar
import Reach
package import StrictJSON

/// Works out what one operation would do, and looks again at what came of it.
package struct DeclaredPlanner<S: DeclaredSource> {
    /// What a plan rests on.
    package struct Read {
        /// Nil where it is only coming to be, and for the system itself.
        package let target: Thing?
        let named: [String: [Thing]]
        /// What each touched value is now, and what it will be; with it whether it is a list of which only a part is touched.
        let values: [String: (now: [String], after: [String])]

        /// What a touched value is, as a template takes it.
        package func now(_ name: String) -> JSONValue? { values[name].map { .array($0.now.map(JSONValue.string)) } }

        /// What a touched value will be.
        package func after(_ name: String) -> JSONValue? { values[name].map { .array($0.after.map(JSONValue.string)) } }
    }

    package let operation: Operation
    package let step: DeclaredStep<S.Request>
    package let input: Input
    let reader: DeclaredEntities<S>

    init(_ reader: DeclaredEntities<S>, _ operation: Operation, _ input: Input) throws(ConnectorError) {
        guard let step = reader.declared.steps[operation.name] else {
            throw ConnectorError(.invalid, "\(operation.name) is not an operation of the catalogue that writes")
        }
        (self.reader, self.operation, self.step, self.input) = (reader, operation, step, input)
    }

    private var catalogue: Catalogue { reader.declared.catalogue }
    private var system: String { reader.system }

    func plan() async throws(ConnectorError) -> Plan { try await plan(read()) }

    // MARK: Reading

    func read() async throws(ConnectorError) -> Read {
        var target: Thing?
        var named: [String: [Thing]] = [:]
        switch operation.target {
        case .existing(let kind, let by): target = try await reader.require(kind, input[by] ?? "")
        case .new(let kind, let by): target = try await reader.fetch(kind, input[by] ?? "")
        case .system: break
        }
        for field in operation.input where field.name != operation.target.input {
            guard let kinds = field.type.named, let json = input.json[field.name] else { continue }
            for name in json.texts { named[field.name, default: []].append(try await find(name, kinds)) }
        }
        var values: [String: (now: [String], after: [String])] = [:]
        for touch in step.touches { values[touch.name] = try await value(touch, target) }
        return Read(target: target, named: named, values: values)
    }

    private func find(_ name: String, _ kinds: [String]) async throws(ConnectorError) -> Thing {
        for kind in kinds {
            if let found = try await reader.fetch(kind, name) { return found }
        }
        throw ConnectorError(.notFound, "there is no \(kinds.joined(separator: " or ")) \(name)")
    }

    private func value(_ touch: Touch<S.Request>, _ target: Thing?) async throws(ConnectorError) -> (
        now: [String], after: [String]
    ) {
        let document = try await document(touch, target)
        let now = document.flatMap { touch.at.find(in: $0) }?.texts ?? []
        let values = values(target)
        do {
            switch touch.new {
            case .hidden: return (target == nil ? [] : ["(unchanged)"], [target == nil ? "(set)" : "(new)"])
            case .set(let template): return (now, try texts(template, values))
            case .clear: return (now, [])
            case .add(let template): return (now, Set(now + (try texts(template, values))).sorted())
            case .remove(let template):
                let gone = Set(try texts(template, values))
                return (now, now.filter { !gone.contains($0) })
            }
        } catch { throw ConnectorError(.invalid, "\(touch.name) can't be set: \(error)") }
    }

    func document(_ touch: Touch<S.Request>, _ target: Thing?) async throws(ConnectorError) -> JSONValue? {
        guard let read = touch.read else { return target?.document }
        do throws(ConnectorError) {
            return try await reader.source.ask(read, values(target), isOwn: false, page: nil).json
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private func values(_ target: Thing?) -> Values {
        Values { source in
            switch source {
            case .input(let name): input.json[name]
            case .current(let pointer): target.flatMap { pointer.find(in: $0.document) }
            default: nil
            }
        }
    }

    /// The values of a template: a list where it is all of one.
    private func texts(_ template: TextTemplate, _ values: Values) throws -> [String] {
        if let whole = template.whole { return try values.value(whole)?.texts ?? [] }
        return [try template.filled(values) { $0 }]
    }

    /// All that its input names.
    var entities: Set<NodeID> {
        var nodes: Set<NodeID> = []
        if case .system = operation.target { nodes.insert(.whole(system)) }
        if let kind = operation.target.kind, let by = operation.target.input { nodes.insert(reader.node(kind, input[by] ?? "")) }
        for field in operation.input where field.name != operation.target.input {
            for kind in field.type.named ?? [] {
                nodes.formUnion((input.json[field.name]?.texts ?? []).map { reader.node(kind, $0) })
            }
        }
        return nodes
    }

    // MARK: Planning

    func plan(_ read: Read) async throws(ConnectorError) -> Plan {
        let (target, name) = self.target(read)
        let uid = reader.uid(target)
        let touched = touched(read, uid, name)
        var facts = try await entities(read, uid, name)
        facts.sort { $0.uid < $1.uid }
        let compared = step.compares.map { at in read.target.flatMap { at.find(in: $0.document) } ?? .null }
        let version = Digest(of: [
            "touched": .array(touched.map(\.json)), "facts": .array(facts.map(\.json)), "compared": .array(compared),
            "etag": step.usesETag ? read.target?.etag.map(JSONValue.string) ?? .null : .null,
        ])
        let isTaken = if case .new = operation.target { read.target != nil } else { false }
        return Plan(
            target: uid, targetName: name, touched: touched, inverse: inverse(read), reversibility: operation.reversibility,
            precondition: step.usesETag && read.target?.etag != nil ? .atomic : .checked, version: version.hex,
            native: DeclaredPlan(operation: operation.name, input: input.json).json, facts: facts,
            named: read.named.mapValues { $0.map { reader.uid($0.node) } }, step: change(read, target),
            surroundings: surroundings(read), obstacle: isTaken ? ConnectorError(.invalid, "\(name) exists already") : nil)
    }

    private func target(_ read: Read) -> (NodeID, name: String) {
        switch operation.target {
        case .existing(let kind, let by):
            (read.target?.node ?? reader.node(kind, input[by] ?? ""), read.target?.name ?? input[by] ?? "")
        case .new(let kind, let by):
            (NodeID(system: system, kind: kind, .new(ExactString(input[by] ?? ""))), input[by] ?? "")
        case .system: (.whole(system), system)
        }
    }

    private var deletesTarget: Bool { operation.effects.contains { $0.act == .deletes(.target) } }
    private var createsTarget: Bool { if case .new = operation.target { true } else { false } }

    private func touched(_ read: Read, _ uid: EntityUID, _ name: String) -> [TouchedValue] {
        func touch(_ attribute: String, _ before: [String], _ after: [String]) -> TouchedValue {
            TouchedValue(entity: uid, name: name, attribute: attribute, before: before, after: after)
        }
        var touched: [TouchedValue] = []
        if createsTarget { touched.append(touch(TouchedValue.whole, [], ["present"])) }
        if deletesTarget { touched.append(touch(TouchedValue.whole, ["present"], [])) }
        for one in step.touches {
            guard let value = read.values[one.name] else { continue }
            let (before, after) = shown(one, value)
            // What is deleted has no values any more; what is created had none.
            touched.append(touch(one.name, createsTarget ? [] : before, deletesTarget ? [] : after))
        }
        // Where nothing of it can be read, all that can be said is that it is done.
        return touched.isEmpty ? [touch(TouchedValue.call, ["(not called)"], ["(called)"])] : touched
    }

    /// Of a list, only what comes or goes: somebody else's entries are not touched.
    private func shown(_ touch: Touch<S.Request>, _ value: (now: [String], after: [String])) -> (
        before: [String], after: [String]
    ) {
        switch touch.new {
        case .set, .clear, .hidden: return (value.now, value.after)
        case .add, .remove:
            let values = Values { if case .input(let name) = $0 { input.json[name] } else { nil } }
            let meant: Set<String>
            switch touch.new {
            case .add(let template), .remove(let template): meant = Set((try? texts(template, values)) ?? [])
            case .set, .clear, .hidden: meant = []
            }
            return (value.now.filter(meant.contains), value.after.filter(meant.contains))
        }
    }

    private func entities(_ read: Read, _ uid: EntityUID, _ name: String) async throws(ConnectorError) -> [Entity] {
        var facts: [EntityUID: Entity] = [:]
        for thing in [read.target].compactMap({ $0 }) + read.named.keys.sorted().flatMap({ read.named[$0] ?? [] }) {
            for entity in try await reader.entities(thing) where facts[entity.uid] == nil { facts[entity.uid] = entity }
        }
        if createsTarget, let kind = operation.target.kind {
            facts[uid] = Entity(
                uid, attributes: ["name": .string(ExactString(name)), "kind": .string(ExactString(kind)), "labels": .set([])],
                parents: [.system(system)])
        }
        if operation.target == .system { facts[uid] = Entity(uid) }
        return Array(facts.values)
    }

    private func surroundings(_ read: Read) -> Set<NamedFact> {
        let things = [read.target].compactMap { $0 } + read.named.values.joined()
        return things.reduce(into: []) { $0.formUnion($1.facts) }
    }

    private func inverse(_ read: Read) -> Inverse? {
        guard let name = operation.inverse, let inverse = catalogue[name] else { return nil }
        var json: JSONValue = [:]
        guard !step.inverse.isEmpty else {
            for field in inverse.input { json.add(field.name, input.json[field.name]) }
            return Inverse(operation: name, input: json)
        }
        let values = Values { source in
            switch source {
            case .input(let name): input.json[name]
            case .before(let name): read.values[name]?.now.first.map(JSONValue.string)
            default: nil
            }
        }
        for pair in step.inverse {
            if let whole = pair.value.whole {
                json.add(pair.name, (try? values.value(whole)) ?? nil)
            } else {
                json.add(pair.name, (try? pair.value.filled(values) { $0 }).map(JSONValue.string))
            }
        }
        return Inverse(operation: name, input: json)
    }

    /// The facts that the effects come to.
    private func change(_ read: Read, _ target: NodeID) -> Step {
        let ends = Footprint.Ends(target: target, input: input, named: read.named.mapValues { $0.map(\.node) })
        return Footprint(of: operation, in: catalogue, on: system, ends).step(among: surroundings(read), in: catalogue)
    }
}

extension InputType {
    /// The kinds of what a field names; nil when it names nothing.
    fileprivate var named: [String]? {
        switch self {
        case .reference(let kinds, _): kinds
        case .list(let element, _): element.named
        default: nil
        }
    }
}
