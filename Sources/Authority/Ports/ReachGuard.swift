public import Reach

/// Keeps the graph that changes are assessed on, in one order.
public protocol ReachGuard: Sendable {
    /// Counts a change's step as taken from now on, on condition that it gains now what it gained when it was decided.
    ///
    /// - Throws: ``GrantRefusal/stale`` when it does not.
    func reserve(_ change: String, on system: String, _ step: Step, gaining expected: Digest) throws

    /// Takes a reservation back: the grant was not given.
    func release(_ change: String)
}
