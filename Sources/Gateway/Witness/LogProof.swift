import Authority
import Crypto
import TransparencyLog

/// Reads a store's logs and proves that they are those that the gateway signed last, and those of checkpoints kept elsewhere.
struct LogProof {
    private static let page: Int64 = 64

    private let gateway: String
    private let key: Curve25519.Signing.PublicKey
    private let notes: [String]
    private(set) var trees: [LogName: TreeEdge] = [:]
    private(set) var problems: [String] = []
    /// The ids of the entries of signed statements.
    private(set) var statements: [String] = []
    /// The last decision on each change.
    private(set) var decisions: [String: Ledger.Decided] = [:]
    var fold = RecordFold()
    /// The texts of the parts that stand before the entry read next.
    private var parts: [String: String] = [:]

    init(gateway: String, key: Curve25519.Signing.PublicKey, notes: [String]) {
        self.gateway = gateway
        self.key = key
        self.notes = notes
    }

    mutating func read(_ log: LogName, of store: any Store) async throws {
        let key = LogKey(name: Journal.origin(log, gateway: gateway), key: key)
        let head = try await store.head(log).flatMap { SignedCheckpoint(note: $0, key: key)?.checkpoint }
        let kept = notes.compactMap { SignedCheckpoint(note: $0, key: key)?.checkpoint } + [head].compactMap { $0 }
        var tree = TreeEdge()
        let size = try await store.logSize(log)
        for start in stride(from: 0, to: size, by: Int(Self.page)) {
            for bytes in try await store.entries(log, in: start..<min(start + Self.page, size)) {
                tree.append(.leaf(bytes))
                compare(tree, with: kept, log)
                take(bytes, LogPosition(log: log, index: tree.size - 1))
            }
        }
        for later in kept where later.size > tree.size {
            problems.append("\(log.rawValue): a checkpoint has \(later.size) entries, the log only \(tree.size)")
        }
        if size > 0, head?.size != tree.size {
            problems.append(
                "\(log.rawValue): the gateway signed \(head.map { "\($0.size)" } ?? "no") entries, and \(tree.size) are there")
        }
        trees[log] = tree
    }

    private mutating func take(_ bytes: [UInt8], _ position: LogPosition) {
        do {
            let entry = try LoggedEntry(bytes: bytes)
            fold.take(entry)
            if let text = entry.text {
                parts[entry.id] = text
                return
            }
            defer { parts = [:] }
            if entry.kind == .approval { statements.append(entry.id) }
            if entry.kind == .decision, let change = entry.links["change"] {
                // What its policies and facts are is not asked here: one that can't be read names nobody eligible.
                let record = try? entry.record(parts: parts)
                let decision: DecisionRecord? = if case .decision(let decision)? = record { decision } else { nil }
                decisions[change] = Ledger.Decided(position, decision)
            }
        } catch { problems.append("\(position.log.rawValue)/\(position.index): \(error.message)") }
    }

    private mutating func compare(_ tree: TreeEdge, with kept: [Checkpoint], _ log: LogName) {
        for checkpoint in kept where checkpoint.size == tree.size && checkpoint.root != tree.root {
            problems.append("\(log.rawValue): the first \(tree.size) entries are not those of a checkpoint")
        }
    }
}
