public import Cedar
public import Reach

/// What a backend refused or could not do. The message is for the operator; agents get the code.
public struct ConnectorError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Absent, or not readable: both answer the same.
        case notFound = "target.not_found"
        /// What is asked for is already so.
        case noChange = "plan.no_change"
        /// The backend could not do this to this target, such as removing a group's last member.
        case invalid = "plan.invalid"
        /// What was planned on has changed; nothing was done.
        case conflict = "target.conflict"
        case refused = "system.refused"
        case unavailable = "system.unavailable"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) [\(code.rawValue)]" }
}

/// One entry of a directory, as read.
public struct EntryRecord: Sendable {
    public let uid: EntityUID
    public let name: String
    /// By attribute name; the sensitivities are in the catalogue.
    public let attributes: [String: [String]]
    /// Direct members, for a group.
    public let members: [EntityUID]
    /// Direct and nested members, for a group.
    public let nested: [EntityUID]
    /// The entry, what it is in and what is in it, as policy sees them.
    public let facts: [Entity]

    public init(
        uid: EntityUID, name: String, attributes: [String: [String]], members: [EntityUID] = [], nested: [EntityUID] = [],
        facts: [Entity]
    ) {
        self.uid = uid
        self.name = name
        self.attributes = attributes
        self.members = members
        self.nested = nested
        self.facts = facts
    }
}

/// What a search found.
public struct Matches: Sendable {
    public static let limit = 500

    public let records: [EntryRecord]
    /// Whether there were more than the limit.
    public let isCut: Bool

    public init(records: [EntryRecord], isCut: Bool) {
        self.records = records
        self.isCut = isCut
    }
}

/// What the backend shows now of the values a change touched.
public struct Observation: Sendable {
    public let touched: [TouchedValue]
    /// Whether the last write to the target was made under this lease; nil when the backend can't tell.
    public let isOurs: Bool?

    public init(touched: [TouchedValue], isOurs: Bool?) {
        self.touched = touched
        self.isOurs = isOurs
    }
}

/// A value to be shown once, to a person.
public struct Disclosure: Sendable {
    public let label: String
    public let value: String

    public init(label: String, value: String) {
        self.label = label
        self.value = value
    }
}

/// A backend credential in hand. Its secret lives in memory only.
public protocol Lease: Sendable {
    var reference: LeaseReference { get }
}

/// One configured backend instance.
///
/// Reading needs no grant. Whatever changes the backend takes a ``Grant`` and nothing else. Every call ends
/// within the connector's own deadline.
public protocol Connector: Sendable {
    /// The system's name in configuration.
    var system: String { get }
    var catalogue: Catalogue { get }

    /// What the operation would do. Reads only.
    func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan

    /// The entry that a read names.
    func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord

    /// The users that match the input of `user.find`, without regard to who may see them; at most ``Matches/limit``, so that
    /// nobody can learn from a refusal that there were many.
    func find(_ input: Input) async throws(ConnectorError) -> Matches

    /// Names the account that ``lease(_:as:)`` would make. Does nothing else; the caller stores it first.
    func reference(for change: String, id: String, expires: Instant) -> LeaseReference

    /// Makes the credential: good for this one step.
    func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease

    /// Does the step with the lease, on condition that what was planned on is unchanged.
    func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Disclosure?

    /// What the touched values are now. Reads only.
    func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation

    /// The whole graph of the system, page by page: every entry that a fact names is a node of some page.
    ///
    /// - Parameter receive: called for each page in turn, from any thread.
    /// - Throws: when it could not be read to its end; what was received is then worth nothing.
    func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError)

    /// The graph's facts on the entities a plan touches, as they are now. Reads only.
    func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact>

    /// Ends the credential. Ending one that is already gone succeeds.
    func revoke(_ reference: LeaseReference) async throws(ConnectorError)

    /// Credentials of ours that the backend still has.
    func leftovers() async throws(ConnectorError) -> [LeaseReference]
}
