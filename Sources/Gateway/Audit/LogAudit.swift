import Authority
import TransparencyLog

/// Reads the three logs of a store from their beginning, and holds them against their trees, links and checkpoints.
struct LogAudit {
    /// Whose logs they are.
    enum Source {
        case store(any Store)
        case closed(any ClosedLogs)

        var logs: any StoredLogs {
            switch self {
            case .store(let store): store
            case .closed(let logs): logs
            }
        }

        fileprivate func tree(of log: LogName) -> any AuditedTree {
            switch self {
            case .store(let store): TileTree(log, store)
            case .closed(let logs): NodeTree(log, logs)
            }
        }
    }

    private let source: Source
    private var logs: any StoredLogs { source.logs }
    /// What the names of these logs end with.
    private let suffix: String
    private let keys: [LogKey]
    private let checkpoints: [Checkpoint]
    /// What the logs before these were closed with; nil when there were none.
    var closing: [LogName: Checkpoint]?
    private(set) var problems: [String] = []
    private(set) var sizes: [LogName: Int64] = [:]
    /// The logs of which no checkpoint was given.
    private(set) var unwitnessed: [LogName] = []
    /// What the logs end with.
    private(set) var ends: [LogName: Checkpoint] = [:]
    private var links: Int64 = 0
    private var blobs: Set<Digest> = []
    private var tree: Int64 = 0

    init(_ source: Source, _ suffix: String, _ keys: [LogKey], _ checkpoints: [Checkpoint]) {
        self.source = source
        self.suffix = suffix
        self.keys = keys
        self.checkpoints = checkpoints
    }

    /// - Throws: `StoreError` when the store can't be read.
    mutating func follow(_ reading: inout EntryReading, page: Int64, _ progress: (Int64) -> Void) async throws {
        for log in [LogName.requests, .decisions, .actions] {
            let size: Int64
            do { size = try await logs.logSize(log) } catch let error as StoreError where error.code == .corrupt {
                problems.append(error.message)
                continue
            }
            let wanted = checkpoints.filter { $0.origin.hasSuffix("/\(log.rawValue)\(suffix)") }
            if wanted.isEmpty { unwitnessed.append(log) }
            var growing: any AuditedTree = source.tree(of: log)
            var edge = GrowingTree()
            for start in stride(from: 0, to: size, by: Int(page)) {
                let entries = try await logs.entries(log, in: start..<min(start + page, size))
                for bytes in entries {
                    edge.append(.leaf(bytes))
                    edge.compare(with: wanted, &problems)
                    problems += try await growing.append(.leaf(bytes))
                    try await take(bytes, LogPosition(log: log, index: edge.size - 1), &reading)
                }
                progress(start + Int64(entries.count))
                guard entries.count == Int(min(page, size - start)) else { break }
            }
            problems += try await growing.end()
            tree += growing.rows
            edge.finish(wanted, expected: size, log, &problems)
            try await checkHead(log, edge)
            sizes[log] = edge.size
        }
        try await checkCounts()
    }

    private mutating func take(_ bytes: [UInt8], _ position: LogPosition, _ reading: inout EntryReading) async throws {
        do {
            let entry = try LoggedEntry(bytes: bytes)
            if position.index == 0 { checkSuccession(entry, position.log) }
            links += try await checkPlace(entry, position)
            var blob: [UInt8]?
            if let digest = entry.blob {
                blobs.insert(digest)
                if case .store(let store) = source { blob = try await store.blob(digest) }
            }
            problems += reading.take(entry, blob: blob)
        } catch let error as StoreError where error.code == .corrupt {
            problems.append("\(position.log.rawValue) \(position.index): \(error.message)")
        }
    }

    /// A log that goes on from a closed one begins with the checkpoint that that one ends with.
    private mutating func checkSuccession(_ entry: LoggedEntry, _ log: LogName) {
        var said: Checkpoint?
        if case .succession(log, let note)? = try? entry.record() {
            said = keys.lazy.compactMap { SignedCheckpoint(note: note, key: $0)?.checkpoint }.first
        }
        guard let closing else {
            if entry.kind == .succession { problems.append("\(log.rawValue): the log that it goes on from is missing") }
            return
        }
        let end = closing[log]
        if said == nil || said?.size != end?.size || said?.root != end?.root || said?.origin.hasSuffix("/\(log.rawValue)") != true
        {
            problems.append("\(log.rawValue): the log does not go on from the one that was closed")
        }
    }

