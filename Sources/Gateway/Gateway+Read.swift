import Authority
import Cedar
import StrictJSON

extension Gateway {
    func read(_ submission: Submission, epoch: Int64) async throws -> Answer {
        let connector = try connector(submission.system)
        let isSearch = submission.operation.name == "user.find"
        let found: Matches = try await ask(connector) {
            isSearch
                ? try await $0.find(submission.input)
                : Matches(records: [try await $0.read(submission.operation, submission.input)], isCut: false)
        }
        let resource = isSearch ? .system(submission.system) : found.records[0].uid
        var view = View(self, submission, resource, found.records, connector.catalogue, epoch)
        let result = isSearch ? view.search(found) : view.entry(found.records[0])
        let decision = LogEntry(
            .decisions, id: environment.id("dec"), kind: "decision", time: now, links: ["request": submission.id],
            body: view.record)
        try await store.commit([], entries: [decision, readEntry(submission, decision, result)])
        guard let result else { return .denied }
        return Answer(.done, "ok", "Read.", result: result)
    }
}

/// What one caller may see of what was read. Each attribute's disclosure is a decision of its own.
private struct View {
    private let template: Question
    private let decider: Decider
    private let catalogue: Catalogue
    private let input: Input
    private let operation: String
    private let names: [EntityUID: String]
    private let parents: [EntityUID: [EntityUID]]
    private var first: Decision?
    private var further: [JSONValue] = []
    private var known: [String: Bool] = [:]

    init(
        _ gateway: Gateway, _ submission: Submission, _ resource: EntityUID, _ records: [EntryRecord], _ catalogue: Catalogue,
        _ epoch: Int64
    ) {
        var seen: Set<EntityUID> = [resource]
        let own = records.flatMap(\.facts).filter { $0.uid == resource }.prefix(1)
        let facts = Array(own) + records.flatMap(\.facts).filter { seen.insert($0.uid).inserted }
        let plan = Plan(
            target: resource, targetName: "", touched: [], inverse: nil, reversibility: .reversible, precondition: .none,
            version: "",
            native: [:], facts: facts)
        template = gateway.question(submission, plan, catalogue: catalogue, approvals: [])
        let policies = gateway.policies
        decider = Decider(template, with: policies, epochs: Epochs(policies: policies.digest, locks: epoch))
        self.catalogue = catalogue
        input = submission.input
        operation = submission.operation.name
        let named = facts.compactMap { fact -> (EntityUID, String)? in
            if case .string(let name) = fact.attributes["name"] { (fact.uid, name.string) } else { nil }
        }
        names = Dictionary(named, uniquingKeysWith: { first, _ in first })
        parents = Dictionary(facts.map { ($0.uid, $0.parents.sorted()) }, uniquingKeysWith: { first, _ in first })
    }

    /// The question, its decision, and every further one over the same facts.
    var record: JSONValue {
        ["question": template.json, "decision": first?.json ?? .null, "further": .array(further)]
    }

    private mutating func mayRead() -> Bool {
        let decision = decider.decide()
        first = decision
        return decision.verdict == .permit
    }

    private mutating func permits(_ operation: String, on resource: EntityUID) -> Bool {
        let key = "\(operation) \(resource)"
        if let answer = known[key] { return answer }
        let decision = decider.decideRead(operation, on: resource)
        further.append([
            "operation": .string(operation), "resource": resource.json, "verdict": .string(decision.verdict.rawValue),
            "policies": .array(decision.policies.map(JSONValue.string)),
        ])
        known[key] = decision.verdict == .permit
        return decision.verdict == .permit
    }

    private mutating func shows(_ attribute: String, of uid: EntityUID) -> Bool {
        let sensitivity = catalogue.sensitivity(of: attribute)
        return sensitivity != .secret && permits("sensitivity.\(sensitivity.rawValue)", on: uid)
    }

    private mutating func maySee(_ uid: EntityUID) -> Bool {
        permits(uid.type == catalogue.groupType ? "group.read" : "user.read", on: uid) && shows("name", of: uid)
    }

    // MARK: Results

    mutating func entry(_ record: EntryRecord) -> JSONValue? {
        guard mayRead(), shows("name", of: record.uid) else { return nil }
        var result = summary(record)
        let memberOf = (parents[record.uid] ?? []).filter { $0.type == catalogue.groupType }
        result.add("memberOf", references(memberOf))
        if record.uid.type == catalogue.groupType {
            result.add("members", references(record.members))
            result.add("nestedMembers", references(record.nested))
        }
        return result
    }

    private mutating func summary(_ record: EntryRecord) -> JSONValue {
        var attributes = JSONObject()
        for name in record.attributes.keys.sorted() where name != "name" {
            guard shows(name, of: record.uid), let values = record.attributes[name] else { continue }
            attributes[name] = values.count == 1 ? .string(values[0]) : .array(values.map(JSONValue.string))
        }
        return ["id": .string(record.uid.id.string), "name": .string(record.name), "attributes": .object(attributes)]
    }

    private mutating func references(_ uids: [EntityUID]) -> JSONValue {
        var seen: [JSONValue] = []
        for uid in uids where maySee(uid) { seen.append(["id": .string(uid.id.string), "name": .string(names[uid] ?? "")]) }
        return .array(seen)
    }

    /// What may not be seen does not match, does not sort and does not count.
    mutating func search(_ found: Matches) -> JSONValue? {
        guard mayRead(), let attribute = input["attribute"] else { return nil }
        let limit = Int(input.integer("limit") ?? 50)
        var visible: [EntryRecord] = []
        for record in found.records where maySee(record.uid) && shows(attribute, of: record.uid) {
            visible.append(record)
            if input["sort"] == nil, visible.count > limit { break }
        }
        if let order = input["sort"] { sort(&visible, by: order) }
        var users: [JSONValue] = []
        for record in visible.prefix(limit) { users.append(summary(record)) }
        let more = visible.count > limit || (found.isCut && !visible.isEmpty)
        return ["users": .array(users), "count": .integer(Int64(users.count)), "more": .bool(more)]
    }

    /// Those whose sort attribute may not be seen come last, by name.
    private mutating func sort(_ records: inout [EntryRecord], by order: String) {
        var keys: [EntityUID: String] = [:]
        for record in records where shows(order, of: record.uid) { keys[record.uid] = record.attributes[order]?.first }
        let last = "\u{10FFFF}"
        records.sort { a, b in
            let (x, y) = (ExactString(keys[a.uid] ?? last), ExactString(keys[b.uid] ?? last))
            return x != y ? x < y : ExactString(a.name) < ExactString(b.name)
        }
    }
}
