public import Authority
import Cedar
import StrictJSON
public import TransparencyLog

/// Verifies the logs with nothing but their public keys and checkpoints kept elsewhere.
public struct Auditor: Sendable {
    public struct Report: Sendable {
        public var sizes: [LogName: Int64] = [:]
        public var checkpoints = 0
        public var replayed = 0
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
        var (known, fold): (Set<String>, RecordFold) = ([], RecordFold())
        var links: [(from: String, to: String)] = []
        var replay = Replay(isOn: replaying)
        for log in [LogName.requests, .decisions, .actions] {
            var tree = GrowingTree()
            let size = try await store.logSize(log)
            let wanted = checkpoints.filter { $0.origin.hasSuffix("/\(log.rawValue)") }
            if wanted.isEmpty { report.unwitnessed.append(log) }
            for start in stride(from: 0, to: size, by: Int(page)) {
                let entries = try await store.entries(log, in: start..<min(start + page, size))
                for bytes in entries {
                    try await check(bytes, log, &tree, &report)
                    try await checkPlace(bytes, LogPosition(log: log, index: tree.size - 1), &report)
                    tree.compare(with: wanted, &report.problems)
                    Self.read(bytes, &known, &links, &replay, &fold, &report)
                }
                progress(start + Int64(entries.count))
            }
            tree.finish(wanted, expected: size, log, &report.problems)
            try await checkHead(log, tree, &report)
            report.sizes[log] = tree.size
        }
        for link in links where !known.contains(link.to) {
            report.problems.append("\(link.from) refers to \(link.to), which is in no log")
        }
        try await checkRecords(&fold, &report)
        report.replayed = replay.count
        return report
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

    /// The entry must say which log it is of, and be found by its id where it is.
    private func checkPlace(_ bytes: [UInt8], _ position: LogPosition, _ report: inout Report) async throws {
        guard let entry = try? JSONReader.read(bytes, limits: LogEntry.reading), let id = entry["id"]?.string else { return }
        let found = try await store.position(ofEntry: id)
        if entry["log"] != .string(position.log.rawValue) || found != position {
            report.problems.append("\(position.log.rawValue) \(position.index): the entry is not where its id and log say")
        }
    }

    private static func read(
        _ bytes: [UInt8], _ known: inout Set<String>, _ links: inout [(from: String, to: String)], _ replay: inout Replay,
        _ fold: inout RecordFold, _ report: inout Report
    ) {
        guard let entry = try? JSONReader.read(bytes, limits: LogEntry.reading), let id = entry["id"]?.string else {
            report.problems.append("an entry can't be read")
            return
        }
        known.insert(id)
        fold.take(entry)
        // Changes are named by links but are no entries themselves.
        for link in entry["links"]?.object?.members ?? [] where !["change", "rollbackOf"].contains(link.key) {
            links.append((id, link.value.string ?? ""))
        }
        if let problem = replay.take(entry) { report.problems.append("\(id): \(problem)") }
    }
}

/// A tree rebuilt from its leaves, compared with checkpoints as it grows.
private struct GrowingTree {
    private var edge = TreeEdge()
    private var matched: Set<Checkpoint> = []

    var size: Int64 { edge.size }
    var root: Hash { edge.root }

    mutating func append(_ leaf: Hash) -> [(NodeID, Hash)] { edge.append(leaf) }

    mutating func compare(with checkpoints: [Checkpoint], _ problems: inout [String]) {
        for checkpoint in checkpoints where checkpoint.size == size { match(checkpoint, &problems) }
    }

    private mutating func match(_ checkpoint: Checkpoint, _ problems: inout [String]) {
        matched.insert(checkpoint)
        if root != checkpoint.root {
            problems.append("\(checkpoint.origin): the first \(size) entries are not those of the checkpoint")
        }
    }

    mutating func finish(_ checkpoints: [Checkpoint], expected: Int64, _ log: LogName, _ problems: inout [String]) {
        if size != expected { problems.append("\(log.rawValue): \(expected) entries are counted, \(size) are there") }
        for checkpoint in checkpoints where checkpoint.size == 0 && checkpoint.root != .empty {
            problems.append("\(checkpoint.origin): a checkpoint of the empty log has a root that is not empty")
        }
        for checkpoint in checkpoints where checkpoint.size > size {
            problems.append("\(checkpoint.origin): the checkpoint has \(checkpoint.size) entries, the log only \(size)")
        }
    }
}

/// Makes the logged decisions again.
private struct Replay {
    private let isOn: Bool
    private var bundles: [String: PolicyBundle] = [:]
    /// The parts read since the last entry that is none: they belong to the next.
    private var parts: [String: String] = [:]
    private(set) var count = 0

    init(isOn: Bool) { self.isOn = isOn }

    /// - Returns: what is wrong with the entry, or nil.
    mutating func take(_ entry: JSONValue) -> String? {
        guard isOn else { return nil }
        if entry["kind"] == "part", let id = entry["id"]?.string {
            parts[id] = entry["body"]?["text"]?.string
            return nil
        }
        let body: JSONValue
        do { body = try LogEntry.body(of: entry, parts: parts) } catch { return "\(error)" }
        parts = [:]
        switch entry["kind"]?.string {
        case "policies": return load(body)
        case "decision": return decideAgain(body)
        default: return nil
        }
    }

    private mutating func load(_ body: JSONValue) -> String? {
        let sources = (body["sources"]?.array ?? []).map { (name: $0["name"]?.string ?? "", text: $0["text"]?.string ?? "") }
        guard let schema = body["schema"]?.string.flatMap(Digest.init(hex:)), let schemaText = body["schemaText"]?.string,
            let bundle = try? PolicyBundle(recorded: sources, schemaText: schemaText, schema: schema),
            bundle.digest.hex == body["digest"]?.string
        else { return "the recorded policies can't be loaded" }
        bundles[bundle.digest.hex] = bundle
        return nil
    }

    private mutating func decideAgain(_ body: JSONValue) -> String? {
        guard let recorded = body["decision"], let json = body["question"], let epochs = recorded["epochs"],
            let digest = epochs["policies"]?.string, let bundle = bundles[digest], let then = try? Epochs(json: epochs),
            let question = try? Question(json: json)
        else { return "the decision can't be replayed: its question or its policies are not in the log" }
        let again = decide(question, with: bundle, epochs: then)
        count += 1
        guard JSONWriter.canonical(again.json) == JSONWriter.canonical(recorded) else {
            return "the decision comes out differently when made again"
        }
        return furtherProblem(body["further"]?.array ?? [], question, bundle, then)
    }

    private mutating func furtherProblem(_ further: [JSONValue], _ template: Question, _ bundle: PolicyBundle, _ then: Epochs)
        -> String?
    {
        let decider = Decider(template, with: bundle, epochs: then)
        for recorded in further {
            guard let operation = recorded["operation"]?.string,
                let resource = recorded["resource"].flatMap({ try? EntityUID(json: $0) })
            else {
                return "a further decision can't be read"
            }
            let again = decider.decideRead(operation, on: resource)
            count += 1
            if again.verdict.rawValue != recorded["verdict"]?.string {
                return "\(operation) on \(resource) comes out differently when made again"
            }
        }
        return nil
    }
}
