import StrictJSON

/// Entities prepared for one compiled policy set: built once, updated in place, with all ancestors at hand.
///
/// A value type: what is being decided over does not change under a decision.
public struct EntityStore: Sendable {
    /// What is known of one entity symbol.
    struct Row {
        var exists = false
        var attributes = Span()
        var tags = Span()
        /// Sorted symbols, in `ancestors`.
        var above = Span()
        /// Whose pools these lie in.
        var tier = Cell.Tier.store
        /// How much of the pools it takes, what its values are made of included.
        var size = 0
    }

    private(set) var symbols: Symbols
    private(set) var rows: [Row] = []
    private(set) var pool = Pool(tier: .store)
    private(set) var ancestors = AncestorLists()
    private var entities: [EntityUID: Entity] = [:]
    private var members: [EntityUID: Set<EntityUID>] = [:]
    /// Places in the pools that nothing refers to any more.
    private var wasted = 0
    /// Whose symbols these are.
    let policies: CompiledPolicies

    init(_ policies: CompiledPolicies, _ initial: Entities) {
        self.policies = policies
        symbols = policies.symbols
        for entity in initial.all { add(entity, initial.ancestors(of: entity.uid)) }
    }

    /// All entities, in the order of their uids.
    public var all: [Entity] { entities.keys.sorted().compactMap { entities[$0] } }

    /// Adds an entity, or puts it in the place of the one with its uid.
    ///
    /// - Throws: ``Entities/Failure`` when it would be its own ancestor; the store is then as before.
    public mutating func update(_ entity: Entity) throws(Entities.Failure) {
        guard !above(entity.uid, parents: entity.parents).contains(entity.uid) else { throw .cycle(entity.uid) }
        add(entity, above(entity.uid, parents: entity.parents))
        refresh(below: entity.uid)
        compactIfWasteful()
    }

    public mutating func remove(_ uid: EntityUID) {
        guard let old = entities.removeValue(forKey: uid), let symbol = symbols.known(uid) else { return }
        for parent in old.parents { members[parent]?.remove(uid) }
        wasted += rows[Int(symbol)].size
        rows[Int(symbol)] = Row()
        refresh(below: uid)
        compactIfWasteful()
    }

    private mutating func add(_ entity: Entity, _ above: Set<EntityUID>) {
        if let old = entities.updateValue(entity, forKey: entity.uid) {
            for parent in old.parents { members[parent]?.remove(entity.uid) }
        }
        for parent in entity.parents { members[parent, default: []].insert(entity.uid) }
        let symbol = Int(symbols.entity(entity.uid))
        let before = poolSize
        var row = Row(exists: true)
        row.attributes = pool.record(entity.attributes, &symbols)
        row.tags = pool.record(entity.tags, &symbols)
        row.above = ancestors.add(above, &symbols)
        row.size = poolSize - before
        while rows.count < symbols.entityCount { rows.append(Row()) }
        wasted += rows[symbol].size
        rows[symbol] = row
    }

    private var poolSize: Int { pool.fields.count + pool.cells.count + pool.addresses.count + ancestors.symbols.count }

    /// Everything above an entity that has these parents, found without recursion.
    private func above(_ uid: EntityUID, parents: Set<EntityUID>) -> Set<EntityUID> {
        var (found, waiting) = (parents, Array(parents))
        while let next = waiting.popLast() {
            for parent in entities[next]?.parents ?? [] where found.insert(parent).inserted { waiting.append(parent) }
        }
        return found
    }

    /// Finds the ancestors of everything below an entity anew.
    private mutating func refresh(below uid: EntityUID) {
        var (seen, waiting) = (Set([uid]), [uid])
        while let next = waiting.popLast() {
            for member in members[next] ?? [] where seen.insert(member).inserted {
                waiting.append(member)
                guard let entity = entities[member], let symbol = symbols.known(member) else { continue }
                let old = rows[Int(symbol)].above
                let new = ancestors.add(above(member, parents: entity.parents), &symbols)
                wasted += Int(old.count)
                rows[Int(symbol)].above = new
                rows[Int(symbol)].size += Int(new.count - old.count)
                while rows.count < symbols.entityCount { rows.append(Row()) }
            }
        }
    }

    /// Builds all anew when more than half of the pools is waste.
    private mutating func compactIfWasteful() {
        guard wasted > 1024, wasted * 2 > poolSize else { return }
        let (all, old) = (all, self)
        (symbols, rows, pool, ancestors, entities, members, wasted) = (
            policies.symbols, [], Pool(tier: .store), AncestorLists(), [:], [:], 0
        )
        for entity in all { add(entity, old.above(entity.uid, parents: entity.parents)) }
    }
}
