import Authority
import Crypto
import TransparencyLog

/// How much was held against what the gateway wrote.
public struct StoreCheck: Sendable {
    public fileprivate(set) var entries: Int64 = 0
    public fileprivate(set) var records: Int64 = 0
}

/// What a start leaves out, so that it takes no longer the more there is: the entries before the last snapshot, and the records
/// that decide nothing any more.
extension WitnessedStore {
    private static let page: Int64 = 64

    /// Holds everything in the store against what the gateway wrote, while it goes on. What is not that ends the process: the next
    /// start reads everything, and says what else there is.
    ///
    /// - Parameter pause: called after each page.
    /// - Throws: ``StoreError`` `altered` with what was found.
    package func checkEverything(pause: () async throws -> Void) async throws -> StoreCheck {
        var found = StoreCheck()
        do {
            if isSuccessor { try await checkClosed(&found, pause) }
            for log in LogName.allCases { try await check(log, &found, pause) }
            for kind in StoredRecord.Kind.allCases { try await check(kind, &found, pause) }
            try await checkBuckets(pause)
        } catch let error as StoreError where error.code == .altered || error.code == .corrupt {
            throw await writer.distrust(error.message)
        }
        return found
    }

    // MARK: Logs

    /// What a log comes to when it is read from its beginning.
    private func follow(
        _ log: LogName, of logs: any StoredLogs, size: Int64, _ found: inout StoreCheck, _ pause: () async throws -> Void,
        _ visit: ([UInt8]) async throws -> Void
    ) async throws -> Hash {
        var edge = TreeEdge()
        for start in stride(from: 0, to: size, by: Int(Self.page)) {
            for bytes in try await logs.entries(log, in: start..<min(start + Self.page, size)) {
                edge.grow(.leaf(bytes))
                try await visit(bytes)
            }
            guard edge.size == min(start + Self.page, size) else { break }
            found.entries += min(Self.page, size - start)
            try await pause()
        }
        guard edge.size == size else { throw StoreError(.altered, "entries of the \(log.rawValue) log are missing") }
        return edge.root
    }

    private func check(_ log: LogName, _ found: inout StoreCheck, _ pause: () async throws -> Void) async throws {
        let checkpoint = try checkpoint(log).checkpoint
        var tiles = LogTree()
        let root = try await follow(log, of: inner, size: checkpoint.size, &found, pause) { bytes in
            let full = tiles.append(.leaf(bytes)).filter { $0.hashes.count == Tile.width }
            let stored = full.isEmpty ? [:] : try await inner.tiles(full.map(\.id), of: log)
            for tile in full where stored[tile.id]?.hashes != tile.hashes {
                throw StoreError(.altered, "a tile of the \(log.rawValue) log is not what was written")
            }
            guard let digest = try LoggedEntry(bytes: bytes).blob else { return }
            guard try await inner.blob(digest).map({ Authority.Digest(of: $0) }) == digest else {
                throw StoreError(.altered, "a body beside an entry of the \(log.rawValue) log is not what was written")
            }
        }
        guard root == checkpoint.root else {
            throw StoreError(.altered, "the \(log.rawValue) log is not what was written")
        }
    }

    /// The logs that an earlier version left, held against the checkpoints that those after them begin with.
    private func checkClosed(_ found: inout StoreCheck, _ pause: () async throws -> Void) async throws {
        guard let closed = try await inner.closedLogs() else { throw StoreError(.altered, "the closed logs are missing") }
        for log in LogName.allCases {
            let name = LogKey(name: Journal.origin(log, gateway: gateway), key: key)
            guard let first = try await entries(log, in: 0..<1).first,
                case .succession(_, let note) = try LoggedEntry(bytes: first).record(),
                let end = SignedCheckpoint(note: note, key: name)?.checkpoint
            else { throw StoreError(.altered, "the \(log.rawValue) log does not say what it goes on from") }
            let size = try await closed.logSize(log)
            let root = try await follow(log, of: closed, size: end.size, &found, pause) { _ in }
            let head = try await closed.head(log).flatMap { SignedCheckpoint(note: $0, key: name)?.checkpoint }
            guard size == end.size, root == end.root, head == end || size == 0 else {
                throw StoreError(.altered, "the closed \(log.rawValue) log is not that which was closed")
            }
        }
    }

    // MARK: Records

    private func check(_ kind: StoredRecord.Kind, _ found: inout StoreCheck, _ pause: () async throws -> Void) async throws {
        var (after, seen): (String?, Int64) = (nil, 0)
        // All but the last while the gateway goes on. Locks come and go, and are few.
        while kind != .lock {
            let page = try await settled { [after] _ in try await ours(of: kind, after: after) }
            guard let next = page.next else { break }
            (after, seen) = (next, seen + page.count)
            try await pause()
        }
        found.records += try await writer.inTurn {
            repeat {
                let page: RecordPage
                do { page = try await ours(of: kind, after: after) } catch let mismatch as Mismatch {
                    throw altered(mismatch.what)
                }
                (after, seen) = (page.next, seen + page.count)
            } while after != nil
            guard seen == writer.known({ $0.map.count(of: kind) }) else {
                throw altered("the number of records of the kind \(kind.rawValue)")
            }
            return seen
        }
    }

    /// What the store has of the records' digests.
    private func checkBuckets(_ pause: () async throws -> Void) async throws {
        let all = writer.known(\.map).buckets
        for start in stride(from: 0, to: all.count, by: Int(Self.page)) {
            let numbers = Array(all[start..<min(start + Int(Self.page), all.count)])
            try await settled { _ in
                let buckets = try await inner.buckets(numbers)
                guard writer.known(\.map).check(buckets, of: numbers).isWhole else {
                    throw Mismatch(what: "a bucket of digests")
                }
            }
            try await pause()
        }
    }
}

extension RecordPage {
    /// Without what no entry tells of.
    fileprivate var count: Int64 { Int64(records.count { !$0.isFirstEpoch }) }
}
