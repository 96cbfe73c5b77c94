public import Authority
public import StrictJSON

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

    /// Reads a query's parameters: `state` is `waiting`, `all`, or one of the states.
    ///
    /// - Throws: ``ShapeError`` for a parameter that is not known, or says nothing.
    public init(_ parameters: [String: String]) throws(ShapeError) {
        self.init()
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "state": states = try Self.states(value)
            case "workload": workload = value
            case "system": system = value
            case "person": person = value
            case "olderThan":
                guard let seconds = Int64(value), seconds >= 0 else {
                    throw ShapeError(.invalid, at: "?olderThan", "a number of seconds belongs here")
                }
                olderThan = seconds
            case "after": after = value
            default: throw ShapeError(.unknownField, at: "?\(Printable.text(name))", "there is no such parameter")
            }
        }
    }

    private static func states(_ text: String) throws(ShapeError) -> Set<Change.State> {
        switch text {
        case "waiting": return waiting
        case "all": return Set(Change.State.allCases)
        default:
            guard let state = Change.State(rawValue: text) else {
                let known = ["waiting", "all"] + Change.State.allCases.map(\.rawValue)
                throw ShapeError(.invalid, at: "?state", "one of \(known.joined(separator: ", ")) belongs here")
            }
            return [state]
        }
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
