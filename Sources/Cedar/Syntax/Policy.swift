public import StrictJSON

/// Whether a policy that applies gives or takes.
public enum Effect: String, Sendable { case permit, forbid }

/// What a policy's head asks of the principal or the resource.
enum ScopeConstraint: Sendable {
    case any
    case equal(EntityUID)
    case `in`(EntityUID)
    case `is`(EntityType)
    case isIn(EntityType, EntityUID)
}

/// What a policy's head asks of the action.
enum ActionConstraint: Sendable {
    case any
    case equal(EntityUID)
    case `in`([EntityUID])
}

/// A `when` or `unless` clause.
struct Condition: Sendable {
    let isUnless: Bool
    let body: Expression
}

/// One static policy.
public struct Policy: Sendable {
    public let id: String
    public let effect: Effect
    /// In the order written; a name without a value has the empty string.
    public let annotations: [(name: String, value: String)]
    /// The text it was read from.
    public let source: String
    public let position: SourcePosition
    /// Every entity, type and attribute that the text names, with its place.
    public let names: [NameUse]
    let principal: ScopeConstraint
    let action: ActionConstraint
    let resource: ScopeConstraint
    let conditions: [Condition]

    public func annotation(_ name: String) -> String? { annotations.first { $0.name == name }?.value }
}

/// A name that a policy uses, so that a loader can refuse names that do not exist.
public struct NameUse: Sendable {
    public enum Kind: Hashable, Sendable {
        case entity(EntityUID)
        case entityType(EntityType)
        case attribute(ExactString)
    }

    public let kind: Kind
    public let position: SourcePosition
}
