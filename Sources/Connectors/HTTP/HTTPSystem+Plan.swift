public import Authority
import Cedar
import Reach
import StrictJSON

/// What a plan on a declared system was made of: enough to look again.
struct HTTPPlan: Sendable {
    let operation: String
    let input: JSONValue

    var json: JSONValue { ["operation": .string(operation), "input": input] }

    init(operation: String, input: JSONValue) { (self.operation, self.input) = (operation, input) }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        operation = try fields.string("operation")
        input = try fields.required("input")
        try fields.end()
    }
}

extension HTTPSystem {
    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await HTTPPlanner(self, operation, input).plan()
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        let native: HTTPPlan
        let input: Input
        guard let operation = (try? HTTPPlan(json: plan.native)).flatMap({ catalogue[$0.operation] }) else {
            throw ConnectorError(.invalid, "the plan can't be read, or its operation is not in the catalogue any more")
        }
        do {
            native = try HTTPPlan(json: plan.native)
            input = try Input(native.input, for: operation)
        } catch { throw ConnectorError(.invalid, "the plan can't be read: \(error)") }
        return try await HTTPPlanner(self, operation, input).observe(plan)
    }

    public func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Disclosure? {
        let (name, input, decided) = (grant.operation, grant.input, grant.plan)
        guard let operation = catalogue[name] else { throw ConnectorError(.invalid, "no operation \(name)") }
        let planner = try HTTPPlanner(self, operation, input)
        let id = lease.reference.id
        return try await settings.inHand.with(planner.entities) { () throws(ConnectorError) in
            let fresh: Plan
            let read: HTTPPlanner.Read
            do {
                read = try await planner.read()
                fresh = try await planner.plan(read)
            } catch { throw ConnectorError(.conflict, "the target can't be read as it was before writing: \(error)") }
            guard fresh.version == decided.version, fresh.touched == decided.touched, fresh.target == decided.target,
                fresh.obstacle == nil
            else { throw ConnectorError(.conflict, "the target changed since it was planned on") }
            return try await planner.send(read, fresh, as: id)
        }
    }
}

/// Works out one operation, and carries it out.
struct HTTPPlanner {
    /// What a plan rests on.
    struct Read {
        /// Nil where it is only coming to be, and for the system itself.
        let target: Thing?
        let named: [String: [Thing]]
        /// What each touched value is now, and what it will be; with it whether it is a list of which only a part is touched.
        let values: [String: (now: [String], after: [String])]
    }

    private let system: HTTPSystem
    private let operation: Operation
    private let step: HTTPStep
    private let input: Input
    private let reader: HTTPReader

    init(_ system: HTTPSystem, _ operation: Operation, _ input: Input) throws(ConnectorError) {
        guard let step = system.settings.steps[operation.name] else {
            throw ConnectorError(.invalid, "\(operation.name) is not an operation of the catalogue")
        }
        (self.system, self.operation, self.step, self.input, reader) = (system, operation, step, input, system.reader)
    }

    private var catalogue: Catalogue { system.catalogue }

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

