import Authority

/// Goes through the logs' entries, requests first and actions last, and says what is wrong with each and with all together.
struct EntryReading {
    private var known: Set<String> = []
    private var links: [(from: String, to: String)] = []
    private var replay: Replay
    private var provenance = Provenance()
    /// The parts read since the last entry that is none: they belong to the next.
    private var parts: [String: String] = [:]
    var fold = RecordFold()
    /// What executions are proved by, each time that it changed.
    private(set) var bases: [Auditor.Basis] = []

    var replayed: Int { replay.count }
    var proved: Int { provenance.proved }

    init(replaying: Bool) { replay = Replay(isOn: replaying) }

    /// - Returns: what is wrong with the entry.
    mutating func take(_ entry: LoggedEntry, blob: [UInt8]? = nil) -> [String] {
        known.insert(entry.id)
        fold.take(entry)
        // Changes are named by links but are no entries themselves.
        for (role, target) in entry.links.sorted(by: { $0.key < $1.key }) where !["change", "rollbackOf"].contains(role) {
            links.append((entry.id, target))
        }
        if let text = entry.text {
            parts[entry.id] = text
            return []
        }
        defer { parts = [:] }
        do {
            let record = try entry.record(parts: parts, blob: blob)
            if let kind = Auditor.Basis.Kind(rawValue: entry.kind.rawValue) {
                note(kind, Digest(of: try entry.body(parts: parts, blob: blob)), entry.id)
            }
            let problems = [replay.take(record)].compactMap { $0 } + provenance.take(record, entry)
            return problems.map { "\(entry.id): \($0)" }
        } catch { return ["\(entry.id): \(error)"] }
    }

    private mutating func note(_ kind: Auditor.Basis.Kind, _ digest: Digest, _ id: String) {
        guard bases.last(where: { $0.kind == kind })?.digest != digest else { return }
        bases.append(Auditor.Basis(kind: kind, digest: digest, entry: id))
    }

    /// - Returns: what is wrong with all of them together.
    func end() -> [String] {
        links.filter { !known.contains($0.to) }.map { "\($0.from) refers to \($0.to), which is in no log" }
    }
}
