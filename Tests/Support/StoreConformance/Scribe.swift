public import Authority
import TransparencyLog

/// Puts writes and entries into batches, as the gateway does: with places, tiles and heads. For one store, one call at a time.
public actor Scribe {
    private let store: any Store
    private var trees: [LogName: LogTree] = [:]

    public init(_ store: any Store) { self.store = store }

    /// - Throws: what the conflict of the only member is.
    @discardableResult
    public func commit(_ writes: [Write], entries: [LogEntry]) async throws -> [LogPosition] {
        do { return try await commit([(writes, entries)]) } catch let conflict as BatchConflict { throw conflict.reason }
    }

    public func commit(_ intent: Intent, of change: Change, entry: LogEntry) async throws {
        try await commit([.recordIntent(intent, of: change)], entries: [entry])
    }

    /// - Parameter before: the sizes that the logs are said to have had, where not those that they had.
    @discardableResult
    public func commit(_ members: [([Write], [LogEntry])], before: [LogName: Int64] = [:], isEssential: Bool = false) async throws
        -> [LogPosition]
    {
        var (next, entries, tiles) = (trees, [StoreBatch.Entry](), [LogName: [TileID: Tile]]())
        for (number, member) in members.enumerated() {
            for entry in member.1 {
                let written = try entry.written()
                let place = LogPosition(log: entry.log, index: next[entry.log, default: LogTree()].size)
                for tile in next[entry.log, default: LogTree()].append(.leaf(written.bytes)) {
                    tiles[entry.log, default: [:]][tile.id] = tile
                }
                entries.append(.init(position: place, written, member: number))
            }
        }
        let logs = Set(entries.map(\.position.log)).sorted { $0.rawValue < $1.rawValue }.map { log in
            StoreBatch.Log(
                log, tiles: Array((tiles[log] ?? [:]).values), head: "\(next[log]?.size ?? 0)",
                before: before[log] ?? trees[log]?.size ?? 0)
        }
        try await store.commit(StoreBatch(members: members.map(\.0), entries: entries, logs: logs, isEssential: isEssential))
        trees = next
        return entries.map(\.position)
    }
}
