import Synchronization

/// The bytes of request bodies that a listener holds in memory at once.
final class ByteBudget: Sendable {
    private let left: Mutex<Int>

    init(_ bytes: Int) { left = Mutex(bytes) }

    /// - Throws: ``HTTPProblem`` 503 when so many are not to be had now.
    fileprivate func take(_ bytes: Int) throws(HTTPProblem) {
        let isTaken = left.withLock { left in
            guard left >= bytes else { return false }
            left -= bytes
            return true
        }
        guard isTaken else {
            throw HTTPProblem(
                .bytesInFlight, "Too much is being sent at this moment; send it again later.",
                headers: [("Retry-After", "1"), ("Connection", "close")])
        }
    }

    fileprivate func give(_ bytes: Int) { left.withLock { $0 += bytes } }

    /// What one request holds of a budget.
    final class Share: Sendable {
        private let budget: ByteBudget
        private let held = Mutex(0)

        init(of budget: ByteBudget) { self.budget = budget }

        func take(_ bytes: Int) throws(HTTPProblem) {
            try budget.take(bytes)
            held.withLock { $0 += bytes }
        }

        /// Gives all of it back.
        func end() { budget.give(held.withLock { $0 }) }
    }
}
