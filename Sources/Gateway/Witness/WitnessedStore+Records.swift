public import Authority

/// Records, each held against what the gateway wrote.
extension WitnessedStore {
    /// What was read is not what the ledger holds: altered, or written this very moment.
    struct Mismatch: Error {
        let what: String
    }

    func altered(_ what: String) -> StoreError {
        alarm("\(what) in the store is not what the gateway wrote; it is not used")
        return StoreError(.altered, "\(what) is not what was written")
    }

    /// Reads and compares; where the two differ, once more while nothing is being written. What can't be read was altered too.
    func settled<T>(_ attempt: (_ isLast: Bool) async throws -> T) async throws -> T {
        do { return try await attempt(false) } catch is Mismatch {
        } catch let error as StoreError where error.code == .corrupt {}
        return try await writer.inTurn {
            do { return try await attempt(true) } catch let mismatch as Mismatch { throw altered(mismatch.what) } catch let error
                as StoreError
                where error.code == .corrupt
            { throw altered(error.message) }
        }
    }

    private func isOurs(_ record: StoredRecord, _ fetched: RecordMap.Fetched) throws -> Bool {
        try known(record.key) { try $0.holds(record, fetched) }
    }

    /// Asks about a record. A bucket that is not what was written proves nothing of it, and one that a snapshot kept meanwhile was
    /// not fetched.
    private func known(_ key: String, _ body: (Ledger) throws -> Bool) throws -> Bool {
        do { return try writer.known(body) } catch is StoreError { throw Mismatch(what: "the digest of \(key)") }
    }

    /// The value, if it is what was written under its key; nil when nothing was.
    private func check<T>(_ value: T?, _ key: String, _ record: (T) -> StoredRecord) async throws -> T? {
        let fetched = try await writer.fetched(for: [key])
        guard let value else {
            guard try known(key, { try !$0.knows(key, fetched) }) else { throw Mismatch(what: key) }
            return nil
        }
        guard record(value).key == key, try isOurs(record(value), fetched) else { throw Mismatch(what: key) }
        return value
    }

    /// Those that are what was written. Others are told of and left out: one altered record must not stop the rest.
    ///
    /// - Parameter belongs: whether it is one of those asked for: it was found by what stands beside it.
    private func checked<T>(
        _ values: [T], isLast: Bool, where belongs: (T) -> Bool, _ record: (T) -> StoredRecord
    ) async throws -> [T] {
        let fetched = try await writer.fetched(for: Set(values.map { record($0).key }))
        return try values.filter { value in
            if belongs(value), (try? isOurs(record(value), fetched)) == true { return true }
            guard isLast else { throw Mismatch(what: record(value).key) }
            _ = altered(record(value).key)
            return false
        }
    }

    public func change(_ id: String) async throws -> Change? {
        try await settled { _ in try await check(try await inner.change(id), "change/\(id)") { .change($0) } }
    }

    public func changes(in states: Set<Change.State>, limit: Int, after: String? = nil) async throws -> [Change] {
        try await page(states, limit: limit, after: after).changes
    }

    /// A page of changes, newest first or oldest first, and the id after which the next begins. Which changes may still go on is
    /// known without the store; of the others, one that is altered is left out and told of.
    func page(_ states: Set<Change.State>, limit: Int, after: String?, oldestFirst: Bool = false) async throws -> (
        changes: [Change], next: String?
    ) {
        guard states.isSubset(of: Ledger.openStates) else {
            return try await settled { isLast in
                let found = try await inner.changes(in: states, limit: limit, after: after)
                let ours = try await checked(found, isLast: isLast, where: { states.contains($0.state) }) { .change($0) }
                return (ours, found.count == limit ? found.last?.id : nil)
            }
        }
        var last: Change?
        if let after { last = try await change(after) }
        let newest = writer.known { $0.open(in: states) }
        let all = oldestFirst ? newest.reversed() : newest
        let rest =
            last.map { last in
                all.filter {
                    oldestFirst ? ($0.created, $0.id) > (last.created, last.id) : ($0.created, $0.id) < (last.created, last.id)
                }
            } ?? all
        var changes: [Change] = []
        for (id, _) in rest.prefix(limit) {
            do { if let change = try await change(id) { changes.append(change) } } catch let error as StoreError
                where error.code == .altered
            { continue }
        }
        return (changes, rest.count > limit ? rest[limit - 1].id : nil)
    }

