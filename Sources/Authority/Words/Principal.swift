public import Cedar
public import StrictJSON

/// An authenticated non-human principal. Only ``Identity`` makes one, from a token it has checked.
public struct Workload: Hashable, Sendable {
    /// The name under which it is registered.
    public let id: String
    /// The id of the person who answers for it.
    public let owner: String
    public let expires: Instant
    public let groups: [String]

    @_spi(Authenticated)
    public init(id: String, owner: String, expires: Instant, groups: [String]) {
        self.id = id
        self.owner = owner
        self.expires = expires
        self.groups = groups
    }
}

/// An authenticated human principal. Only ``Identity`` makes one, from a signature it has checked.
public struct Person: Hashable, Sendable {
    public let id: String
    public let teams: [String]

    @_spi(Authenticated)
    public init(id: String, teams: [String]) {
        self.id = id
        self.teams = teams
    }
}

/// Who asks.
public enum Principal: Hashable, Sendable {
    case workload(Workload)
    case person(Person)

    public var id: String { name.id }

    public var name: PrincipalID {
        switch self {
        case .workload(let workload): .workload(workload.id)
        case .person(let person): .person(person.id)
        }
    }

    public var isWorkload: Bool { name.isWorkload }

    /// The person who answers for a workload.
    public var owner: String? { if case .workload(let workload) = self { workload.owner } else { nil } }

    public var uid: EntityUID { name.uid }

    /// The principal as policy sees it.
    public var entity: Entity {
        switch self {
        case .workload(let workload):
            Entity(
                uid, attributes: ["owner": .entity(.person(workload.owner))],
                parents: Set(workload.groups.map { EntityUID(type: "Exequatur::WorkloadGroup", id: .init($0)) }))
        case .person(let person): PersonRecord(id: person.id, teams: person.teams).entity
        }
    }
}

/// Whom a record names: somebody of a kind, whatever is registered of them by now. A workload and a person of one id are two.
public enum PrincipalID: Hashable, Sendable, CustomStringConvertible {
    case workload(String)
    case person(String)

    public var id: String {
        switch self {
        case .workload(let id), .person(let id): id
        }
    }

    public var isWorkload: Bool { if case .workload = self { true } else { false } }

    /// The id of a person; nil for a workload.
    public var person: String? { if case .person(let id) = self { id } else { nil } }

    public var uid: EntityUID {
        switch self {
        case .workload(let id): .workload(id)
        case .person(let id): .person(id)
        }
    }

    public var description: String { uid.description }

    public var json: JSONValue { uid.json }

    /// Nil for an entity of any other type.
    public init?(_ uid: EntityUID) {
        switch uid.type {
        case EntityUID.workload("").type: self = .workload(uid.id.string)
        case EntityUID.person("").type: self = .person(uid.id.string)
        default: return nil
        }
    }

    public init(json: JSONValue, at path: String) throws(ShapeError) {
        guard let uid = try? EntityUID(json: json), let known = Self(uid) else {
            throw ShapeError(.invalid, at: path, "a workload or a person belongs here")
        }
        self = known
    }
}

/// What configuration says of a person, authenticated or not.
public struct PersonRecord: Hashable, Sendable {
    public let id: String
    public let teams: [String]

    public init(id: String, teams: [String]) {
        self.id = id
        self.teams = teams
    }

    public var entity: Entity {
        Entity(.person(id), parents: Set(teams.map { EntityUID(type: "Exequatur::Team", id: .init($0)) }))
    }
}

extension EntityUID {
    public static func workload(_ id: String) -> EntityUID { EntityUID(type: "Exequatur::Workload", id: ExactString(id)) }
    public static func person(_ id: String) -> EntityUID { EntityUID(type: "Exequatur::Person", id: ExactString(id)) }
    public static func system(_ name: String) -> EntityUID { EntityUID(type: "Exequatur::System", id: ExactString(name)) }
}
