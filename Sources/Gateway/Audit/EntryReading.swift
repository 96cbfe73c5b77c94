import Authority
import StrictJSON

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
    mutating func take(_ bytes: [UInt8]) -> [String] {
        guard let entry = try? JSONReader.read(bytes, limits: LogEntry.reading), let id = entry["id"]?.string else {
            return ["an entry can't be read"]
        }
        known.insert(id)
        fold.take(entry)
        // Changes are named by links but are no entries themselves.
        for link in entry["links"]?.object?.members ?? [] where !["change", "rollbackOf"].contains(link.key) {
            links.append((id, link.value.string ?? ""))
        }
        let kind = entry["kind"]?.string ?? ""
        guard kind != "part" else {
            parts[id] = entry["body"]?["text"]?.string
            return []
        }
        defer { parts = [:] }
        do {
            let body = try LogEntry.body(of: entry, parts: parts)
            if let kind = Auditor.Basis.Kind(rawValue: kind) { note(kind, Digest(of: body), id) }
            let problems = [replay.take(kind, body)].compactMap { $0 } + provenance.take(kind, entry, body)
            return problems.map { "\(id): \($0)" }
        } catch { return ["\(id): \(error)"] }
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
