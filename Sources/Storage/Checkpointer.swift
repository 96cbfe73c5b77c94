import Authority
import GRDB
import Synchronization

/// Moves what was committed from the write-ahead log into the database's file, on a connection of its own: SQLite would else let
/// every fiftieth commit or so wait for that.
final class Checkpointer: Sendable {
    /// About so many frames are moved together: a page that many of them wrote is moved once.
    private static let frames = 4_096
    /// About how many a commit makes by itself, and how many more for each entry.
    private static let perCommit = 8
    static let perEntry = 3
    /// Beyond so many frames the log is begun anew, though commits have to wait for the rest to be moved.
    private static let longest = 16_000
    /// Where nobody came to move them, the committing connection does: in frames.
    static let backstop = 64_000

    private struct State {
        var frames = 0
        var isRunning = false
        /// Why nobody can tell what is in the database's file any more.
        var failure: StoreError?
    }

    private let database: DatabaseQueue
    private let state = Mutex(State())

    init(path: String, _ configuration: Configuration) throws {
        var configuration = configuration
        // It holds up whoever commits while it waits: a reader that stays long is waited for by the next time.
        configuration.busyMode = .immediateError
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// - Throws: ``StoreError`` `doubtful` after a write or sync of the database's file failed: the same pages can't be trusted to be
    ///   written by trying again.
    func requireWhole() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// So many entries were committed.
    func note(entries: Int) {
        let isDue = state.withLock { state in
            state.frames += Self.perCommit + Self.perEntry * entries
            guard state.frames >= Self.frames, !state.isRunning, state.failure == nil else { return false }
            (state.frames, state.isRunning) = (0, true)
            return true
        }
        if isDue { _Concurrency.Task.detached(priority: .utility) { await self.run() } }
    }

    private func run() async {
        var failure: StoreError?
        do {
            let frames = try await move(.passive)
            if frames > Self.longest { _ = try await move(.restart) }
        } catch {
            // Where it is busy, or there is no room, it is tried again.
            let known = StoreError(error)
            if known.code == .doubtful { failure = known }
        }
        state.withLock { ($0.isRunning, $0.failure) = (false, failure) }
    }

    /// Moves everything, so that the file alone is the whole database.
    func end() async throws { _ = try await move(.truncate) }

    /// - Returns: how many frames the log has.
    private func move(_ mode: Database.CheckpointMode) async throws -> Int {
        try await database.writeWithoutTransaction { try $0.checkpoint(mode).walFrameCount }
    }
}
