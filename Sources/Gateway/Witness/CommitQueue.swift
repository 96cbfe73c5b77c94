import Authority
import Synchronization

/// What waits to be written. Whatever came while one batch was being written is the next: nobody waits for company.
final class CommitQueue: Sendable {
    /// The writes and entries that somebody hands in together: written whole, or not at all.
    struct Member: Sendable {
        let writes: [Write]
        let entries: [WrittenEntry]
        /// The ids of entries that it comes after, besides those it links to.
        var after: [String] = []
        /// Told where the entries came to stand; nil where nobody waits.
        let done: (@Sendable (Result<[LogPosition], any Error>) -> Void)?

        /// Whether it ends or stops something: there is room for it when there is none for anything else, and it goes first.
        var isEssential: Bool { writes.contains(where: \.isEssential) || entries.contains { $0.entry.isEssential } }

        var ids: [String] { entries.map(\.entry.id) }

        /// Why it is not written: what it links to was not.
        func reason(among failed: [String: any Error]) -> (any Error)? {
            guard !failed.isEmpty else { return nil }
            return (after + entries.flatMap(\.entry.links.values)).lazy.compactMap { failed[$0] }.first
        }
    }

    private struct State {
        var essential: [Member] = []
        var others: [Member] = []
        var isRunning = false
    }

    /// Beyond so many waiting, what is not essential is refused.
    private static let most = 10_000
    /// So many share a batch at most: who comes later must not wait for all of them.
    static let batch = 512

    private let state = Mutex(State())

    /// - Returns: whether somebody is to see to what waits; nil when there is no room.
    func add(_ member: Member) -> Bool? {
        state.withLock { state in
            if member.isEssential {
                state.essential.append(member)
            } else {
                guard state.others.count < Self.most else { return nil }
                state.others.append(member)
            }
            defer { state.isRunning = true }
            return !state.isRunning
        }
    }

    /// What is to be written next, in order; empty when nothing waits, and then somebody is needed again for what comes.
    func next() -> [Member] {
        state.withLock { state in
            let next = Array((state.essential + state.others).prefix(Self.batch))
            let urgent = min(next.count, state.essential.count)
            state.essential.removeFirst(urgent)
            state.others.removeFirst(next.count - urgent)
            state.isRunning = !next.isEmpty
            return next
        }
    }
}
