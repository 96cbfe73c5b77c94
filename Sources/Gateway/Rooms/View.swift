import Authority
import Cedar
import StrictJSON

/// What one caller may see of what was read. Each attribute's disclosure is a decision of its own.
///
/// What may not be seen leaves no trace, in the answer or in the log: only what is shown is recorded, with the facts it rests on.
struct View: Sendable {
    /// Facts beyond so many bytes end a page.
    private static let budget = 4 << 20

    let catalogue: Catalogue
    let resource: EntityUID
    private let deliberation: @Sendable ([Entity]) -> Deliberation
    private var facts: [EntityUID: Entity] = [:]
    /// The resource's own facts, and the deliberation over them.
    private let own: [Entity]
    private let base: Deliberation
    private let decision: Decision
    private var further: [DecisionRecord.Further] = []
    private var size = 0
    /// When a look at many entries ends, whatever is left.
    private let end: ContinuousClock.Instant

    /// - Parameters:
    ///   - looking: how long it looks at most.
    ///   - deliberation: over these facts.
    init(
        _ submission: Submission, _ resource: EntityUID, facts: [Entity], _ catalogue: Catalogue, looking: Swift.Duration,
        deliberation: @escaping @Sendable ([Entity]) -> Deliberation
    ) {
        self.catalogue = catalogue
        self.resource = resource
        own = facts
        self.deliberation = deliberation
        for fact in facts { self.facts[fact.uid] = fact }
        base = deliberation(facts)
        decision = base.decide()
        end = .now + looking
    }

    /// Whether the resource itself may be read.
    var mayRead: Bool { decision.verdict == .permit }

    var isFull: Bool { size > Self.budget }

    var isOver: Bool { ContinuousClock.now > end }

    /// The entry of the decision over all that was shown, with every further one over the same facts.
    func entry(in core: Core) -> LogEntry {
        guard facts.count > own.count else { return base.entry(decision, in: core, further: further) }
        let whole = deliberation(facts.values.sorted { $0.uid < $1.uid })
        return whole.entry(whole.decide(), in: core, further: further)
    }

    /// Whether that much of the resource may be seen; recorded where it may.
    mutating func discloses(_ sensitivity: Sensitivity) -> Bool {
        var glance = Glance(base, catalogue)
        guard glance.discloses(sensitivity, of: resource) else { return false }
        further += glance.permits
        return true
    }

    /// Looks at entries one after the other: `body` asks what may be seen of each. What it was permitted counts only if it gives
    /// something; it ends the look by `isOver`.
    mutating func look<T>(
        at records: [EntryRecord], _ body: (inout Glance, EntryRecord, _ isFull: Bool) -> Looked<T>
    ) -> (found: [T], isOver: Bool) {
        // Read once more meanwhile, an entry may have changed; all is decided on what was seen first.
        var seen = facts
        for fact in records.flatMap(\.facts) where seen[fact.uid] == nil { seen[fact.uid] = fact }
        let batch = Set(own.map(\.uid) + records.flatMap { $0.facts.map(\.uid) }).sorted().compactMap { seen[$0] }
        let batched = batch.count == own.count ? base : deliberation(batch)
        var found: [T] = []
        for record in records {
            var glance = Glance(batched, catalogue)
            switch body(&glance, record, isFull) {
            case .nothing: continue
            case .over: return (found, true)
            case .shown(let result):
                found.append(result)
                further += glance.permits
                for uid in record.facts.map(\.uid) where facts[uid] == nil {
                    facts[uid] = seen[uid]
                    size += seen[uid].map { JSONWriter.canonical($0.json).count } ?? 0
                }
            }
        }
        return (found, false)
    }
}

/// What came of looking at an entry.
enum Looked<T> {
    case shown(T)
    case nothing
    /// There is more than is wanted.
    case over
}

/// What policy permits to be seen of one entry.
struct Glance {
    private let deliberation: Deliberation
    private let catalogue: Catalogue
    private var known: [Asked: Bool] = [:]

    private struct Asked: Hashable {
        let operation: String
        let resource: EntityUID
    }

    /// The decisions that permitted something, in the order they were made.
    private(set) var permits: [DecisionRecord.Further] = []

    init(_ deliberation: Deliberation, _ catalogue: Catalogue) {
        self.deliberation = deliberation
        self.catalogue = catalogue
    }

    private mutating func permits(_ operation: String, on resource: EntityUID) -> Bool {
        let key = Asked(operation: operation, resource: resource)
        if let answer = known[key] { return answer }
        let decision = deliberation.decideRead(operation, on: resource)
        known[key] = decision.verdict == .permit
        guard decision.verdict == .permit else { return false }
        permits.append(DecisionRecord.Further(operation, on: resource, decision))
        return true
    }

    mutating func shows(_ attribute: String, of uid: EntityUID) -> Bool {
        discloses(catalogue.sensitivity(of: attribute, on: uid), of: uid)
    }

    mutating func discloses(_ sensitivity: Sensitivity, of uid: EntityUID) -> Bool {
        sensitivity != .secret && permits("sensitivity.\(sensitivity.rawValue)", on: uid)
    }

    mutating func maySee(_ uid: EntityUID) -> Bool {
        guard let reading = catalogue.kind(of: uid).flatMap(catalogue.reading) else { return false }
        return permits(reading.name, on: uid) && shows("name", of: uid)
    }

