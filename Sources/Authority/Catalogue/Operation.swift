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

/// One effect that an operation declares on the entity it targets.
public struct Effect: Hashable, Sendable {
    public enum Kind: String, Sendable { case adds, removes, replaces, creates, deletes }
    public let kind: Kind
    /// The attribute it touches, or `entry` for the whole.
    public let attribute: String
    /// The relations of the reach graph whose facts it may add or take away; those of ``Power`` say what its author gains.
    public let relations: [String]

    public init(_ kind: Kind, _ attribute: String, relations: [String] = []) {
        self.kind = kind
        self.attribute = attribute
        self.relations = relations
    }
}

/// One thing that can be asked of a system. What is not in the catalogue is denied.
public struct Operation: Sendable {
    public enum Target: String, Sendable { case user, group, system }

    /// `object.verb`, such as `group.add-member`.
    public let name: String
    public let summary: String
    public let access: Access
    /// What it acts on: the type of the resource that policy decides about.
    public let target: Target
    public let input: [InputField]
    public let classes: [OperationClass]
    public let effects: [Effect]
    /// The operation that undoes it.
    public let inverse: String?
    public let reversibility: Reversibility
    /// How sensitive what it returns or sets is.
    public let sensitivity: Sensitivity
    /// What it does, as people say it: `{target}`, `{added}`, `{removed}` and the names of inputs stand for what they are.
    public let phrase: String

    public init(
        _ name: String, _ summary: String, _ access: Access, on target: Target, input: [InputField],
        classes: [OperationClass] = [],
        effects: [Effect] = [], inverse: String? = nil, reversibility: Reversibility = .reversible,
        sensitivity: Sensitivity = .internal, phrase: String = ""
    ) {
        self.name = name
        self.summary = summary
        self.access = access
        self.target = target
        self.input = input
        self.classes = classes
        self.effects = effects
        self.inverse = inverse
        self.reversibility = reversibility
        self.sensitivity = sensitivity
        self.phrase = phrase
    }

    /// The attributes whose values it sets.
    public var attributesSet: [String] { effects.filter { $0.relations.contains("setsAttribute") }.map(\.attribute) }

    /// All that is said of it, so that nothing of it can change unnoticed.
    public var definition: JSONValue {
        [
            "name": .string(name), "access": .string(access.rawValue), "target": .string(target.rawValue), "input": schema(),
            "effects": .array(
                effects.map {
                    [
                        "kind": .string($0.kind.rawValue), "attribute": .string($0.attribute),
                        "relations": .array($0.relations.map(JSONValue.string)),
                    ]
                }),
            "classes": .array(classes.map { .string($0.rawValue) }), "inverse": inverse.map(JSONValue.string) ?? .null,
            "reversibility": .string(reversibility.rawValue), "sensitivity": .string(sensitivity.rawValue),
        ]
    }

    /// The digest of its definition at the place where it is carried out, which approvals are bound to.
    public func definition(at endpoint: String) -> Digest {
        Digest(of: ["operation": definition, "endpoint": .string(endpoint)])
    }
}
