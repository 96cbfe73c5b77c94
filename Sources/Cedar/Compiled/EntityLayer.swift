public import StrictJSON

/// Entities that many requests are decided over, each with its own besides: checked for cycles, closed and prepared once.
public struct SharedEntities: Sendable {
    public let entities: Entities
    let store: EntityStore
    private let over: @Sendable ([Entity]) throws(Entities.Failure) -> Entities

    /// Makes them ready for these policies, and no others.
    public init(_ entities: Entities, for policies: CompiledPolicies) {
        self.entities = entities
        store = policies.store(entities)
        over = entities.base()
    }

    /// These with those of one request. It takes no longer for how many these are.
    ///
    /// - Throws: ``Entities/Failure`` when one differs from another with its uid, or would be its own ancestor.
    public func layer(_ own: [Entity]) throws(Entities.Failure) -> EntityLayer { EntityLayer(try over(own), over: store) }
}

/// Decides again and again over one layer in one context, which is made ready once. Not shared: one at a time decides.
public final class LayerDecider {
    private let policies: CompiledPolicies
    private let layer: EntityLayer
    private let workspace = Workspace()
    private let context: Cell

    /// The policies must be those that the layer's store was made for.
    public init(_ policies: CompiledPolicies, _ layer: EntityLayer, context: [ExactString: Value]) {
        precondition(layer.store.policies === policies, "a layer is for the policies that its store was made for")
        (self.policies, self.layer) = (policies, layer)
        workspace.reset(policies: policies.policies.count, stackHeight: policies.stackHeight)
        self.context = workspace.record(context, layer.symbols)
        workspace.keep()
    }

    public func authorize(_ principal: EntityUID, _ action: EntityUID, _ resource: EntityUID) -> Response {
        workspace.reset(policies: policies.policies.count, stackHeight: policies.stackHeight)
        return layer.withPointers {
            policies.decide(principal, action, resource, context, layer.store, layer.symbols, $0, workspace)
        }
    }
}

/// The entities of one request over those that many share, prepared for one compiled policy set.
public struct EntityLayer: Sendable {
    /// All of them.
    public let entities: Entities
    let store: EntityStore
    private(set) var symbols: Symbols
    /// Of the entities numbered here.
    private(set) var rows: [EntityStore.Row] = []
    /// Of entities that the policies, or the entities below, only name.
    private(set) var named: [Int32: EntityStore.Row] = [:]
    private(set) var pool = Pool(tier: .layer)
    private(set) var ancestors = AncestorLists()

    fileprivate init(_ entities: Entities, over store: EntityStore) {
        self.entities = entities
        self.store = store
        symbols = Symbols(over: store.symbols)
        for entity in entities.own { add(entity, entities.ancestors(of: entity.uid)) }
    }

    private mutating func add(_ entity: Entity, _ above: Set<EntityUID>) {
        let symbol = symbols.entity(entity.uid)
        var row = EntityStore.Row(exists: true, tier: .layer)
        row.attributes = pool.record(entity.attributes, &symbols)
        row.tags = pool.record(entity.tags, &symbols)
        row.above = ancestors.add(above, &symbols)
        if symbol < symbols.firstEntity {
            named[symbol] = row
        } else {
            while rows.count < symbols.entityCount - symbols.firstEntity { rows.append(EntityStore.Row()) }
            rows[Int(symbol - symbols.firstEntity)] = row
        }
    }
}
