public import StrictJSON

/// A value of which not everything is known.
public indirect enum PartialValue: Sendable {
    case known(Value)
    /// Not known. With its type, more can be told about what it is used for; `isPresent` says that an attribute of that
    /// name is there, whatever it holds.
    case unknown(CedarType?, isPresent: Bool)
    case record([ExactString: PartialValue])

    /// Something of that type, or of any, that is there.
    public static func unknown(_ type: CedarType? = nil) -> PartialValue { .unknown(type, isPresent: true) }
}

/// Who or what is asked about, when it may not be known yet.
public enum PartialEntityUID: Sendable {
    case known(EntityUID)
    /// Some entity; of this type, where that is known.
    case unknown(EntityType?)
}

/// A request of which not everything is known.
public struct PartialRequest: Sendable {
    public var principal: PartialEntityUID
    public var action: EntityUID
    public var resource: PartialEntityUID
    public var context: PartialValue

    public init(principal: PartialEntityUID, action: EntityUID, resource: PartialEntityUID, context: PartialValue) {
        self.principal = principal
        self.action = action
        self.resource = resource
        self.context = context
    }

    /// A request of which all is known but these attributes of the context.
    public init(_ request: Request, unknown: [ExactString: CedarType?]) {
        var members = request.context.mapValues { PartialValue.known($0) }
        for (name, type) in unknown { members[name] = .unknown(type) }
        self.init(
            principal: .known(request.principal), action: request.action, resource: .known(request.resource),
            context: .record(members))
    }
}

/// An entity of which not everything is known.
public struct PartialEntity: Sendable {
    public let uid: EntityUID
    public var attributes: PartialValue
    public var tags: PartialValue
    /// Nil when they are not known.
    public var parents: Set<EntityUID>?

    public init(_ uid: EntityUID, attributes: PartialValue, tags: PartialValue = .known(.record([:])), parents: Set<EntityUID>?) {
        self.uid = uid
        self.attributes = attributes
        self.tags = tags
        self.parents = parents
    }
}

/// Entities, some of them known in part. One that is in neither is known not to exist.
public struct PartialEntities: Sendable {
    let known: Entities
    let partial: [EntityUID: PartialEntity]

    public init(_ known: Entities, partial: [PartialEntity] = []) {
        self.known = known
        self.partial = Dictionary(partial.map { ($0.uid, $0) }, uniquingKeysWith: { $1 })
    }

    /// Whether an entity is another or below it; nil when that can't be told.
    func isMember(_ uid: EntityUID, of group: EntityUID) -> Bool? {
        if partial.isEmpty { return known.isMember(uid, of: group) }
        var (seen, waiting, isSure) = (Set([uid]), [uid], true)
        while let next = waiting.popLast() {
            if next == group { return true }
            let parents = partial[next].map { $0.parents } ?? known[next]?.parents ?? []
            guard let parents else {
                isSure = false
                continue
            }
            for parent in parents where seen.insert(parent).inserted { waiting.append(parent) }
        }
        return isSure ? false : nil
    }
}
