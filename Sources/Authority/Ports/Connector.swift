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
        /// What is to be undone is no longer as it was left.
        case movedOn = "rollback.conflict"
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

/// One entity of a system, as read.
public struct EntryRecord: Sendable {
    public let uid: EntityUID
    public let name: String
    /// By attribute name; the sensitivities are in the catalogue.
    public let attributes: [String: [String]]
    /// As something in a container: whether it is in it itself, and not only by way of another.
    public let isDirect: Bool
    /// The entity and everything above it, as policy sees them.
    public let facts: [Entity]

    public init(
        uid: EntityUID, name: String, attributes: [String: [String]], isDirect: Bool = true, facts: [Entity]
    ) {
        self.uid = uid
        self.name = name
        self.attributes = attributes
        self.isDirect = isDirect
        self.facts = facts
    }
}

/// Hands records over some at a time.
public struct RecordBatch {
    private static let size = 50
    private var records: [EntryRecord] = []
    private let visit: ([EntryRecord]) -> Bool

    public init(_ visit: @escaping ([EntryRecord]) -> Bool) { self.visit = visit }

    /// - Returns: whether more are wanted.
    public mutating func add(_ record: EntryRecord) -> Bool {
        records.append(record)
        return records.count < Self.size || end()
    }

    /// Hands over what is left.
    @discardableResult
    public mutating func end() -> Bool {
        defer { records = [] }
        return records.isEmpty || visit(records)
    }
}

/// What the backend shows now of the values a change touched.
public struct Observation: Sendable {
    public let touched: [TouchedValue]
    /// Whether the last write to the target was made under this lease; nil when the backend can't tell.
    public let isOurs: Bool?
    /// Whether the backend records who wrote at all: where it does not, what it shows tells nobody whether a step came about.
    public let isAttributable: Bool

    public init(touched: [TouchedValue], isOurs: Bool?, isAttributable: Bool = true) {
        self.touched = touched
        self.isOurs = isOurs
        self.isAttributable = isAttributable
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

/// What carrying out a step gave, besides its effect.
public struct Applied: Sendable {
    /// For a person, once.
    public let disclosure: Disclosure?
    /// For whoever asked: what the system answered.
    public let answer: SystemDocument?

    public init(_ disclosure: Disclosure? = nil, answer: SystemDocument? = nil) {
        self.disclosure = disclosure
        self.answer = answer
    }
}

/// A backend credential in hand. Its secret lives in memory only.
public protocol Lease: Sendable {
    var reference: LeaseReference { get }
}

/// What a step is carried out with, as policy sees it (`context.lease`).
public enum CredentialKind: String, Sendable {
    /// A credential that is made for the one step, and ended with it.
    case scoped
    /// One that is handed to an agent which acts with tools of its own.
    case issued
    /// One account for all steps: the backend can make none for one.
    case shared
}

extension Connector {
    public var credential: CredentialKind { .scoped }
    public var outOfService: [String: String] { [:] }

    public func answer(_ operation: Operation, _ input: Input, progress: ProgressListener?) async throws(ConnectorError)
        -> SystemDocument
    {
        throw ConnectorError(.invalid, "\(system) has no answers of its own")
    }
}

/// Takes what a system tells while it works, such as a notification of progress: called in order, from any thread.
public typealias ProgressListener = @Sendable (SystemDocument) -> Void

/// One configured backend instance.
///
/// Reading needs no grant. Whatever changes the backend takes a ``Grant`` and nothing else. Every call ends
/// within the connector's own deadline.
public protocol Connector: Sendable {
    /// The system's name in configuration.
    var system: String { get }
    var catalogue: Catalogue { get }
    /// Where the system is, such as a URL, without any secret: what was approved for one place is not done at another.
    var endpoint: String { get }
    /// What its steps are carried out with.
    var credential: CredentialKind { get }
    /// Whether ``snapshot(_:)`` gives all that there is. To a system of which nobody can tell what a step makes possible, no agent
    /// writes: a person has to make the change their own.
    var isReadWhole: Bool { get }
    /// The operations that can't be carried out now, with the reason, for the operator. Nobody is offered them.
    var outOfService: [String: String] { get }

    /// What the operation would do. Reads only.
    func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan

    /// The entry that a read names.
    func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord

    /// What the system itself answers to an operation that only reads, as it is.
    ///
    /// - Parameter progress: is told what the system says meanwhile; nil where nobody listens.
    func answer(_ operation: Operation, _ input: Input, progress: ProgressListener?) async throws(ConnectorError)
        -> SystemDocument

    /// Gives the entries that match the input of a search, some at a time and in no order, without regard to who may see them.
    ///
    /// - Parameter visit: called from any thread, one call at a time; says whether more is wanted.
    func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)

    /// Gives what is in a container, directly or by way of others, some at a time and always in the same order.
    ///
    /// - Parameters:
    ///   - container: the entity, by its immutable id.
    ///   - after: the immutable id of the one after which to begin; the first when nil.
    ///   - visit: as in ``search(_:_:_:)``.
    func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)

    /// Names the account that ``lease(_:as:)`` would make. Does nothing else; the caller stores it first.
    func reference(for change: String, id: String, expires: Instant) -> LeaseReference

    /// Makes the credential: good for this one step.
    func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease

    /// Does the step with the lease, on condition that what was planned on is unchanged.
    func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied

    /// What the touched values are now. Reads only.
    func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation

    /// The whole graph of the system, page by page: every entry that a fact names is a node of some page.
    ///
    /// - Parameter receive: called for each page in turn, from any thread.
    /// - Throws: when it could not be read to its end; what was received is then worth nothing.
    func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError)

    /// The graph's facts on the entities a plan touches, as they are now. Reads only.
    func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact>

    /// Those of these nodes of the graph whose entries were last written to by somebody positively known to be neither the
    /// gateway nor an account of its own. A backend that does not record who wrote gives none.
    func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID>

    /// Ends the credential. Ending one that is already gone succeeds.
    func revoke(_ reference: LeaseReference) async throws(ConnectorError)

    /// Credentials of ours that the backend still has.
    func leftovers() async throws(ConnectorError) -> [LeaseReference]
}
