public import StrictJSON

/// Something that an effect is about.
public enum End: Hashable, Sendable {
    /// What the operation acts on.
    case target
    /// What an input names.
    case input(String)
    /// Each that a list input names.
    case each(String)
    /// What the operation creates.
    case created
    /// Whoever asked for it: all agents together, where an agent did.
    case author
    case system
}

/// When an effect comes about, as far as the input tells. The look ahead takes every guard as true.
public enum Guard: Hashable, Sendable {
    case always
    case present(String)
    case equals(String, JSONValue)

    public static func == (a: Guard, b: Guard) -> Bool { a.definition == b.definition }
    public func hash(into hasher: inout Hasher) { hasher.combine(JSONWriter.canonical(definition)) }

    var definition: JSONValue {
        switch self {
        case .always: .null
        case .present(let input): ["present": .string(input)]
        case .equals(let input, let value): ["input": .string(input), "equals": value]
        }
    }
}

/// What an attribute is set to.
public enum NewValue: Hashable, Sendable {
    /// To an input's value; cleared when it is absent.
    case input(String)
    case text(String)
    case boolean(Bool)
    /// To something that is made up on the way.
    case generated
    case unknown
}

/// Who gets a credential.
public enum Holder: String, Sendable {
    /// Whoever asked: agents, and the person they act for.
    case author
    /// A person who is shown it: whoever approves, or asks for it.
    case person
}

/// What a plan may come to whose facts it computes itself: from a document, or from what is there.
public struct Bound: Hashable, Sendable {
    /// The relations whose facts it may add.
    public let adds: [String]
    /// The relations whose facts it may take away.
    public let removes: [String]
    /// The kinds that may stand at their ends.
    public let kinds: [String]
    public let attributes: [String]
    public let creates: [String]
    public let deletes: [String]

    public init(
        adds: [String] = [], removes: [String] = [], kinds: [String] = [], attributes: [String] = [], creates: [String] = [],
        deletes: [String] = []
    ) {
        self.adds = adds
        self.removes = removes
        self.kinds = kinds
        self.attributes = attributes
        self.creates = creates
        self.deletes = deletes
    }
}

/// One thing that an operation does.
public enum Act: Hashable, Sendable {
    /// A fact of the relation comes about.
    case adds(String, End, End? = nil)
    /// A fact of the relation goes.
    case removes(String, End, End? = nil)
    /// All facts of the relation that have `of` first go, and one with `with` comes about.
    case replaces(String, of: End, with: End?)
    case sets(String, of: End, to: NewValue)
    /// One of that kind comes to be, under the name that an input gives.
    case creates(String, named: String)
    /// One of that kind comes to be, or is changed if the name is there.
    case upserts(String, named: String)
    case deletes(End)
    /// A credential is made, by the relation of that name.
    case mints(String, of: End, to: Holder)
    /// A credential that is there is shown.
    case shows(String, of: End, to: Holder)
    /// What the plan says, within bounds.
    case computed(Bound)
    /// Nobody can tell: it may be anything.
    case opaque
}

extension Act {
    /// What it is about.
    var ends: [End] {
        switch self {
        case .adds(_, let first, let second), .removes(_, let first, let second): [first, second].compactMap { $0 }
        case .replaces(_, let of, let with): [of, with].compactMap { $0 }
        case .sets(_, let of, _), .deletes(let of), .mints(_, let of, _), .shows(_, let of, _): [of]
        case .creates, .upserts, .computed, .opaque: []
        }
    }
}

/// One effect of an operation: what it does, and when.
public struct Effect: Hashable, Sendable {
    public let act: Act
    public let when: Guard

    public init(_ act: Act, when: Guard = .always) {
        self.act = act
        self.when = when
    }
}

// MARK: As the operation's definition

extension End {
    var text: String {
        switch self {
        case .target: "target"
        case .input(let name): "input \(name)"
        case .each(let name): "each \(name)"
        case .created: "created"
        case .author: "author"
        case .system: "system"
        }
    }

    fileprivate var json: JSONValue { .string(text) }
}

extension NewValue {
    fileprivate var json: JSONValue {
        switch self {
        case .input(let name): ["input": .string(name)]
        case .text(let text): ["text": .string(text)]
        case .boolean(let value): ["boolean": .bool(value)]
        case .generated: "generated"
        case .unknown: "unknown"
        }
    }
}

extension Bound {
    fileprivate var json: JSONValue {
        func names(_ all: [String]) -> JSONValue { .array(all.map(JSONValue.string)) }
        return [
            "adds": names(adds), "removes": names(removes), "kinds": names(kinds), "attributes": names(attributes),
            "creates": names(creates), "deletes": names(deletes),
        ]
    }
}

extension Act {
    fileprivate var json: JSONValue {
        func fact(_ verb: String, _ relation: String, _ ends: [End?]) -> JSONValue {
            [.string(verb), .string(relation), .array(ends.map { $0?.json ?? .null })]
        }
        return switch self {
        case .adds(let relation, let first, let second): fact("adds", relation, [first, second])
        case .removes(let relation, let first, let second): fact("removes", relation, [first, second])
        case .replaces(let relation, let of, let with): fact("replaces", relation, [of, with])
        case .sets(let attribute, let of, let value): ["sets", .string(attribute), of.json, value.json]
        case .creates(let kind, let input): ["creates", .string(kind), .string(input)]
        case .upserts(let kind, let input): ["upserts", .string(kind), .string(input)]
        case .deletes(let end): ["deletes", end.json]
        case .mints(let relation, let of, let holder): ["mints", .string(relation), of.json, .string(holder.rawValue)]
        case .shows(let relation, let of, let holder): ["shows", .string(relation), of.json, .string(holder.rawValue)]
        case .computed(let bound): ["computed", bound.json]
        case .opaque: ["opaque"]
        }
    }
}

extension Effect {
    var definition: JSONValue { ["act": act.json, "when": when.definition] }
}
