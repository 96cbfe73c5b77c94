import Synchronization

/// How many connections a listener holds at once. What is beyond is closed as it is accepted.
///
/// The sum over all listeners must stay well below the process's limit of descriptors: on Linux libdispatch ends the process
/// when it can't open a file.
public struct ConnectionLimits: Sendable {
    public let total: Int
    /// Of one peer: an IPv4 address, an IPv6 network of 64 bits, or a user of this machine at a socket in the file system.
    public let perPeer: Int

    public init(total: Int, perPeer: Int) {
        self.total = total
        self.perPeer = perPeer
    }
}

/// Counts a listener's open connections.
final class Census: Sendable {
    private struct Count {
        var total = 0
        var byPeer: [String: Int] = [:]
    }

    private let limits: ConnectionLimits
    private let count = Mutex(Count())

    init(_ limits: ConnectionLimits) { self.limits = limits }

    /// Whether one more is let in. Each that is must be given back by ``release(_:)``.
    func admit(_ peer: String) -> Bool {
        count.withLock { count in
            guard count.total < limits.total, count.byPeer[peer, default: 0] < limits.perPeer else { return false }
            count.total += 1
            count.byPeer[peer, default: 0] += 1
            return true
        }
    }

    func release(_ peer: String) {
        count.withLock { count in
            count.total -= 1
            let left = count.byPeer[peer, default: 1] - 1
            count.byPeer[peer] = left > 0 ? left : nil
        }
    }
}
