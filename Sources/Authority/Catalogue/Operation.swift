public import StrictJSON

/// What an operation does to the world: the path of the same name is what policy permits.
public enum Access: String, Sendable { case read, write }

/// Whether what was done can be undone.
public enum Reversibility: String, Sendable, CaseIterable, Comparable {
    case reversible, compensable, irreversible

    public static func < (a: Reversibility, b: Reversibility) -> Bool {
        allCases.firstIndex(of: a) ?? 0 < allCases.firstIndex(of: b) ?? 0
    }
}

/// How much it matters that somebody sees a value. `secret` never leaves.
public enum Sensitivity: String, Sendable, CaseIterable, Comparable {
    case `public`, `internal`, confidential, secret

    public static func < (a: Sensitivity, b: Sensitivity) -> Bool {
        allCases.firstIndex(of: a) ?? 0 < allCases.firstIndex(of: b) ?? 0
    }
}

/// The kinds of change that an operation makes, for policy to speak of (`action in …`).
public enum OperationClass: String, Sendable, CaseIterable {
    case membership, privilege, credential, secret, federation, lifecycle, destructive, profile
}

/// What an answer holds.
public enum AnswerShape: Hashable, Sendable {
    case none
    /// One entity of the kind; with a page of what is in it, where it holds others.
    case one(String, Page = Page())
    /// Entities of the kind that match.
    case list(String, Search)
    /// What the system answers, as it is.
    case document

    /// The inputs of a search by what they are for; nil for one that it does not have.
    public struct Search: Hashable, Sendable {
        /// Names the attribute that is compared: only what may be seen of it counts as a match.
        public let attribute: String?
        /// Names the attribute that is sorted by.
        public let sort: String?
        /// Says how many are given at most.
        public let limit: String?

        public init(attribute: String? = nil, sort: String? = nil, limit: String? = nil) {
            self.attribute = attribute
            self.sort = sort
            self.limit = limit
        }
    }

    /// The inputs of a page by what they are for.
    public struct Page: Hashable, Sendable {
        /// Says where the last page ended.
        public let after: String?
        /// Says how many are given at most.
        public let limit: String?

        public init(after: String? = nil, limit: String? = nil) {
            self.after = after
            self.limit = limit
        }
    }

    var definition: JSONValue {
        switch self {
        case .none: .null
        case .one(let kind, _): ["one": .string(kind)]
        case .list(let kind, _): ["list": .string(kind)]
        case .document: "document"
        }
    }
}

/// What an operation acts on: the resource that policy decides about.
public enum OperationTarget: Hashable, Sendable {
    /// An entity of the kind, which an input names.
    case existing(String, by: String)
    /// One of the kind that comes to be, under the name that an input gives.
    case new(String, named: String)
    /// The system itself.
    case system

    /// Nil for the system itself.
    public var kind: String? {
        switch self {
        case .existing(let kind, _), .new(let kind, _): kind
        case .system: nil
        }
    }

    /// The input that names it.
    public var input: String? {
        switch self {
        case .existing(_, let input), .new(_, let input): input
        case .system: nil
        }
    }

    var definition: JSONValue {
        switch self {
        case .existing(let kind, let input): ["kind": .string(kind), "by": .string(input)]
        case .new(let kind, let input): ["kind": .string(kind), "named": .string(input)]
        case .system: "system"
        }
    }
}

/// One thing that can be asked of a system. What is not in the catalogue is denied.
public struct Operation: Sendable {
    /// `object.verb`, such as `group.add-member`.
    public let name: String
    public let summary: String
    public let access: Access
    public let target: OperationTarget
    public let input: [InputField]
    public let answer: AnswerShape
    public let classes: [OperationClass]
    public let effects: [Effect]
    /// The operation that undoes it.
    public let inverse: String?
    public let reversibility: Reversibility
    /// How sensitive what it returns or sets is.
    public let sensitivity: Sensitivity
    /// How it is carried out, where that is configuration too: part of what approvals are bound to.
    public let template: JSONValue
    /// How the system itself offers it, where that is what callers see.
    public let offer: Offer?
    /// What it does, as people say it: `{target}`, `{added}`, `{removed}` and the names of inputs stand for what they are.
    public let phrase: String

    public init(
        _ name: String, _ summary: String, _ access: Access, on target: OperationTarget, input: [InputField],
        answer: AnswerShape = .none, classes: [OperationClass] = [],
        effects: [Effect] = [], inverse: String? = nil, reversibility: Reversibility = .reversible,
        sensitivity: Sensitivity = .internal, phrase: String = "", template: JSONValue = .null, offer: Offer? = nil
    ) {
        self.name = name
        self.summary = summary
        self.access = access
        self.target = target
        self.input = input
        self.answer = answer
        self.classes = classes
        self.effects = effects
        self.inverse = inverse
        self.reversibility = reversibility
        self.sensitivity = sensitivity
        self.phrase = phrase
        self.template = template
        self.offer = offer
    }

    /// The attributes whose values it may set.
    public var attributesSet: [String] {
        effects.flatMap { effect -> [String] in
            switch effect.act {
            case .sets(let attribute, _, _): [attribute]
            case .computed(let bound): bound.attributes
            default: []
            }
        }
    }

    /// The relations whose facts it may add or take away, but for those of credentials.
    public var relationsTouched: [String] {
        effects.flatMap { effect -> [String] in
            switch effect.act {
            case .adds(let relation, _, _), .removes(let relation, _, _), .replaces(let relation, _, _): [relation]
            case .computed(let bound): bound.adds + bound.removes
            default: []
            }
        }
    }

    /// The kinds that it may make one of.
    public var kindsCreated: [String] {
        effects.flatMap { effect -> [String] in
            switch effect.act {
            case .creates(let kind, _), .upserts(let kind, _): [kind]
            case .computed(let bound): bound.creates
            default: []
            }
        }
    }

    /// Whether nobody can tell what it does: it may do anything to its system. So does what is done to a system as a whole.
    public var isOpaque: Bool {
        access == .write && (target == .system || effects.contains { $0.act == .opaque || $0.act.ends.contains(.system) })
    }

    /// All that is said of it, so that nothing of it can change unnoticed.
    public var definition: JSONValue {
        let own: JSONValue = [
            "name": .string(name), "access": .string(access.rawValue), "target": target.definition, "input": schema(),
            "answer": answer.definition, "effects": .array(effects.map(\.definition)),
            "classes": .array(classes.map { .string($0.rawValue) }), "inverse": inverse.map(JSONValue.string) ?? .null,
            "reversibility": .string(reversibility.rawValue), "sensitivity": .string(sensitivity.rawValue),
            "template": template,
        ]
        return own.adding("offer", offer?.definition)
    }

    /// The digest of its definition at the place where it is carried out, which approvals are bound to.
    public func definition(at endpoint: String) -> Digest {
        Digest(of: ["operation": definition, "endpoint": .string(endpoint)])
    }
}
