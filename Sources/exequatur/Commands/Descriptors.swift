import Foundation
import Server

/// The process's file descriptors: connections may take so many that the store, the systems and people always find some.
enum Descriptors {
    /// For files, backends, key servers, and whatever the libraries open for themselves.
    private static let reserve = 256
    private static let most = 65_536

    /// Raises the soft limit as far as the hard one allows.
    ///
    /// - Returns: how many descriptors there are.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let wanted = min(limit.rlim_max, rlim_t(most))
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(min(limit.rlim_cur, rlim_t(most)))
    }

    /// What each listener may hold. People's connections are theirs alone.
    static func share(_ descriptors: Int, _ configuration: Configuration) -> (
        agents: ConnectionLimits, people: ConnectionLimits
    ) {
        let (people, agents) = (min(256, max(32, descriptors / 8)), configuration.agents)
        // At a socket the users of this machine come; over the network anybody does.
        let peer = if case .socket = configuration.people { people / 2 } else { people / 4 }
        let total = max(16, min(agents.connections, descriptors - reserve - people))
        return (
            ConnectionLimits(total: total, perPeer: min(agents.connectionsPerPeer, total)),
            ConnectionLimits(total: people, perPeer: peer)
        )
    }
}