    /// The gateway signs each batch: what stands after the last that it signed is not its own.
    private mutating func checkHead(_ log: LogName, _ tree: GrowingTree) async throws {
        ends[log] = Checkpoint(origin: "", size: tree.size, root: tree.root)
        guard tree.size > 0 else { return }
        let note = try await logs.head(log) ?? ""
        let head = keys.lazy.compactMap { SignedCheckpoint(note: note, key: $0)?.checkpoint }.first {
            $0.origin.hasSuffix("/\(log.rawValue)\(suffix)")
        }
        if head?.size != tree.size || head?.root != tree.root {
            problems.append(
                "\(log.rawValue): the gateway signed \(head.map { "\($0.size)" } ?? "no") entries, and \(tree.size) are there")
        }
    }

    /// Nothing is in the logs' tables that belongs to none of them.
    private mutating func checkCounts() async throws {
        let expected = LogCounts(
            entries: sizes.values.reduce(0, +), links: links, tree: tree, blobs: Int64(blobs.count),
            heads: Int64(sizes.values.count { $0 > 0 }))
        let found = try await logs.logCounts()
        if found != expected { problems.append("the store has \(found) of the logs, which have \(expected)") }
    }

    /// The entry must say which log it is of, and be found where it is, by its id and by what it links to.
    ///
    /// - Returns: how many links it has.
    private mutating func checkPlace(_ entry: LoggedEntry, _ position: LogPosition) async throws -> Int64 {
        let place = "\(position.log.rawValue) \(position.index)"
        let found = try await logs.position(ofEntry: entry.id)
        if entry.log != position.log || found != position {
            problems.append("\(place): the entry is not where its id and log say")
        }
        let targets = Set(entry.links.values)
        for target in targets.sorted() where try await !logs.isLinked(position, to: target) {
            problems.append("\(place): the entry is not found by its link to \(target)")
        }
        return Int64(targets.count)
    }
}

/// What is stored of a tree, held against the tree that the entries make.
protocol AuditedTree {
    /// How many rows there must be.
    var rows: Int64 { get }
    /// - Returns: what is wrong.
    mutating func append(_ leaf: Hash) async throws -> [String]
    mutating func end() async throws -> [String]
}

/// A row for each complete subtree, as versions before 3 kept trees.
struct NodeTree: AuditedTree {
    private let log: LogName
    private let logs: any ClosedLogs
    private var edge = TreeEdge()

    init(_ log: LogName, _ logs: any ClosedLogs) { (self.log, self.logs) = (log, logs) }

    var rows: Int64 { 2 * edge.size - Int64(edge.size.nonzeroBitCount) }

    mutating func append(_ leaf: Hash) async throws -> [String] {
        for (id, hash) in edge.append(leaf) where try await logs.node(log, level: id.level, index: id.index) != hash.bytes {
            return ["\(log.rawValue) \(edge.size - 1): the entry and the stored tree differ"]
        }
        return []
    }

    func end() async throws -> [String] { [] }
}

/// Tiles of 256 hashes.
struct TileTree: AuditedTree {
    private let log: LogName
    private let store: any Store
    private var tree = LogTree()
    /// Those that may still change.
    private var open: [TileID: Tile] = [:]
    private(set) var rows: Int64 = 0

    init(_ log: LogName, _ store: any Store) { (self.log, self.store) = (log, store) }

    mutating func append(_ leaf: Hash) async throws -> [String] {
        var full: [Tile] = []
        for tile in tree.append(leaf) {
            if tile.hashes.count == Tile.width {
                open[tile.id] = nil
                full.append(tile)
            } else {
                open[tile.id] = tile
            }
        }
        return try await compare(full)
    }

    mutating func end() async throws -> [String] {
        try await compare(open.values.sorted { ($0.id.level, $0.id.index) < ($1.id.level, $1.id.index) })
    }

    private mutating func compare(_ tiles: [Tile]) async throws -> [String] {
        guard !tiles.isEmpty else { return [] }
        rows += Int64(tiles.count)
        let stored = try await store.tiles(tiles.map(\.id), of: log)
        return tiles.filter { stored[$0.id]?.hashes != $0.hashes }.map {
            "\(log.rawValue): tile \($0.id.index) of level \($0.id.level) is not what the entries make"
        }
    }
}
