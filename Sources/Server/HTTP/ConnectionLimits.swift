import Synchronization

/// How many connections a listener holds at once.
///
/// The sum over all listeners must stay well below the process's limit of descriptors: on Linux libdispatch ends the process
/// when it can't open a file.
public struct ConnectionLimits: Sendable {
    public let total: Int
    /// Of one peer: an IPv4 address, an IPv6 network of 64 bits, or a user of this machine at a socket in the file system.
    public let perPeer: Int
    /// Of one caller who is known: more than can be served to a workload at once are of no use to it.
    public let perHolder: Int

    /// - Parameter perHolder: a quarter of `perPeer` when nil, and 64 at most.
    public init(total: Int, perPeer: Int, perHolder: Int? = nil) {
        self.total = total
        self.perPeer = perPeer
        self.perHolder = perHolder ?? max(1, min(64, perPeer / 4))
    }
}

/// A connection. Until its caller is known, it has its place on loan.
final class Guest: Sendable {
    private struct State {
        var requests = 0
        /// Whether a request is being served, or its answer taken.
        var isBusy = false
        /// Who has shown who they are.
        var holder: String?
        /// Closes the connection; nil once it is gone, so that nobody holds what was its own.
        var end: (@Sendable () -> Void)?
    }

    /// How many requests somebody unknown may make on one connection.
    static let requestsOnLoan = 8

    let peer: String
    private let state: Mutex<State>

    /// - Parameter end: closes the connection.
    init(_ peer: String, end: @escaping @Sendable () -> Void) {
        self.peer = peer
        state = Mutex(State(end: end))
    }

    /// Counts a request. It is served until ``rest()``.
    ///
    /// - Returns: whether it is the last on this connection unless its caller is known.
    func beginRequest() -> Bool {
        state.withLock { state in
            state.requests += 1
            state.isBusy = true
            return state.requests >= Self.requestsOnLoan
        }
    }

    /// The peer has its answer, or is only kept waiting for a refusal.
    func rest() { state.withLock { $0.isBusy = false } }

    /// The caller has shown who they are.
    ///
    /// - Returns: whether the connection is there still.
    fileprivate func become(_ holder: String) -> Bool {
        state.withLock { state in
            guard state.end != nil else { return false }
            state.holder = holder
            return true
        }
    }

    fileprivate var holder: String? { state.withLock { $0.holder } }

    var isKnown: Bool { holder != nil }

    /// Whether the place could be given to somebody else.
    var isOnLoan: Bool { state.withLock { $0.holder == nil && $0.end != nil } }

    /// Whether somebody unknown has been answered, or only waits for a refusal.
    var isRefused: Bool { state.withLock { $0.holder == nil && $0.requests > 0 && !$0.isBusy } }

    /// Who is known to hold the connection, and whether nothing is asked on it now; nil when it is on loan or gone.
    var standing: (holder: String, isIdle: Bool)? {
        state.withLock { state in state.end == nil ? nil : state.holder.map { ($0, !state.isBusy) } }
    }

    /// - Returns: what closes the connection; nil when it was gone already.
    func leave() -> (@Sendable () -> Void)? {
        state.withLock { state in
            defer { state.end = nil }
            return state.end
        }
    }
}

/// Counts a listener's open connections. When there is no room, the longest on loan goes; when none is, whoever holds the most
/// gives up the oldest on which nothing is served. So nobody keeps others out by holding connections, known or not.
final class Census: Sendable {
    private struct Queue {
        var guests: [Guest] = []
        var first = 0

        mutating func add(_ guest: Guest, most: Int) {
            guests.append(guest)
            guard guests.count > 2 * most + 64 else { return }
            guests = guests.filter { $0.isOnLoan || $0.standing != nil }
            first = 0
        }

        /// Of whoever is known to hold the most, and more than one, the idle one that came first.
        func spare() -> Guest? {
            var holders: [String: (count: Int, idle: Guest?)] = [:]
            for guest in guests {
                guard let (holder, isIdle) = guest.standing else { continue }
                holders[holder, default: (0, nil)].count += 1
                if isIdle, holders[holder]?.idle == nil { holders[holder]?.idle = guest }
            }
            return holders.filter { $0.value.count > 1 && $0.value.idle != nil }
                .max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.value.idle
        }

        /// The one that came first of those whose place is on loan; of these, first those who were refused already: whoever has
        /// just come is to be heard.
        mutating func next() -> Guest? {
            while first < guests.count, !guests[first].isOnLoan { first += 1 }
            let onLoan = guests[first...]
            return onLoan.first { $0.isOnLoan && $0.isRefused } ?? onLoan.first
        }
    }

    private struct State {
        var total = 0
        var byPeer: [String: (count: Int, queue: Queue)] = [:]
        var queue = Queue()
        /// How many connections each known caller has.
        var holders: [String: Int] = [:]
    }

    private let limits: ConnectionLimits
    private let state = Mutex(State())

    init(_ limits: ConnectionLimits) { self.limits = limits }

    /// Lets a connection in, in the place of another when there is no room.
    ///
    /// - Returns: false when all places are taken by callers who are known. Each that is let in must be given back by ``release(_:)``.
    func admit(_ guest: Guest) -> Bool {
        let (isIn, close) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            var evicted: Guest?
            if state.byPeer[guest.peer]?.count ?? 0 >= limits.perPeer {
                evicted = state.byPeer[guest.peer]?.queue.next() ?? state.byPeer[guest.peer]?.queue.spare()
            } else if state.total >= limits.total {
                evicted = state.queue.next() ?? state.queue.spare()
            } else {
                Self.add(guest, to: &state, limits)
                return (true, nil)
            }
            guard let evicted, let close = evicted.leave() else { return (false, nil) }
            Self.remove(evicted, from: &state)
            Self.add(guest, to: &state, limits)
            return (true, close)
        }
        close?()
        return isIn
    }

    /// The caller on a connection has shown who they are: its place is theirs from then on.
    ///
    /// - Returns: false when they have as many as one may: it stays on loan then.
    func recognize(_ guest: Guest, as holder: String) -> Bool {
        state.withLock { state in
            guard guest.holder == nil else { return true }
            guard state.holders[holder, default: 0] < limits.perHolder else { return false }
            if guest.become(holder) { state.holders[holder, default: 0] += 1 }
            return true
        }
    }

    func release(_ guest: Guest) {
        state.withLock { state in
            if guest.leave() != nil { Self.remove(guest, from: &state) }
        }
    }

    private static func add(_ guest: Guest, to state: inout State, _ limits: ConnectionLimits) {
        state.total += 1
        state.byPeer[guest.peer, default: (0, Queue())].count += 1
        state.byPeer[guest.peer]?.queue.add(guest, most: limits.perPeer)
        state.queue.add(guest, most: limits.total)
    }

    private static func remove(_ guest: Guest, from state: inout State) {
        state.total -= 1
        if let holder = guest.holder {
            state.holders[holder, default: 1] -= 1
            if state.holders[holder] == 0 { state.holders[holder] = nil }
        }
        state.byPeer[guest.peer]?.count -= 1
        if state.byPeer[guest.peer]?.count == 0 { state.byPeer[guest.peer] = nil }
    }
}
