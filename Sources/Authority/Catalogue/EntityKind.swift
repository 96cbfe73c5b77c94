import StrictJSON

/// What an entity is to whoever wants to take something over.
public enum EntityRole: String, Sendable, CaseIterable {
    /// It has a person behind it, who can look after what it may administer: `lockouts` counts these.
    case human
    /// A machine's identity.
    case workload
    /// It is acted as for a while, by those it lets in: a role of AWS.
    case assumable
    /// It holds others, which have its rights.
    case container
    case resource
    /// Whoever has it can log in: a key, a token.
    case credential
    /// It says what others may do: a policy document, a grant.
    case rule
}

/// How the ids of a kind behave.
public enum IDRule: Hashable, Sendable {
    /// An id means one entity for ever.
    case immutable
    /// An id is a name that another entity may have later. What is known of the one must not be taken for known of the other, and
    /// what waits for the name is had by whoever takes it.
    ///
    /// - Parameter foldsCase: whether names that differ in case only are one.
    case reusable(foldsCase: Bool)

    var text: String {
        switch self {
        case .immutable: "immutable"
        case .reusable(let foldsCase): foldsCase ? "reusable, whatever the case" : "reusable"
        }
    }
}

/// What an attribute's values are, as policy sees them.
public enum ValueType: String, Sendable, CaseIterable {
    case string, integer, boolean, strings

    var cedar: String {
        switch self {
        case .string: "String"
        case .integer: "Long"
        case .boolean: "Bool"
        case .strings: "Set<String>"
        }
    }
}

/// One attribute that a kind's entities have.
public struct AttributeDefinition: Hashable, Sendable {
    public let name: String
    public let type: ValueType
    public let sensitivity: Sensitivity
    /// Whether some operation sets it alone.
    public let isWritable: Bool
    /// The relation by which whoever chooses its value gets a credential of the entity; nil when it confers nothing.
    public let confers: String?

    public init(
        _ name: String, _ sensitivity: Sensitivity, type: ValueType = .string, isWritable: Bool = false,
        confers: String? = nil
    ) {
        self.name = name
        self.type = type
        self.sensitivity = sensitivity
        self.isWritable = isWritable
        self.confers = confers
    }
}

/// One kind of entity that a system has: users, groups, roles, virtual hosts.
public struct EntityKind: Hashable, Sendable {
    /// Lower-case words with hyphens: `user`, `instance-profile`.
    public let name: String
    /// What many of them are called, as the answer of a search names them.
    public let plural: String
    public let role: EntityRole
    public let ids: IDRule
    /// Those of every kind, `name`, `kind` and `labels`, are not repeated here; but how sensitive the name is, is said here.
    public let attributes: [AttributeDefinition]
    /// The relation by which one that is created takes a name that facts wait for; nil when none can wait.
    public let naming: String?

    public init(
        _ name: String, plural: String, _ role: EntityRole, ids: IDRule = .immutable, attributes: [AttributeDefinition] = [],
        naming: String? = nil
    ) {
        self.name = name
        self.plural = plural
        self.role = role
        self.ids = ids
        self.attributes = attributes
        self.naming = naming
    }

    /// The same kind, whose names others may have later.
    public func naming(by relation: String) -> EntityKind {
        EntityKind(name, plural: plural, role, ids: ids, attributes: attributes, naming: relation)
    }

    /// How Cedar calls it within its namespace: `User`, `InstanceProfile`.
    public var typeName: String {
        name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    subscript(attribute: String) -> AttributeDefinition? {
        attributes.first { $0.name.isExactly(attribute) }
    }

    /// The attributes that entities of every kind have.
    static let common: Set<String> = ["name", "kind", "labels"]

    var definition: JSONValue {
        [
            "name": .string(name), "role": .string(role.rawValue), "ids": .string(ids.text),
            "naming": naming.map(JSONValue.string) ?? .null,
            "attributes": .array(
                attributes.map {
                    [
                        "name": .string($0.name), "type": .string($0.type.rawValue),
                        "sensitivity": .string($0.sensitivity.rawValue),
                        "confers": $0.confers.map(JSONValue.string) ?? .null,
                    ]
                }),
        ]
    }
}
