import Authority

/// Counts what a server says without having been asked: more than so much in a second is no telling of progress.
struct Flood {
    private static let most = 1_000

    private var begun = ContinuousClock.now
    private var messages = 0

    /// Lets others have their turn, too.
    ///
    /// - Throws: `ConnectorError` `unavailable` when it is too much, `CancellationError` when nobody waits any more.
    mutating func count() async throws {
        messages += 1
        if messages % 32 == 0 {
            try _Concurrency.Task.checkCancellation()
            await _Concurrency.Task.yield()
        }
        guard messages > Self.most else { return }
        guard ContinuousClock.now > begun + .seconds(1) else {
            throw ConnectorError(.unavailable, "the server says more than anybody can listen to")
        }
        (begun, messages) = (.now, 0)
    }
}
