/// A fact about a system, by names: `member("ann", "staff")`.
public struct NamedFact: Hashable, Sendable, Comparable {
    public let relation: String
    public let subject: String
    /// Nil when the relation has one place.
    public let object: String?

    public init(_ relation: String, _ subject: String, _ object: String? = nil) {
        self.relation = relation
        self.subject = subject
        self.object = object
    }

    private var key: (ExactName, ExactName, ExactName) {
        (ExactName(relation), ExactName(subject), ExactName(object ?? ""))
    }

    public static func == (a: NamedFact, b: NamedFact) -> Bool { a.key == b.key && (a.object == nil) == (b.object == nil) }
    public static func < (a: NamedFact, b: NamedFact) -> Bool { a.key < b.key }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactName(subject))
        hasher.combine(object.map(ExactName.init))
    }
}

/// A name compared by its bytes: text that looks the same is not the same node.
struct ExactName: Hashable, Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: ExactName, b: ExactName) -> Bool {
        let (x, y) = (a.text.utf8, b.text.utf8)
        guard x.count == y.count else { return false }
        // As blocks of memory: names are compared at every step through the graph.
        let isSame = x.withContiguousStorageIfAvailable { x in
            y.withContiguousStorageIfAvailable { y in x.indices.allSatisfy { x[$0] == y[$0] } }
        }
        return (isSame ?? nil) ?? x.elementsEqual(y)
    }
    static func < (a: ExactName, b: ExactName) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
    static func areInOrder(_ a: String, _ b: String) -> Bool { ExactName(a) < ExactName(b) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// What can't be taken into a graph.
public struct GraphProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case unknownRelation = "reach.unknown_relation"
        case arity = "reach.arity"
        case dangling = "reach.dangling"
        case duplicateNode = "reach.duplicate_node"
        case limit = "reach.limit"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) [\(code.rawValue)]" }
}

/// A change of facts.
public struct Step: Hashable, Sendable {
    public var adds: [NamedFact]
    public var removes: [NamedFact]

    public init(adds: [NamedFact] = [], removes: [NamedFact] = []) {
        self.adds = adds
        self.removes = removes
    }

    public var isEmpty: Bool { adds.isEmpty && removes.isEmpty }
    public var reversed: Step { Step(adds: removes, removes: adds) }
}
