public import Authority

/// Which changes a person looks for. Without anything said, those that wait.
public struct QueueQuery: Sendable {
    public var states: Set<Change.State>
    /// Whose requests.
    public var workload: String?
    public var system: String?
    /// The person on whose behalf, or who made it their own, or who asked.
    public var person: String?
    /// At least so many seconds ago.
    public var olderThan: Int64?
    /// The change after which the page begins.
    public var after: String?

    public static let waiting: Set<Change.State> = [.proposed, .approved]

    public init(_ states: Set<Change.State> = waiting, after: String? = nil) {
        self.states = states
        self.after = after
    }

    /// Whether only changes that still wait are looked for.
    var isOfWaiting: Bool { states.isSubset(of: Self.waiting) }

    func matches(_ change: Change, at now: Instant) -> Bool {
        if let workload, change.requester != .workload(workload) { return false }
        if let system, change.system != system { return false }
        if let person, ![change.task.delegator, change.adopter, change.requester.person].contains(person) { return false }
        if let olderThan, change.created.adding(seconds: olderThan) > now { return false }
        return true
    }
}
