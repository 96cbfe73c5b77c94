import StrictJSON

/// A policy set made ready to decide fast: names, ids and strings interned, policies flat, and an index over what they ask
/// for. Its answers are exactly those of the definition (`authorizePlainly`): same decision, same
/// reasons, same errors; only policies that can't apply and can't err are passed over.
public final class CompiledPolicies: Sendable {
    /// The ids, sorted: a policy is known by its place here.
    let ids: [String]
    let policies: [CompiledPolicy]
    let symbols: Symbols
    let pool: Pool
    let constants: [Cell]
    let code: [Instruction]
    let actions: [Int32]
    let patterns: [Pattern]
    let shapes: [[(name: Int32, position: Int32)]]
    let index: PolicyIndex
    let stackHeight: Int

    public init(_ set: PolicySet) {
        let sorted = set.policies.sorted { ExactString($0.id) < ExactString($1.id) }
        var compiler = PolicyCompiler()
        var terms: [[[PolicyIndex.Term]]] = []
        var compiled: [CompiledPolicy] = []
        for policy in sorted {
            compiled.append(compiler.compile(policy))
            terms.append(compiler.terms(policy, compiled[compiled.count - 1]))
        }
        (ids, policies) = (sorted.map(\.id), compiled)
        (symbols, pool, constants, code) = (compiler.symbols, compiler.pool, compiler.constants, compiler.code)
        (actions, patterns, shapes) = (compiler.actions, compiler.patterns, compiler.shapes)
        stackHeight = compiler.stackHeight
        index = PolicyIndex(terms, entities: Int(symbols.entityCount), strings: Int(symbols.stringCount))
    }

    /// How many policies there are.
    public var count: Int { policies.count }

    /// Whether a policy names the entity.
    public func names(_ uid: EntityUID) -> Bool { symbols.known(uid) != nil }

    /// The entities, prepared for these policies. To be used with them alone; with others it traps.
    public func store(_ entities: Entities) -> EntityStore { EntityStore(self, entities) }

    /// Decides over entities prepared by ``store(_:)``.
    ///
    /// With a workspace that is reused from one call to the next, this allocates for the reasons and errors only.
    public func authorize(_ request: Request, in store: borrowing EntityStore, _ workspace: Workspace = Workspace()) -> Response {
        precondition(store.policies === self, "a store is for the policies that made it: its symbols mean nothing to others")
        return decide(request, store, store.symbols, LayerPointers(), workspace)
    }

    private func decide(
        _ request: Request, _ store: borrowing EntityStore, _ symbols: Symbols, _ layer: LayerPointers, _ workspace: Workspace
    ) -> Response {
        workspace.reset(policies: policies.count, stackHeight: stackHeight)
        let context = workspace.record(request.context, symbols)
        return decide(request.principal, request.action, request.resource, context, store, symbols, layer, workspace)
    }

    func decide(
        _ principal: EntityUID, _ action: EntityUID, _ resource: EntityUID, _ context: Cell, _ store: borrowing EntityStore,
        _ symbols: Symbols, _ layer: LayerPointers, _ workspace: Workspace
    ) -> Response {
        let store = copy store
        return withMachine(store, layer, workspace) { machine in
            machine.principal = .entity(workspace.entity(principal, symbols))
            machine.action = .entity(workspace.entity(action, symbols))
            machine.resource = .entity(workspace.entity(resource, symbols))
            machine.context = context
            var deciding = Deciding(machine)
            deciding.run()
            return deciding.response()
        }
    }

