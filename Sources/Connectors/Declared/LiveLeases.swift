package import Authority
import Synchronization

/// The leases that steps may still be carried out under, where the backend has one account for all: what a lock, the end of a task
/// or the time has ended is not sent any more, however late it comes to that.
package final class LiveLeases: Sendable {
    private let leases = Mutex<[String: Instant]>([:])
    private let now: @Sendable () -> Instant

    package init(now: @escaping @Sendable () -> Instant) { self.now = now }

    package func begin(_ lease: LeaseReference) { leases.withLock { $0[lease.id] = lease.expires } }

    package func end(_ lease: LeaseReference) { leases.withLock { $0[lease.id] = nil } }

    /// - Throws: `ConnectorError` `refused` when it was ended, or its time is over; nothing was done then.
    package func require(_ id: String) throws(ConnectorError) {
        guard let expires = leases.withLock({ $0[id] }), now() < expires else {
            throw ConnectorError(.refused, "the step's lease was ended before anything was sent")
        }
    }
}