    mutating func summary(_ record: EntryRecord) -> Reading.Entry {
        var attributes: [(name: String, values: [String])] = []
        for name in record.attributes.keys.sorted() where name != "name" {
            guard shows(name, of: record.uid), let values = record.attributes[name] else { continue }
            attributes.append((name, values))
        }
        return Reading.Entry(entry: record.named, attributes: attributes)
    }
}

extension EntryRecord {
    fileprivate var named: Reading.Named { .init(id: uid.id.string, name: name) }
}

/// One entry, and what it is directly in.
struct EntryView {
    private(set) var view: View
    private let record: EntryRecord

    init(_ view: View, _ record: EntryRecord) {
        self.view = view
        self.record = record
    }

    mutating func summary() -> (entry: Reading.Entry, above: [Reading.Above])? {
        let catalogue = view.catalogue
        let relations = catalogue.kind(of: record.uid).map(catalogue.parents) ?? []
        return view.look(at: [record]) { glance, record, _ -> Looked<(entry: Reading.Entry, above: [Reading.Above])> in
            guard glance.shows("name", of: record.uid) else { return .nothing }
            let summary = glance.summary(record)
            let parents = (record.facts.first { $0.uid == record.uid }?.parents ?? []).sorted().filter { glance.maySee($0) }
            let above = relations.compactMap { relation in
                relation.names.map { names in
                    let meant = parents.filter { uid in catalogue.kind(of: uid).map { relation.to.contains($0.name) } ?? false }
                    let named = meant.map { Reading.Named(id: $0.id.string, name: Self.name($0, record)) }
                    return Reading.Above(name: names.up, entries: named)
                }
            }
            return .shown((summary, above))
        }.found.first
    }

    private static func name(_ uid: EntityUID, _ record: EntryRecord) -> String {
        if case .string(let name)? = record.facts.first(where: { $0.uid == uid })?.attributes["name"] { name.string } else { "" }
    }
}

/// A page of what is in an entry, filled with those that may be seen.
struct ContentView {
    private(set) var view: View
    private let limit: Int
    private let names: (direct: String, all: String)
    private typealias Member = (named: Reading.Named, isDirect: Bool)
    private var seen: [Member] = []
    /// The one after which the next page begins; nil when there is none.
    private var end: String?

    init(_ view: View, _ input: Input, _ page: AnswerShape.Page, names: (direct: String, all: String)) {
        self.view = view
        self.names = names
        limit = Int(page.limit.flatMap(input.integer) ?? 100)
    }

    /// - Returns: whether more are wanted.
    mutating func take(_ records: [EntryRecord]) -> Bool {
        let (before, limit) = (seen.count, limit)
        var count = before
        let (found, isOver) = view.look(at: records) { glance, record, isFull -> Looked<Member> in
            guard glance.maySee(record.uid) else { return .nothing }
            guard count < limit, !isFull else { return .over }
            count += 1
            return .shown((record.named, record.isDirect))
        }
        seen += found
        // Cut short by time, it ends wherever it got to, and says so: nobody takes it for all there is.
        end = isOver ? seen.last?.named.id : view.isOver ? records.last?.uid.id.string : nil
        return !isOver && !view.isOver
    }

    /// - Parameter cursor: names the place after one of them.
    func result(cursor: (String) -> String?) -> Reading.Contents {
        Reading.Contents(
            names: names, direct: seen.filter(\.isDirect).map(\.named), all: seen.map(\.named), hasMore: end != nil,
            next: end.flatMap(cursor))
    }
}

/// The entries that match a search. What may not be seen does not match, does not sort and does not count.
struct SearchView {
    /// At most so many are sorted.
    private static let longest = 500

    private(set) var view: View
    /// Nil where nothing is compared.
    private let attribute: String?
    private let order: String?
    private let limit: Int
    /// What many of the kind are called.
    private let plural: String
    private typealias Match = (entry: Reading.Entry, name: ExactString, key: ExactString)
    private var found: [Match] = []
    private var hasMore = false

    init(_ view: View, _ input: Input, _ search: AnswerShape.Search, plural: String) {
        self.view = view
        self.plural = plural
        attribute = search.attribute.map { input[$0] ?? "" }
        order = search.sort.flatMap { input[$0] }
        limit = Int(search.limit.flatMap(input.integer) ?? 50)
    }

    /// - Returns: whether more are wanted.
    mutating func take(_ records: [EntryRecord]) -> Bool {
        let (order, attribute, limit) = (order, attribute, order == nil ? limit : Self.longest)
        var count = found.count
        let (more, isOver) = view.look(at: records) { glance, record, isFull -> Looked<Match> in
            guard glance.maySee(record.uid), attribute.map({ glance.shows($0, of: record.uid) }) ?? true else { return .nothing }
            guard count < limit, !isFull else { return .over }
            count += 1
            // Those whose sort attribute may not be seen come last, by name.
            let key = order.flatMap { glance.shows($0, of: record.uid) ? record.attributes[$0]?.first : nil } ?? "\u{10FFFF}"
            return .shown((glance.summary(record), ExactString(record.name), ExactString(key)))
        }
        found += more
        // Cut short by time before anything was seen, it looks as if there were nothing: whether a guess at what may not be seen
        // matches many must not be told.
        hasMore = isOver || view.isOver && !found.isEmpty
        return !isOver && !view.isOver
    }

    var result: Reading {
        let sorted = order == nil ? found : found.sorted { $0.key != $1.key ? $0.key < $1.key : $0.name < $1.name }
        return .found(sorted.prefix(limit).map(\.entry), as: plural, hasMore: hasMore || found.count > limit)
    }
}