    private func value(_ touch: Touch, _ target: Thing?) async throws(ConnectorError) -> (now: [String], after: [String]) {
        let document = try await document(touch, target)
        let now = document.flatMap { touch.at.find(in: $0) }?.texts ?? []
        let values = Values { source in
            switch source {
            case .input(let name): input.json[name]
            case .current(let pointer): target.flatMap { pointer.find(in: $0.document) }
            default: nil
            }
        }
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

    private func document(_ touch: Touch, _ target: Thing?) async throws(ConnectorError) -> JSONValue? {
        guard let read = touch.read else { return target?.document }
        do throws(ConnectorError) {
            return try await system.settings.access.ask(try filled(read, target)).json
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private func filled(_ template: RequestTemplate, _ target: Thing?) throws(ConnectorError) -> FilledRequest {
        do {
            return try template.filled(
                Values { source in
                    switch source {
                    case .input(let name): input.json[name]
                    case .current(let pointer): target.flatMap { pointer.find(in: $0.document) }
                    default: nil
                    }
                })
        } catch { throw ConnectorError(.invalid, "the request can't be made: \(error)") }
    }

    /// The values of a template: a list where it is all of one.
    private func texts(_ template: TextTemplate, _ values: Values) throws -> [String] {
        if let whole = template.whole { return try values.value(whole)?.texts ?? [] }
        return [try template.filled(values) { $0 }]
    }

    /// All that its input names.
    var entities: Set<NodeID> {
        var nodes: Set<NodeID> = []
        if case .system = operation.target { nodes.insert(.whole(system.system)) }
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
            native: HTTPPlan(operation: operation.name, input: input.json).json, facts: facts,
            named: read.named.mapValues { $0.map { reader.uid($0.node) } }, step: change(read, target),
            surroundings: surroundings(read), obstacle: isTaken ? ConnectorError(.invalid, "\(name) exists already") : nil)
    }

    private func target(_ read: Read) -> (NodeID, name: String) {
        switch operation.target {
        case .existing(let kind, let by):
            (read.target?.node ?? reader.node(kind, input[by] ?? ""), read.target?.name ?? input[by] ?? "")
        case .new(let kind, let by):
            (NodeID(system: system.system, kind: kind, .new(ExactString(input[by] ?? ""))), input[by] ?? "")
        case .system: (.whole(system.system), system.system)
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
        return touched
    }

    /// Of a list, only what comes or goes: somebody else's entries are not touched.
    private func shown(_ touch: Touch, _ value: (now: [String], after: [String])) -> (before: [String], after: [String]) {
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
                parents: [.system(system.system)])
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

    // MARK: The graph

    /// The facts that the effects come to.
    private func change(_ read: Read, _ target: NodeID) -> Step {
        let present = surroundings(read)
        var (adds, removes): (Set<NamedFact>, Set<NamedFact>) = ([], [])
        for effect in operation.effects where holds(effect.when) {
            switch effect.act {
            case .adds(let relation, let first, let second): adds.formUnion(facts(relation, first, second, read, target))
            case .removes(let relation, let first, let second):
                removes.formUnion(facts(relation, first, second, read, target))
            case .replaces(let relation, let of, let with):
                let new = with.map { facts(relation, of, $0, read, target) } ?? []
                let owners = Set(nodes(of, read, target))
                removes.formUnion(
                    present.filter { $0.relation == relation && $0.subjectNode.map(owners.contains) == true }.subtracting(new))
                adds.formUnion(new)
            case .deletes(let end):
                let gone = Set(nodes(end, read, target))
                removes.formUnion(
                    present.filter { fact in
                        [fact.subjectNode, fact.objectNode].contains { $0.map(gone.contains) == true }
                    })
            case .sets, .creates, .upserts, .mints, .shows, .computed, .opaque: break
            }
        }
        return Step(adds: adds.sorted(), removes: removes.sorted())
    }

    private func holds(_ condition: Guard) -> Bool {
        switch condition {
        case .always: true
        case .present(let name): input.has(name)
        case .equals(let name, let value): input.json[name] == value
        }
    }

    private func nodes(_ end: End, _ read: Read, _ target: NodeID) -> [NodeID] {
        switch end {
        case .target, .created: [target]
        case .input(let name), .each(let name):
            name == operation.target.input ? [target] : (read.named[name] ?? []).map(\.node)
        case .system: [.whole(system.system)]
        case .author: []
        }
    }

    private func facts(_ relation: String, _ first: End, _ second: End?, _ read: Read, _ target: NodeID) -> Set<NamedFact> {
        var found: Set<NamedFact> = []
        for one in nodes(first, read, target) {
            guard let second else {
                found.insert(NamedFact(relation, one))
                continue
            }
            for other in nodes(second, read, target) { found.insert(NamedFact(relation, one, other)) }
        }
        return found
    }

    // MARK: Carrying out, and looking again

    /// - Throws: `ConnectorError`: `unavailable` when nobody knows whether it came about.
    func send(_ read: Read, _ plan: Plan, as lease: String) async throws(ConnectorError) -> Disclosure? {
        let password = ReadablePassword.make { .random(in: 0...255) }
        let values = Values { source in
            switch source {
            case .input(let name): input.json[name]
            case .current(let pointer): read.target.flatMap { pointer.find(in: $0.document) }
            case .before(let name): read.values[name].map { .array($0.now.map(JSONValue.string)) }
            case .after(let name): read.values[name].map { .array($0.after.map(JSONValue.string)) }
            case .generated: .string(password)
            case .id, .token: nil
            }
        }
        var request: FilledRequest
        do { request = try step.request.filled(values) } catch {
            throw ConnectorError(.invalid, "the request can't be made: \(error)")
        }
        if step.usesETag, let etag = read.target?.etag { request.headers.append(("If-Match", etag)) }
        let answer = try await system.settings.access.write(request, as: lease)
        if let at = step.discloses, let secret = answer.json.flatMap({ at.find(in: $0) })?.texts.first {
            return Disclosure(label: "new credential of \(plan.targetName)", value: secret)
        }
        return step.request.sources.contains(.generated)
            ? Disclosure(label: "new password of \(plan.targetName)", value: password) : nil
    }

    func observe(_ plan: Plan) async throws(ConnectorError) -> Observation {
        let target = try await operation.target.kind.flatMap { kind in
            operation.target.input.flatMap { input[$0] }.map { (kind, $0) }
        }.asyncFlatMap { kind, name throws(ConnectorError) in try await reader.fetch(kind, name) }
        var touched: [TouchedValue] = []
        for value in plan.touched {
            let now = try await present(value, target, plan)
            touched.append(
                TouchedValue(
                    entity: value.entity, name: value.name, attribute: value.attribute, before: value.before, after: now))
        }
        return Observation(touched: touched, isOurs: nil, isAttributable: false)
    }

    private func present(_ value: TouchedValue, _ target: Thing?, _ plan: Plan) async throws(ConnectorError) -> [String] {
        if value.attribute == TouchedValue.whole { return target == nil ? [] : ["present"] }
        guard let touch = step.touches.first(where: { $0.name == value.attribute }) else { return [] }
        if target == nil, operation.target != .system { return [] }
        switch touch.new {
        // It can't be read back: what was acknowledged is taken for done.
        case .hidden: return value.after
        case .set, .clear: return try await document(touch, target).flatMap { touch.at.find(in: $0) }?.texts ?? []
        case .add, .remove:
            let now = try await document(touch, target).flatMap { touch.at.find(in: $0) }?.texts ?? []
            return now.filter(Set(value.before + value.after).contains)
        }
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

extension Optional {
    fileprivate func asyncFlatMap<T>(_ transform: (Wrapped) async throws(ConnectorError) -> T?) async throws(ConnectorError) -> T?
    {
        guard let self else { return nil }
        return try await transform(self)
    }
}
