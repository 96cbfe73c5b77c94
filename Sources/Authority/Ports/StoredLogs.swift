/// The three logs as they stand in a store.
public protocol StoredLogs: Sendable {
    /// The signed checkpoint that the last batch left.
    func head(_ log: LogName) async throws -> String?
    /// One more than the index of the last entry.
    func logSize(_ log: LogName) async throws -> Int64
    /// The bytes of the entries with these indices, in order.
    func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]]
    func position(ofEntry id: String) async throws -> LogPosition?
    /// The positions of entries that link to `id` or have it, oldest first.
    func positions(linkedTo id: String) async throws -> [LogPosition]
    /// Whether the entry there is found by what it links to.
    func isLinked(_ position: LogPosition, to id: String) async throws -> Bool
    /// How much there is of all logs together.
    func logCounts() async throws -> LogCounts
}

/// Logs as versions before 3 wrote them: long bodies in parts, and a row for each node of a tree.
public protocol ClosedLogs: StoredLogs {
    /// The hash, 32 bytes, of a complete subtree.
    func node(_ log: LogName, level: Int, index: Int64) async throws -> [UInt8]?
}

/// How much a store has of all logs together: more or less than the logs' own sizes say is somebody else's doing.
public struct LogCounts: Hashable, Sendable {
    public let entries: Int64
    /// Each entry's to each of its targets.
    public let links: Int64
    /// Rows that keep the trees: tiles, or nodes in logs before version 3.
    public let tree: Int64
    public let blobs: Int64
    /// The signed checkpoints.
    public let heads: Int64

    public init(entries: Int64, links: Int64, tree: Int64, blobs: Int64, heads: Int64) {
        self.entries = entries
        self.links = links
        self.tree = tree
        self.blobs = blobs
        self.heads = heads
    }
}

/// Where an entry came to stand.
public struct LogPosition: Hashable, Sendable {
    public let log: LogName
    public let index: Int64

    public init(log: LogName, index: Int64) {
        self.log = log
        self.index = index
    }
}
