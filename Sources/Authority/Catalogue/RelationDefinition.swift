import StrictJSON

/// A relation of a kind of system: what its facts are about, and how policy and the graph take them.
public struct RelationDefinition: Hashable, Sendable {
    /// How policy sees the relation's facts on an entity.
    public enum Projection: Hashable, Sendable {
        case none
        /// The entity is `in` what stands second.
        ///
        /// - Parameters:
        ///   - up: what a reader finds those under that the entity is directly in.
        ///   - down: what a reader finds those under that are directly in it.
        ///   - below: the same, with those by way of others.
        case parent(up: String, down: String, below: String)
        /// A Boolean attribute says whether the fact is there, or, negated, whether it is not.
        case mirrors(String, negated: Bool)
    }

    /// Where the relation's facts come from.
    public enum Origin: String, Sendable {
        /// The backend shows them: a reading replaces them.
        case backend
        /// Who chose a credential (first the account, then who chose it). Only the gateway knows, and it stays true.
        case credential
        /// Something that was created took a name (first what was created, then the name).
        case naming
        /// An attribute's value was set (first the entity, then the attribute).
        case setting
    }

    /// Another fact that one of the relation may follow from: `relation(x, y)` may follow from `cause(x, m)` where `through(m, y)`
    /// was there already, or `through(y, m)` when it is reversed. A group in a group brings its members along.
    public struct Consequence: Hashable, Sendable {
        public let cause: String
        public let through: String
        public let isReversed: Bool

        public init(of cause: String, through: String, isReversed: Bool = false) {
            self.cause = cause
            self.through = through
            self.isReversed = isReversed
        }
    }

    /// Qualified by its kind, or by the family of kinds that share it: `directory.member`.
    public let name: String
    /// The kinds that may stand first.
    public let from: [String]
    /// The kinds that may stand second; empty for a fact about one entity.
    public let to: [String]
    /// Whether it keeps somebody from something, so that taking it away gives.
    public let isRestriction: Bool
    public let projection: Projection
    public let origin: Origin
    /// How sensitive its facts are, beyond seeing both ends.
    public let sensitivity: Sensitivity
    public let follows: [Consequence]
    /// Whether what stands second holds the fact: a group holds its members.
    public let isHeldBySecond: Bool

    public init(
        _ name: String, from: [String], to: [String] = [], isRestriction: Bool = false, projection: Projection = .none,
        origin: Origin = .backend, sensitivity: Sensitivity = .public, follows: [Consequence] = [], isHeldBySecond: Bool = false
    ) {
        self.name = name
        self.from = from
        self.to = to
        self.isRestriction = isRestriction
        self.projection = projection
        self.origin = origin
        self.sensitivity = sensitivity
        self.follows = follows
        self.isHeldBySecond = isHeldBySecond
    }

    /// Its name without its kind's, as touched values and configuration write it.
    public var localName: String { Self.localName(of: name) }

    static func localName(of name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }

    var isParent: Bool { names != nil }

    /// What a reader finds others under, of a relation by which something is in something.
    public var names: (up: String, down: String, below: String)? {
        if case .parent(let up, let down, let below) = projection { (up, down, below) } else { nil }
    }

    /// The attribute that mirrors it.
    var mirror: (attribute: String, isNegated: Bool)? {
        if case .mirrors(let attribute, let isNegated) = projection { (attribute, isNegated) } else { nil }
    }

    var definition: JSONValue {
        [
            "name": .string(name), "from": .array(from.map(JSONValue.string)), "to": .array(to.map(JSONValue.string)),
            "restriction": .bool(isRestriction), "origin": .string(origin.rawValue),
            "sensitivity": .string(sensitivity.rawValue),
            "mirrors": mirror.map { ["attribute": .string($0.attribute), "negated": .bool($0.isNegated)] } ?? .null,
            "parent": .bool(isParent),
        ]
    }
}
