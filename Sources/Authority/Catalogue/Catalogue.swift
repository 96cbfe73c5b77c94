public import Cedar
public import StrictJSON

/// One attribute that a system's entries have.
public struct AttributeDefinition: Hashable, Sendable {
    public let name: String
    public let sensitivity: Sensitivity
    /// Whether an operation `user.set-<name>` exists for it.
    public let isWritable: Bool
    /// What whoever chooses its value can do with the account.
    public let confers: Power?

    public init(_ name: String, _ sensitivity: Sensitivity, isWritable: Bool = false, confers: Power? = nil) {
        self.name = name
        self.confers = confers
        self.sensitivity = sensitivity
        self.isWritable = isWritable
    }
}

/// Everything that can be asked of one kind of system, and the names that policy may use for it.
public struct Catalogue: Sendable {
    /// The Cedar namespace of the kind, such as `LDAP`.
    public let namespace: String
    public let operations: [Operation]
    public let attributes: [AttributeDefinition]

    public init(namespace: String, operations: [Operation], attributes: [AttributeDefinition]) {
        self.namespace = namespace
        self.operations = operations
        self.attributes = attributes
    }

    public subscript(name: String) -> Operation? { operations.first { $0.name.utf8.elementsEqual(name.utf8) } }

    /// The operations that change something and don't say what: a system with one can't be taken on.
    public var undeclared: [String] {
        operations.filter { $0.access == .write && $0.effects.isEmpty }.map(\.name).sorted()
    }

    /// The attributes that some operation sets, sorted.
    public var attributesSet: [String] {
        Set(operations.flatMap(\.attributesSet)).sorted()
    }

    public func sensitivity(of attribute: String) -> Sensitivity {
        attributes.first { $0.name == attribute }?.sensitivity ?? .secret
    }

    // MARK: What policy sees

    public var userType: EntityType { ExactString("\(namespace)::User") }
    public var groupType: EntityType { ExactString("\(namespace)::Group") }

    public func action(_ path: Path, _ operation: String) -> EntityUID { action("\(path.rawValue):\(operation)") }

    private func action(_ id: String) -> EntityUID {
        EntityUID(type: ExactString("\(namespace)::Action"), id: ExactString(id))
    }

    /// The action entities, with their parents: the path, the operation and its classes.
    public var actions: [Entity] {
        var all = Path.allCases.map { Entity($0.action) } + Self.personal.map { Entity($0) }
        all += OperationClass.allCases.map { Entity(Self.action(of: $0)) }
        for operation in operations {
            let own = action(operation.name)
            let parents = [own] + operation.classes.map(Self.action(of:))
            all.append(Entity(own))
            for path in Path.allCases where path.applies(to: operation) {
                all.append(Entity(action(path, operation.name), parents: Set(parents + [path.action])))
            }
        }
        for sensitivity in Sensitivity.allCases where sensitivity != .secret {
            all += Self.disclosing.map { Entity(action($0, "sensitivity.\(sensitivity.rawValue)"), parents: [$0.action]) }
        }
        return all
    }

    /// How what is disclosed is decided: it is read, by the workload and on whose behalf, who must be able to delegate that.
    static let disclosing: [Path] = [.read, .delegate]

    /// What people may do with the gateway itself.
    private static let personal = ["view", "unlock"].map { EntityUID(type: "Exequatur::Action", id: $0) }

    private static func action(of operationClass: OperationClass) -> EntityUID {
        EntityUID(type: "Exequatur::Action", id: ExactString(operationClass.rawValue))
    }

    /// The digest of all that the catalogue says: of the schema that policies are checked against.
    public var digest: Digest { Digest(of: .array(operations.map(\.definition))) }
}

/// What a principal may be permitted to do with an operation.
public enum Path: String, Sendable, CaseIterable {
    case read, propose, execute, approve, delegate

    var action: EntityUID { EntityUID(type: "Exequatur::Action", id: ExactString(rawValue)) }

    func applies(to operation: Operation) -> Bool { (self == .read) == (operation.access == .read) || self == .delegate }
}
