import Authority
import Crypto
import TransparencyLog

/// Reads a store's logs and proves that they are those that the gateway signed last, and those of checkpoints kept elsewhere.
struct LogProof {
    private static let page: Int64 = 64

    private let gateway: String
    private let key: Curve25519.Signing.PublicKey
    private let notes: [String]
    private(set) var trees: [LogName: LogTree] = [:]
    private(set) var problems: [String] = []
    /// The ids of the entries of signed statements.
    private(set) var statements: [String] = []
    /// The last decision on each change.
    private(set) var decisions: [String: Ledger.Decided] = [:]
    var fold: RecordFold
    /// The texts of the parts that stand before the entry read next.
    private var parts: [String: String] = [:]
    /// What closed logs were closed with.
    private var closed: [LogName: Checkpoint] = [:]

    /// - Parameter sequence: the number of the last batch before what is read.
    init(gateway: String, key: Curve25519.Signing.PublicKey, notes: [String], after sequence: Int64 = 0) {
        self.gateway = gateway
        self.key = key
        self.notes = notes
        fold = RecordFold(after: sequence)
    }

    /// The checkpoints of closed logs that have no successor yet.
    private(set) var toSucceed: [LogName: Checkpoint] = [:]

    /// Reads the logs that an earlier version left.
    mutating func read(_ logs: any ClosedLogs) async throws {
        for log in LogName.allCases {
            var tree = TreeEdge()
            try await follow(log, of: logs, isSuccessor: false, from: 0, .empty) { proof, bytes, _ in
                tree.append(.leaf(bytes))
                try await proof.take(bytes, nil, of: nil)
                return (tree.size, tree.root)
            }
            closed[log] = Checkpoint(origin: Journal.origin(log, gateway: gateway), size: tree.size, root: tree.root)
        }
        // Where a decision stands in a closed log is of no use: it is made anew.
        decisions = [:]
    }

    /// Reads the logs that are written.
    ///
    /// - Parameters:
    ///   - isSuccessor: whether they go on from closed ones.
    ///   - trees: of what is proved already; what comes after it is read.
    mutating func read(_ store: any Store, isSuccessor: Bool, after trees: [LogName: LogTree] = [:]) async throws {
        for log in LogName.allCases {
            var tree = trees[log] ?? LogTree()
            let start = tree.size
            try await follow(log, of: store, isSuccessor: isSuccessor, from: start, tree.root) { proof, bytes, index in
                _ = tree.append(.leaf(bytes))
                try await proof.take(bytes, LogPosition(log: log, index: index), of: store)
                return (tree.size, tree.root)
            }
            self.trees[log] = tree
            try await checkEarlier(log, isSuccessor: isSuccessor, than: start, tree, store)
            if isSuccessor, tree.size == 0 { toSucceed[log] = closed[log] }
        }
    }

    private mutating func follow(
        _ log: LogName, of logs: any StoredLogs, isSuccessor: Bool, from start: Int64, _ root: Hash,
        _ add: (inout LogProof, [UInt8], Int64) async throws -> (size: Int64, root: Hash)
    ) async throws {
        let name = LogKey(name: Journal.origin(log, gateway: gateway, isSuccessor: isSuccessor), key: key)
        let head = try await logs.head(log).flatMap { SignedCheckpoint(note: $0, key: name)?.checkpoint }
        let kept = checkpoints(log, isSuccessor: isSuccessor) + [head].compactMap { $0 }
        let size = try await logs.logSize(log)
        var last = start
        for start in stride(from: start, to: size, by: Int(Self.page)) {
            let entries = try await logs.entries(log, in: start..<min(start + Self.page, size))
            for bytes in entries {
                let tree = try await add(&self, bytes, last)
                last = tree.size
                for checkpoint in kept where checkpoint.size == tree.size && checkpoint.root != tree.root {
                    problems.append("\(log.rawValue): the first \(tree.size) entries are not those of a checkpoint")
                }
            }
            // The last index may be anything: nobody looks for entries up to it.
            guard entries.count == Int(min(Self.page, size - start)) else { break }
        }
        for later in kept where later.size > last {
            problems.append("\(log.rawValue): a checkpoint has \(later.size) entries, the log only \(last)")
        }
        if let head, head.size == last, last == start, head.root != root {
            problems.append("\(log.rawValue): the first \(last) entries are not those that the gateway signed")
        }
        if size > 0, size != last || head?.size != last {
            problems.append(
                "\(log.rawValue): the gateway signed \(head.map { "\($0.size)" } ?? "no") entries, and \(last) are there")
        }
    }

    /// The checkpoints kept elsewhere of that log.
    private func checkpoints(_ log: LogName, isSuccessor: Bool) -> [Checkpoint] {
        let name = LogKey(name: Journal.origin(log, gateway: gateway, isSuccessor: isSuccessor), key: key)
        return notes.compactMap { SignedCheckpoint(note: $0, key: name)?.checkpoint }
    }

    /// Holds against the tree what checkpoints say that are of less than was read: its tiles prove that it goes on from there.
    private mutating func checkEarlier(
        _ log: LogName, isSuccessor: Bool, than start: Int64, _ tree: LogTree, _ store: any Store
    ) async throws {
        for checkpoint in checkpoints(log, isSuccessor: isSuccessor) where checkpoint.size <= start && checkpoint.size > 0 {
            let proof = try await TreeReader(log, tree, in: store).consistency(of: checkpoint.size)
            guard
                Verification.consistency(
                    old: checkpoint.size, oldRoot: checkpoint.root, new: tree.size, newRoot: tree.root, proof: proof)
            else {
                return problems.append("\(log.rawValue): the first \(checkpoint.size) entries are not those of a checkpoint")
            }
        }
    }

    /// - Parameters:
    ///   - position: nil in a closed log.
    ///   - store: where bodies are that stand beside their entries.
    private mutating func take(_ bytes: [UInt8], _ position: LogPosition?, of store: (any Store)?) async throws {
        do {
            let entry = try LoggedEntry(bytes: bytes)
            fold.take(entry)
            if let position, position.index == 0 { try checkSuccession(entry, position.log) }
            if let text = entry.text {
                parts[entry.id] = text
                return
            }
            defer { parts = [:] }
            if entry.kind == .approval { statements.append(entry.id) }
            guard entry.kind == .decision, let change = entry.links["change"], let position else { return }
            let blob = if let digest = entry.blob { try await store?.blob(digest) } else { [UInt8]?.none }
            // What its policies and facts are is not asked here: one that can't be read names nobody eligible.
            let record = try? entry.record(parts: parts, blob: blob)
            let decision: DecisionRecord? = if case .decision(let decision)? = record { decision } else { nil }
            decisions[change] = Ledger.Decided(position, decision)
        } catch let error as StoreError where error.code == .corrupt { problems.append(error.message) }
    }

    /// A log that goes on from a closed one says so first, and one that does not, doesn't.
    private mutating func checkSuccession(_ entry: LoggedEntry, _ log: LogName) throws {
        let from = Journal.origin(log, gateway: gateway)
        var said: Checkpoint?
        if case .succession(log, let note)? = try? entry.record() {
            said = SignedCheckpoint(note: note, key: LogKey(name: from, key: key))?.checkpoint
        }
        guard entry.kind == .succession || closed[log] != nil else { return }
        guard let said, said == closed[log] else {
            problems.append("\(log.rawValue): the log does not go on from the one that was closed")
            return
        }
    }
}