    /// Borrows all memory that running needs for the time of one request.
    private func withMachine(
        _ store: borrowing EntityStore, _ layer: LayerPointers, _ workspace: Workspace, _ body: (inout Machine) -> Response
    ) -> Response {
        code.withUnsafeBufferPointer { code in
            constants.withUnsafeBufferPointer { constants in
                pool.cells.withUnsafeBufferPointer { policyCells in
                    pool.fields.withUnsafeBufferPointer { policyFields in
                        store.withUnsafePointers { rows, cells, fields, ancestors, types, whole in
                            var machine = Machine(
                                policies: self, code: code.start, constants: constants.start, policyCells: policyCells.start,
                                policyFields: policyFields.start, rows: rows, storeCells: cells.start, storeFields: fields.start,
                                ancestors: ancestors.start, types: types, store: whole, layer: layer, workspace: workspace)
                            return body(&machine)
                        }
                    }
                }
            }
        }
    }
}

/// What a machine reads of a layer: places in memory that the layer lends for the time of one request.
struct LayerPointers {
    /// Nil where there is no layer.
    var whole: UnsafePointer<EntityLayer>?
    private var rows = UnsafeBufferPointer<EntityStore.Row>(start: nil, count: 0)
    private(set) var cells = UnsafeBufferPointer<Cell>(start: nil, count: 0).start
    private(set) var fields = UnsafeBufferPointer<Field>(start: nil, count: 0).start
    private(set) var ancestors = UnsafeBufferPointer<Int32>(start: nil, count: 0).start

    init() {}

    /// For addresses, which are rare. A cell of a layer comes from one.
    var addresses: [IPAddress] { whole?.pointee.pool.addresses ?? [] }

    fileprivate init(
        _ layer: UnsafePointer<EntityLayer>, _ rows: UnsafeBufferPointer<EntityStore.Row>, _ cells: UnsafeBufferPointer<Cell>,
        _ fields: UnsafeBufferPointer<Field>, _ ancestors: UnsafeBufferPointer<Int32>
    ) {
        whole = layer
        self.rows = rows
        (self.cells, self.fields, self.ancestors) = (cells.start, fields.start, ancestors.start)
    }

    func row(_ entity: Int32) -> EntityStore.Row {
        guard let whole else { return EntityStore.Row() }
        let first = whole.pointee.symbols.firstEntity
        if entity < first { return whole.pointee.named[entity] ?? EntityStore.Row() }
        return entity - first < rows.count ? rows[Int(entity - first)] : EntityStore.Row()
    }
}

extension EntityLayer {
    borrowing func withPointers(_ body: (LayerPointers) -> Response) -> Response {
        withUnsafePointer(to: self) { whole in
            rows.withUnsafeBufferPointer { rows in
                pool.cells.withUnsafeBufferPointer { cells in
                    pool.fields.withUnsafeBufferPointer { fields in
                        ancestors.symbols.withUnsafeBufferPointer { body(LayerPointers(whole, rows, cells, fields, $0)) }
                    }
                }
            }
        }
    }
}

extension UnsafeBufferPointer {
    /// Where it starts. An empty one may have no address; then nothing is ever read there.
    fileprivate var start: UnsafePointer<Element> {
        guard let start = baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Element>.alignment) else {
            preconditionFailure("an alignment is never zero")
        }
        return start
    }
}

extension EntityStore {
    borrowing func withUnsafePointers<Result>(
        _ body: (
            UnsafeBufferPointer<Row>, UnsafeBufferPointer<Cell>, UnsafeBufferPointer<Field>, UnsafeBufferPointer<Int32>,
            UnsafeBufferPointer<Int32>, UnsafePointer<EntityStore>
        ) -> Result
    ) -> Result {
        withUnsafePointer(to: self) { whole in
            rows.withUnsafeBufferPointer { rows in
                pool.cells.withUnsafeBufferPointer { cells in
                    pool.fields.withUnsafeBufferPointer { fields in
                        ancestors.symbols.withUnsafeBufferPointer { ancestors in
                            symbols.types.withUnsafeBufferPointer { body(rows, cells, fields, ancestors, $0, whole) }
                        }
                    }
                }
            }
        }
    }
}

/// One request being decided.
private struct Deciding {
    private let machine: Machine
    private let policies: CompiledPolicies
    private let workspace: Workspace
    private var errors: [(policy: Int32, error: EvaluationError)] = []
    private var permits = 0
    private var forbids = 0

