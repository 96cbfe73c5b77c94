public import Authority
public import TransparencyLog

/// Verifies the logs with nothing but their public keys and checkpoints kept elsewhere.
public struct Auditor: Sendable {
    /// What executions are proved by, as the log says: whoever has the log's key and the store could put in others.
    public struct Basis: Sendable {
        /// The people with their keys, and the policies.
        public enum Kind: String, Sendable { case registry, policies }

        public let kind: Kind
        public let digest: Digest
        /// The id of the entry from which on it counts.
        public let entry: String
    }

    public struct Report: Sendable {
        public var sizes: [LogName: Int64] = [:]
        public var checkpoints = 0
        public var replayed = 0
        /// Executions proved back to an intent, a permit and the signatures it counted.
        public var proved = 0
        /// The people and policies that they are proved by, oldest first.
        public var bases: [Basis] = []
        /// The logs of which no checkpoint was given: removal from their end would go unseen.
        public var unwitnessed: [LogName] = []
        /// Everything found wrong.
        public var problems: [String] = []

        public var isWhole: Bool { problems.isEmpty && unwitnessed.isEmpty }
    }

    private let store: any Store
    private let keys: [LogKey]
    private let page: Int64 = 64

    public init(store: any Store, keys: [LogKey]) {
        self.store = store
        self.keys = keys
    }

    /// Recomputes every tree from its entries, compares with the stored nodes and with each checkpoint, follows every
    /// link, and makes every decision again.
    ///
    /// - Parameters:
    ///   - notes: signed checkpoints; each log needs at least one that was kept where the gateway can't write.
    ///   - progress: told how many entries have been read.
    ///   - replaying: whether every decision is made again, too.
    public func verify(_ notes: [String], replaying: Bool = true, progress: (Int64) -> Void = { _ in }) async throws -> Report {
        var report = Report()
        let checkpoints = read(notes, &report)
        var reading = EntryReading(replaying: replaying)
        var links: Int64 = 0
        for log in [LogName.requests, .decisions, .actions] {
            let size: Int64
            do { size = try await store.logSize(log) } catch let error as StoreError where error.code == .corrupt {
                report.problems.append(error.message)
                continue
            }
            let wanted = checkpoints.filter { $0.origin.hasSuffix("/\(log.rawValue)") }
            if wanted.isEmpty { report.unwitnessed.append(log) }
            var tree = try await follow(log, size, wanted, &links, &reading, &report, progress)
            tree.finish(wanted, expected: size, log, &report.problems)
            try await checkHead(log, tree, &report)
            report.sizes[log] = tree.size
        }
        report.problems += reading.end()
        try await checkCounts(links, &report)
        try await checkRecords(&reading.fold, &report)
        report.replayed = reading.replayed
        report.proved = reading.proved
        report.bases = reading.bases
        return report
    }

    /// Reads a log from its beginning, page by page.
    private func follow(
        _ log: LogName, _ size: Int64, _ wanted: [Checkpoint], _ links: inout Int64, _ reading: inout EntryReading,
        _ report: inout Report, _ progress: (Int64) -> Void
    ) async throws -> GrowingTree {
        var tree = GrowingTree()
        for start in stride(from: 0, to: size, by: Int(page)) {
            let entries = try await store.entries(log, in: start..<min(start + page, size))
            for bytes in entries {
                try await check(bytes, log, &tree, &report)
                tree.compare(with: wanted, &report.problems)
                let position = LogPosition(log: log, index: tree.size - 1)
                do {
                    let entry = try LoggedEntry(bytes: bytes)
                    links += try await checkPlace(entry, position, &report)
                    report.problems += reading.take(entry)
                } catch let error as StoreError where error.code == .corrupt {
                    report.problems.append("\(log.rawValue) \(position.index): \(error.message)")
                }
            }
            progress(start + Int64(entries.count))
        }
        return tree
    }

    /// The gateway signs each batch: what stands after the last that it signed is not its own.
    private func checkHead(_ log: LogName, _ tree: GrowingTree, _ report: inout Report) async throws {
        guard tree.size > 0 else { return }
        let note = try await store.head(log) ?? ""
        let head = keys.lazy.compactMap { SignedCheckpoint(note: note, key: $0)?.checkpoint }.first {
            $0.origin.hasSuffix("/\(log.rawValue)")
        }
        if head?.size != tree.size || head?.root != tree.root {
            report.problems.append(
                "\(log.rawValue): the gateway signed \(head.map { "\($0.size)" } ?? "no") entries, and \(tree.size) are there")
        }
    }

    /// Nothing is in the logs' tables that belongs to none of them.
    private func checkCounts(_ links: Int64, _ report: inout Report) async throws {
        let sizes = report.sizes.values
        let expected = LogCounts(
            entries: sizes.reduce(0, +), links: links, nodes: sizes.reduce(0) { $0 + 2 * $1 - Int64($1.nonzeroBitCount) },
            heads: Int64(sizes.count { $0 > 0 }))
        let found = try await store.logCounts()
        if found != expected { report.problems.append("the store has \(found) of the logs, which have \(expected)") }
    }

    /// The store's records are those that the log tells of.
    private func checkRecords(_ fold: inout RecordFold, _ report: inout Report) async throws {
        let (_, digests) = fold.end()
        report.problems += fold.problems
        do { report.problems += RecordFold.differences(try await store.records(), digests) } catch let error as StoreError {
            report.problems.append(error.message)
        }
    }

    private func read(_ notes: [String], _ report: inout Report) -> [Checkpoint] {
        notes.compactMap { note in
            for key in keys {
                if let signed = SignedCheckpoint(note: note, key: key) {
                    report.checkpoints += 1
                    return signed.checkpoint
                }
            }
            report.problems.append("a checkpoint is not signed by any of the keys given")
            return nil
        }
    }

    private func check(_ bytes: [UInt8], _ log: LogName, _ tree: inout GrowingTree, _ report: inout Report) async throws {
        let leaf = Hash.leaf(bytes)
        for (id, hash) in tree.append(leaf) {
            let stored = try await store.node(log, level: id.level, index: id.index)
            if stored != hash.bytes {
                report.problems.append("\(log.rawValue) \(tree.size - 1): the entry and the stored tree differ")
            }
        }
    }

    /// The entry must say which log it is of, and be found where it is, by its id and by what it links to.
    ///
    /// - Returns: how many links it has.
    private func checkPlace(_ entry: LoggedEntry, _ position: LogPosition, _ report: inout Report) async throws -> Int64 {
        let place = "\(position.log.rawValue) \(position.index)"
        let found = try await store.position(ofEntry: entry.id)
        if entry.log != position.log || found != position {
            report.problems.append("\(place): the entry is not where its id and log say")
        }
        let targets = Set(entry.links.values)
        for target in targets.sorted() where try await !store.isLinked(position, to: target) {
            report.problems.append("\(place): the entry is not found by its link to \(target)")
        }
        return Int64(targets.count)
    }
}
