public import StrictJSON

/// How an entity is known in its system.
public enum NodeKey: Hashable, Sendable {
    /// By its immutable id.
    case id(ExactString)
    /// By the name under which a plan would create it: it has no id yet.
    case new(ExactString)

    static let newPrefix = "new:"

    /// As ids of Cedar and the graph write it: one text for each key, and none for two.
    public var text: String {
        switch self {
        case .new(let name): Self.newPrefix + name.string
        case .id(let id):
            id.string.utf8.starts(with: Self.newPrefix.utf8) || id.string.utf8.first == UInt8(ascii: "=")
                ? "=" + id.string : id.string
        }
    }

    public init(text: String) {
        if text.utf8.starts(with: Self.newPrefix.utf8) {
            self = .new(ExactString(String(text.utf8.dropFirst(Self.newPrefix.utf8.count)) ?? ""))
        } else {
            self = .id(ExactString(text.utf8.first == UInt8(ascii: "=") ? String(text.utf8.dropFirst()) ?? "" : text))
        }
    }
}

/// A node of the reach graph: something of a system, or of the gateway itself.
public struct NodeID: Hashable, Sendable, Comparable {
    /// The system's name, or ``gateway``.
    public let system: String
    /// A kind of the system's catalogue, or one of those below.
    public let kind: String
    public let key: NodeKey
    /// As the graph and stored steps write it: `corp:group:g-8`. One text for each node, and none for two, as neither a system nor
    /// a kind has a colon in its name; what follows the second is the key, whatever is in it.
    public let text: String

    /// - Parameters:
    ///   - system: has no colon.
    ///   - kind: has no colon.
    public init(system: String, kind: String, _ key: NodeKey) {
        self.system = system
        self.kind = kind
        self.key = key
        text = "\(system):\(kind):\(key.text)"
    }

    public init(system: String, kind: String, id: String) { self.init(system: system, kind: kind, .id(ExactString(id))) }

    /// The node of that text; nil when it is none's.
    public init?(text: String) {
        let parts = text.utf8.split(separator: Self.colon, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let system = String(parts[0]), let kind = String(parts[1]), let key = String(parts[2]) else {
            return nil
        }
        self.init(system: system, kind: kind, NodeKey(text: key))
    }

    public static func == (a: NodeID, b: NodeID) -> Bool { ExactString(a.text) == ExactString(b.text) }
    public static func < (a: NodeID, b: NodeID) -> Bool { ExactString(a.text) < ExactString(b.text) }
    public func hash(into hasher: inout Hasher) { hasher.combine(ExactString(text)) }

    /// Whether it is the text of something that a plan would create.
    public static func isNew(text: String) -> Bool {
        let key = text.utf8.drop { $0 != colon }.dropFirst().drop { $0 != colon }.dropFirst()
        return key.starts(with: NodeKey.newPrefix.utf8)
    }

    private static let colon = UInt8(ascii: ":")

    public var isNew: Bool { if case .new = key { true } else { false } }

    // MARK: Nodes of no catalogue

    /// What the gateway's own nodes have for a system.
    public static let gateway = "exequatur"

    /// A node of the gateway's own.
    public init(own kind: String, _ id: String) { self.init(system: Self.gateway, kind: kind, id: id) }

    /// A system as a whole: whoever may do anything to it has it.
    public static func whole(_ system: String) -> NodeID { NodeID(system: system, kind: "system", id: system) }

    static let attributeKind = "attribute"
    public static let nameKind = "name"

    /// The kinds that no catalogue may have.
    public static let reserved: Set<String> = [
        attributeKind, nameKind, "system", "workload", "person", "coalition", "route", "secret", LookAhead.standInKind,
    ]

    /// An attribute, whichever way it is spelt.
    public static func attribute(_ name: String, of system: String) -> NodeID {
        NodeID(system: system, kind: attributeKind, id: name.lowercased())
    }

    /// Any attribute at all: what a group looks at that chooses by something that can't be told.
    public static func anyAttribute(of system: String) -> NodeID { attribute("*", of: system) }

    public var isAttribute: Bool { kind == Self.attributeKind && system != Self.gateway }

    /// A name in a system that nobody has: whoever gets it gets what waits for it.
    public static func name(_ name: String, in system: String) -> NodeID { NodeID(system: system, kind: nameKind, id: name) }
}