    /// The changes that were granted and are not known to have come to an end.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func unsettled() async throws -> [Change] {
        let ids = writer.known { ledger in ledger.open(in: [.executing]).map(\.id) + ledger.lost }
        return try await changes(ids.sorted())
    }

    /// The changes with these ids.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func changes(_ ids: [String]) async throws -> [Change] {
        var changes: [Change] = []
        for id in ids {
            guard let change = try await change(id) else { throw altered("change/\(id)") }
            changes.append(change)
        }
        return changes
    }

    /// Shows every change there is, some at a time.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func everyChange(_ visit: ([Change]) throws -> Void) async throws {
        var (after, count): (String?, Int64) = (nil, 0)
        repeat {
            let page = try await settled { _ in try await ours(of: .change, after: after) }
            count += Int64(page.records.count)
            try visit(page.records.compactMap { if case .change(let change) = $0 { change } else { nil } })
            after = page.next
        } while after != nil
        guard count == writer.known({ $0.map.count(of: .change) }) else { throw altered("the list of changes") }
    }

    /// Records of a kind, each as it was written.
    func ours(of kind: StoredRecord.Kind, after: String?) async throws -> RecordPage {
        let page = try await inner.records(of: kind, after: after, limit: 256)
        let fetched = try await writer.fetched(for: Set(page.records.map(\.key)))
        for record in page.records where try !isOurs(record, fetched) && !record.isFirstEpoch { throw Mismatch(what: record.key) }
        return page
    }

    /// The state of a change that may still go on, whatever the store says; nil of any other.
    func openState(of change: String) -> Change.State? { writer.known { $0.open[change]?.state } }

    /// The changes that wait, oldest first.
    func waiting() -> [WaitingChange] { writer.known { $0.waiting() } }

    func waiting(ofTask task: String) -> [WaitingChange] { writer.known { $0.waiting { $0.task == task } } }

    /// The change that waits and asks for the same.
    func waiting(like sameness: Authority.Digest) -> String? { writer.known { $0.alike[sameness] } }

    func waitingCount(of requester: PrincipalID) -> Int { writer.known { $0.waitingOf[requester, default: 0] } }

    func waitingCount(forDelegator person: String) -> Int {
        writer.known { $0.waitingFor[person, default: 0] }
    }

    /// Whether there is such a task, whatever the store says.
    func knows(task id: String) async throws -> Bool {
        let key = "task/\(id)"
        return try await settled { _ in
            let fetched = try await writer.fetched(for: [key])
            return try known(key) { try $0.knows(key, fetched) }
        }
    }

    /// The last decision on a change that may still go on.
    func decision(on change: String) -> Ledger.Decided? { writer.known { $0.open[change]?.decision } }

    public func overdue(at now: Instant, limit: Int) async throws -> [Change] {
        try await settled { isLast in
            try await checked(try await inner.overdue(at: now, limit: limit), isLast: isLast, where: { $0.expires <= now }) {
                .change($0)
            }
        }
    }

    public func task(_ id: String) async throws -> Task? {
        if let task = writer.known({ $0.tasks[id] }) { return task }
        return try await settled { _ in try await check(try await inner.task(id), "task/\(id)") { .task($0) } }
    }

    public func task(forToken token: String) async throws -> Task? {
        let known = writer.known { ledger in ledger.tokens[token].flatMap { ledger.tasks[$0] } }
        if let known { return known }
        return try await settled { _ in
            let task = try await inner.task(forToken: token)
            _ = try await check(task, StoredRecord.token(token)) { .token(token, task: $0.id) }
            guard let task else { return nil }
            return try await check(task, "task/\(task.id)") { .task($0) }
        }
    }

    public func approvals(of change: String) async throws -> [SignedApproval] {
        try await settled { isLast in
            let found = try await inner.approvals(of: change)
            return try await checked(found, isLast: isLast, where: { $0.statement.change == change }) { .approval($0) }
        }
    }

    public func openLeases() -> [LeaseReference] {
        writer.known { $0.leases.values.sorted { ($0.expires, $0.id) < ($1.expires, $1.id) } }
    }

    /// The lease of a change that may still go on, ended or not.
    public func lease(of change: String) -> LeaseReference? { writer.known { $0.leaseOf[change] } }

    public func locks() -> (locks: [Lock], epoch: Int64) {
        writer.known { ledger in (ledger.locks.keys.sorted().compactMap { ledger.locks[$0] }, ledger.epoch) }
    }

    public func idempotency(principal: String, key: String) async throws -> IdempotencyRecord? {
        try await settled { _ in
            try await check(
                try await inner.idempotency(principal: principal, key: key), StoredRecord.idempotency(principal, key)
            ) { .idempotency($0) }
        }
    }
}