    init(_ machine: Machine) {
        self.machine = machine
        (policies, workspace) = (machine.policies, machine.workspace)
    }

    /// Runs every candidate. Nothing stops it early: reasons and errors must be complete.
    mutating func run() {
        let index = policies.index
        consider(index.always)
        look(machine.principal.index, index.principals)
        look(machine.resource.index, index.resources)
        look(machine.action.index, index.actions)
        lookType(machine.principal.index, index.principalTypes)
        lookType(machine.resource.index, index.resourceTypes)
        for table in index.paths { look(table) }
    }

    /// What stands under the entity and under what it is in. Symbols of the policies come first among those above it.
    private mutating func look(_ entity: Int32, _ spans: [Span]) {
        if entity < spans.count { consider(spans[Int(entity)]) }
        let row = machine.row(entity)
        let above = machine.above(row)
        for place in 0..<Int(row.above.count) {
            let ancestor = above[place]
            guard ancestor < spans.count else { break }
            consider(spans[Int(ancestor)])
        }
    }

    private mutating func lookType(_ entity: Int32, _ spans: [Span]) {
        let type = machine.type(entity)
        if type < spans.count { consider(spans[Int(type)]) }
    }

    private mutating func look(_ table: PolicyIndex.PathTable) {
        var cell: Cell
        switch table.path.variable {
        case .principal: cell = machine.principal
        case .resource: cell = machine.resource
        default: cell = machine.context
        }
        for name in table.path.names {
            do throws(Fault) { cell = try machine.attribute(name, of: cell) } catch { return consider(table.all) }
        }
        if let span = table.byValue[PolicyIndex.Key(cell)] { consider(span) }
    }

    private mutating func consider(_ span: Span) {
        guard span.count > 0 else { return }
        for place in Int(span.start)..<Int(span.end) {
            let number = policies.index.items[place]
            guard workspace.seen[Int(number)] != workspace.generation else { continue }
            workspace.seen[Int(number)] = workspace.generation
            evaluate(number)
        }
    }

    private mutating func evaluate(_ number: Int32) {
        let policy = policies.policies[Int(number)]
        guard matches(policy.principal, machine.principal.index), matches(policy.resource, machine.resource.index),
            matchesAction(policy)
        else { return }
        do throws(Fault) {
            guard try machine.run(policy.code) else { return }
            workspace.matched.append(number)
            if policy.isPermit { permits += 1 } else { forbids += 1 }
        } catch {
            errors.append((number, machine.error(error)))
        }
    }

    private func matches(_ scope: CompiledPolicy.Scope, _ entity: Int32) -> Bool {
        if scope.isNever { return false }
        if scope.type >= 0, machine.type(entity) != scope.type { return false }
        if scope.entity < 0 { return true }
        return scope.isExact ? scope.entity == entity : machine.isMember(entity, of: scope.entity)
    }

    private func matchesAction(_ policy: CompiledPolicy) -> Bool {
        if policy.anyAction { return true }
        for place in Int(policy.actions.start)..<Int(policy.actions.end) {
            let action = policies.actions[place]
            if machine.action.index == action { return true }
            if !policy.exactAction, machine.isMember(machine.action.index, of: action) { return true }
        }
        return false
    }

    mutating func response() -> Response {
        let allowed = forbids == 0 && permits > 0
        workspace.matched.sort(from: 0, count: workspace.matched.count) { $0 < $1 }
        var reasons: [String] = []
        reasons.reserveCapacity(allowed ? permits : forbids)
        for place in 0..<workspace.matched.count {
            let number = Int(workspace.matched[place])
            if policies.policies[number].isPermit == allowed { reasons.append(policies.ids[number]) }
        }
        let failures = errors.sorted { $0.policy < $1.policy }.map {
            Response.Failure(policy: policies.ids[Int($0.policy)], error: $0.error)
        }
        return Response(decision: allowed ? .allow : .deny, reasons: reasons, errors: failures)
    }
}
