public import Authority
public import Reach
public import StrictJSON

/// A user or group of a directory, as it was read.
public protocol DirectoryMember: Sendable {
    /// The immutable id.
    var id: String { get }
    var name: String { get }
    var isGroup: Bool { get }
    /// Of a user: whether it may log in.
    var isEnabled: Bool { get }
    /// Moves with every write to the entry; without blanks.
    var revision: String { get }
}

/// A connector's own part of a plan.
public protocol NativePlan: Sendable {
    var json: JSONValue { get }

    /// - Throws: `ShapeError` for what it is not.
    init(json: JSONValue) throws(ShapeError)
}

/// One step on a directory, with the entries that it is about.
public enum DirectoryStep<Entry: DirectoryMember>: Sendable {
    case join(Entry, group: Entry)
    case leave(Entry, group: Entry)
    case enable(Entry)
    case disable(Entry)
    /// Nil clears it.
    case set(String, String?, of: Entry)
    case create(name: String)
    case remove(Entry)
    case resetPassword(Entry)
}

/// A name under which a user is to be created.
public struct Vacancy: Sendable {
    /// Whether somebody has it.
    public let isTaken: Bool
    /// The node that stands for the name, where facts go by it.
    public let node: NodeID?
    /// What waits for whoever gets it.
    public let waiting: Set<NamedFact>

    public init(isTaken: Bool, node: NodeID? = nil, waiting: Set<NamedFact> = []) {
        self.isTaken = isTaken
        self.node = node
        self.waiting = waiting
    }
}

/// What a kind of directory reads and knows, over one connection or transaction. Whatever directories do alike is done with it by
/// ``DirectoryDesk``.
public protocol DirectoryPort {
    associatedtype Entry: DirectoryMember
    associatedtype Native: NativePlan

    var system: String { get }
    var catalogue: Catalogue { get }
    var names: DirectoryNames { get }

    // MARK: Reading

    /// The entry of that name or immutable id; a user or a group, where one is asked for.
    func find(_ name: String, isGroup: Bool?) throws -> Entry?
    /// The groups that it is directly in, each time in the same order.
    func groups(of entry: Entry) throws -> [Entry]
    /// By name, with all values.
    func attributes(_ entry: Entry) throws -> [String: [String]]
    /// Its own labels.
    func labels(of entry: Entry) throws -> Set<String>
    func isMember(_ member: Entry, of group: Entry) throws -> Bool
    /// The graph's facts on some entries: what they are in and own, what is in them and owns them.
    func facts(on entries: [Entry]) throws -> Set<NamedFact>
    func vacancy(_ name: String) throws -> Vacancy

    // MARK: Planning

    func native(_ step: DirectoryStep<Entry>) throws -> Native
    /// Why the product could not do it; nil when it could.
    func obstacle(to step: DirectoryStep<Entry>) throws -> String?
    /// Whether a grant created the user and nobody touched it since.
    func isUntouched(_ user: Entry) throws -> Bool

    // MARK: Looking again at what a plan was about

    /// The entries that are there still: the target, and the other one that was named.
    func entries(of native: Native, _ plan: Plan) throws -> (target: Entry?, other: Entry?)
    /// Whether the last write to the target was made under the lease.
    func wrote(_ lease: LeaseReference, _ target: Entry?) throws -> Bool?
    /// Whether the member that the plan names is in its group now.
    func hasMember(_ native: Native, _ group: Entry) throws -> Bool
}

/// What a product calls the attributes that every directory has.
public struct DirectoryNames: Sendable {
    /// By input of `user.create`, the attribute that it is kept in.
    public let given: [(input: String, attribute: String)]
    /// What a new user is given besides.
    public let implied: [String]
    /// What is set to let a user log in, or not.
    public let switches: [String]

    public init(given: [(input: String, attribute: String)], implied: [String], switches: [String]) {
        self.given = given
        self.implied = implied
        self.switches = switches
    }

    public static let plain = DirectoryNames(
        given: ["displayName", "surname", "mail"].map { ($0, $0) }, implied: [], switches: ["enabled"])
}
