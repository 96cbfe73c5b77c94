public import Cedar
import StrictJSON

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

    public var id: String {
        switch self {
        case .workload(let workload): workload.id
        case .person(let person): person.id
        }
    }

    public var isWorkload: Bool { if case .workload = self { true } else { false } }

    /// The person who answers for a workload.
    public var owner: String? { if case .workload(let workload) = self { workload.owner } else { nil } }

    public var uid: EntityUID {
        switch self {
        case .workload(let workload): .workload(workload.id)
        case .person(let person): .person(person.id)
        }
    }

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
