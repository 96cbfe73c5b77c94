public import Authority
import Cedar
import DirectoryKit
import StrictJSON
import TestSupport
import Testing
import TransparencyLog

/// What every store must do. A store's tests run each check on a fresh one.
public enum StoreConformance: String, CaseIterable, Sendable {
    case roundTrip = "What is written is read back"
    case atomic = "A batch is written whole or not at all, with its entries"
    case states = "A change moves only from the state it was read in"
    case intents = "An intent is taken once, under current locks only"
    case approvals = "A nonce and a person's word are good once"
    case leases = "A lease is open until it is ended"
    case locks = "Every change of a lock, and other policies, move the epoch, and nothing else does"
    case alike = "Of changes that ask for the same, one waits"
    case idempotency = "An idempotency key is taken once per principal"
    case blobs = "What is too long for an entry stands beside it, once, and what is too long at all is not written"
    case logs = "Entries have their order, their tree and their links"
    case heads = "A batch is written to the log that it was worked out for, or not at all"
    case tiles = "A tile is kept as it was written last"
    case members = "Of several who share a batch, the one whose condition does not hold is named, and nothing is written"
    case records = "Records are found by their keys and page by page, each as it is stored"
    case snapshots = "A snapshot is kept whole, beside the buckets of before that are not others"
    case crowd = "Batches handed in at once are written one after the other, each whole"

    public func run(on store: any Store) async throws {
        let check = Check(store: store, scribe: Scribe(store))
        switch self {
        case .roundTrip: try await check.roundTrip()
        case .atomic: try await check.atomic()
        case .states: try await check.states()
        case .intents: try await check.intents()
        case .approvals: try await check.approvals()
        case .leases: try await check.leases()
        case .locks: try await check.locks()
        case .alike: try await check.alike()
        case .idempotency: try await check.idempotency()
        case .blobs: try await check.blobs()
        case .logs: try await check.logs()
        case .heads: try await check.heads()
        case .tiles: try await check.tiles()
        case .members: try await check.members()
        case .records: try await check.records()
        case .snapshots: try await check.snapshots()
        case .crowd: try await check.crowd()
        }
    }
}

struct Check {
    let store: any Store
    let scribe: Scribe
    let digest = Digest(of: "x")

    /// Each asks for something of its own.
    func change(_ id: String = "chg-1") throws -> Change { try change(id, on: id) }

    private func change(_ id: String, on user: String) throws -> Change {
        let catalogue = Catalogue.directory(namespace: "Test", attributes: [])
        let operation = try #require(catalogue["user.disable"])
        let uid = EntityUID(type: "Test::User", id: ExactString("u\u{301}" + user))
        let plan = Plan(
            target: uid, targetName: "é",
            touched: [TouchedValue(entity: uid, name: "é", attribute: "enabled", before: ["true"], after: ["false"])],
            inverse: Inverse(operation: "user.enable", input: ["user": "u"]), reversibility: .reversible, precondition: .atomic,
            version: "1",
            native: ["dn": "x"], facts: [])
        return Change(
            id: id, state: .proposed, wait: .nothing, submission: try Fixture.submission(operation, ["user": "u"]), plan: plan,
            definition: digest,
            assessment: Assessment(plan, operation, reach: .none), created: Fixture.now, expires: Fixture.now.adding(seconds: 60),
            rollbackOf: nil)
    }

    /// - Parameter isRequest: whether it belongs to the log of requests, and not to that of actions.
    private func entry(_ id: String, isRequest: Bool = false, links: [String: String] = [:]) -> LogEntry {
        LogEntry(isRequest ? .taskEnd : .alarm(AlarmRecord(id)), id: id, time: Fixture.now, links: links)
    }

    func statement(_ nonce: Character, _ person: String) -> SignedApproval {
        let statement = ApprovalStatement(
            verdict: .approve, gateway: "g", change: "chg-1", terms: digest, assessment: digest,
            requirement: ApprovalRequirement.none.digest, approver: person,
            issued: Fixture.now,
            expires: Fixture.now.adding(seconds: 60), nonce: String(repeating: nonce, count: 32))
        return SignedApproval(
            statement: statement, signature: "s", userVerified: true, taken: Fixture.now, requirement: ApprovalRequirement.none)
    }

    private func expectConflict(_ writes: [Write], entries: [LogEntry] = []) async {
        let error = await #expect(throws: StoreError.self) { try await scribe.commit(writes, entries: entries) }
        #expect(error?.code == .conflict)
    }

    func roundTrip() async throws {
        let change = try change()
        try await scribe.commit([.insertChange(change), .insertTask(Fixture.task(), token: "tok")], entries: [])
        #expect(try await store.change("chg-1")?.json == change.json)
        #expect(try await store.change("chg-2") == nil)
        #expect(try await store.task(forToken: "tok") == Fixture.task())
        #expect(try await store.task("task-1") == Fixture.task())
        #expect(try await store.changes(in: [.proposed], limit: 9).map(\.id) == ["chg-1"])
        #expect(try await store.changes(in: [.executed], limit: 9).isEmpty)
        for number in 3..<8 { try await scribe.commit([.insertChange(try self.change("chg-\(number)"))], entries: []) }
        var (pages, after): ([[String]], String?) = ([], nil)
        repeat {
            let page = try await store.changes(in: [.proposed], limit: 2, after: after).map(\.id)
            pages.append(page)
            after = page.last
        } while after != nil
        #expect(pages == [["chg-7", "chg-6"], ["chg-5", "chg-4"], ["chg-3", "chg-1"], []], "pages follow one another")
        #expect(try await store.overdue(at: Fixture.now, limit: 9).isEmpty)
        #expect(try await store.overdue(at: Fixture.now.adding(seconds: 60), limit: 2).count == 2)
    }

    func atomic() async throws {
        try await scribe.commit([.insertChange(try change())], entries: [entry("a")])
        await expectConflict([.insertChange(try change("chg-2")), .insertChange(try change())], entries: [entry("b")])
        #expect(try await store.change("chg-2") == nil)
        #expect(try await store.logSize(.actions) == 1)
        await expectConflict([.insertChange(try change("chg-3"))], entries: [entry("a")])
        #expect(try await store.change("chg-3") == nil)
    }

    func states() async throws {
        let proposed = try change()
        try await scribe.commit([.insertChange(proposed)], entries: [])
        var adopted = proposed
        adopted.adopter = "ada"
        await expectConflict([.updateChange(try adopted.after(.approvedEnough), from: adopted)])
        try await scribe.commit([.updateChange(adopted, from: proposed)], entries: [])
        await expectConflict([.updateChange(try proposed.after(.timedOut), from: proposed)])
        try await scribe.commit([.updateChange(try adopted.after(.approvedEnough), from: adopted)], entries: [])
        #expect(try await store.change("chg-1")?.state == .approved)
    }

    func intents() async throws {
        let lease = LeaseReference(id: "l1", change: "chg-1", system: "corp", account: "cn=l1", expires: Fixture.now)
        let change = try change()
        try await scribe.commit([.insertChange(change)], entries: [])
        let stale = Intent(
            change: "chg-1", digest: digest, epochs: Epochs(policies: digest, locks: 7), expires: Fixture.now, lease: lease)
        await #expect(throws: GrantRefusal.stale) { try await scribe.commit(stale, of: change, entry: entry("i0")) }
        let intent = Intent(
            change: "chg-1", digest: digest, epochs: Epochs(policies: digest, locks: 0), expires: Fixture.now, lease: lease)
        try await scribe.commit(intent, of: change, entry: entry("i1"))
        #expect(try await store.change("chg-1")?.state == .executing)
        await #expect(throws: GrantRefusal.alreadyGranted) { try await scribe.commit(intent, of: change, entry: entry("i2")) }
        #expect(try await store.logSize(.actions) == 1)
        #expect(try await store.openLeases() == [lease], "the lease is recorded with its intent")
    }

    func approvals() async throws {
        try await scribe.commit([.insertChange(try change())], entries: [])
        try await scribe.commit([.insertApproval(statement("a", "olga"))], entries: [])
        await expectConflict([.insertApproval(statement("a", "paul"))])
        await expectConflict([.insertApproval(statement("b", "olga"))])
        try await scribe.commit([.insertApproval(statement("c", "paul"))], entries: [])
        let given = try await store.approvals(of: "chg-1")
        #expect(given.map(\.statement.approver) == ["olga", "paul"])
        #expect(given.first?.userVerified == true)
    }

    func leases() async throws {
        let lease = LeaseReference(id: "l1", change: "chg-1", system: "corp", account: "cn=l1", expires: Fixture.now)
        try await scribe.commit([.putLease(lease)], entries: [])
        #expect(try await store.openLeases() == [lease])
        try await scribe.commit([.endLease("l1", at: Fixture.now)], entries: [])
        #expect(try await store.openLeases().isEmpty)
        #expect(try await store.lease(of: "chg-1") == lease)
    }

    func locks() async throws {
        let lock = Lock(scope: .workload, subject: "agent", by: "olga", at: Fixture.now)
        #expect(try await store.locks().epoch == 0)
        try await scribe.commit([.placeLock(lock)], entries: [])
        try await scribe.commit([.placeLock(lock)], entries: [])
        #expect(try await store.locks().locks == [lock])
        #expect(try await store.locks().epoch == 1)
        let later = Lock(scope: .workload, subject: "agent", by: "dan", at: Fixture.now.adding(seconds: 1))
        try await scribe.commit([.placeLock(later)], entries: [])
        #expect(try await store.locks().locks == [later], "placed again, it is another lock")
        #expect(try await store.locks().epoch == 2)
        try await scribe.commit([.liftLock(lock.key)], entries: [])
        try await scribe.commit([.liftLock(lock.key)], entries: [])
        #expect(try await store.locks().locks.isEmpty)
        #expect(try await store.locks().epoch == 3)
        try await scribe.commit([.voidDecisions(policies: digest)], entries: [])
        #expect(try await store.locks().epoch == 4)
        try await others()
        #expect(try await store.locks().epoch == 4)
    }

    /// Writes of every kind that leave the epoch alone.
    private func others() async throws {
        let (change, task) = (try change(), Fixture.task())
        let lease = LeaseReference(id: "l1", change: "chg-1", system: "corp", account: "cn=l1", expires: Fixture.now)
        let intent = Intent(
            change: "chg-1", digest: digest, epochs: Epochs(policies: digest, locks: 4), expires: Fixture.now, lease: lease)
        let record = IdempotencyRecord(principal: "a", key: "k", request: digest, change: "chg-1")
        let (first, second) = (statement("a", "olga"), statement("b", "olga"))
        try await scribe.commit(
            [.insertChange(change), .insertTask(task, token: "t"), .updateTask(task)], entries: [entry("o1")])
        try await scribe.commit([.insertApproval(first), .replaceApproval(first, with: second)], entries: [])
        try await scribe.commit([.insertIdempotency(record)], entries: [])
        try await scribe.commit(intent, of: change, entry: entry("o2"))
        let begun = try change.after(.began)
        let done = Write.updateChange(try begun.after(.succeeded), from: begun)
        try await scribe.commit([.endLease("l1", at: Fixture.now), done], entries: [])
    }

    func alike() async throws {
        let first = try change("chg-1", on: "x")
        try await scribe.commit([.insertChange(first)], entries: [])
        await expectConflict([.insertChange(try change("chg-2", on: "x"))])
        try await scribe.commit([.insertChange(try change("chg-3", on: "y"))], entries: [])
        let approved = try first.after(.approvedEnough)
        try await scribe.commit([.updateChange(approved, from: first)], entries: [])
        await expectConflict([.insertChange(try change("chg-4", on: "x"))])
        try await scribe.commit([.updateChange(try approved.after(.refused(nil)), from: approved)], entries: [])
        try await scribe.commit([.insertChange(try change("chg-5", on: "x"))], entries: [])
    }

    func idempotency() async throws {
        let record = IdempotencyRecord(principal: "a", key: "k", request: digest, change: "chg-1")
        try await scribe.commit([.insertIdempotency(record)], entries: [])
        #expect(try await store.idempotency(principal: "a", key: "k") == record)
        #expect(try await store.idempotency(principal: "b", key: "k") == nil)
        await expectConflict([.insertIdempotency(record)])
    }

    func blobs() async throws {
        let text = String(repeating: "é\"", count: LogEntry.limit / 4)
        for id in ["long", "again"] {
            try await scribe.commit([], entries: [LogEntry(.alarm(AlarmRecord(text)), id: id, time: Fixture.now)])
        }
        let entries = try await store.entries(.actions, in: 0..<store.logSize(.actions))
        #expect(entries.count == 2 && entries.allSatisfy { $0.count <= LogEntry.limit })
        for entry in try entries.map({ try LoggedEntry(bytes: $0) }) {
            let blob = try await store.blob(try #require(entry.blob))
            guard case .alarm(let alarm) = try entry.record(blob: blob) else { throw StoreError(.corrupt, "no alarm") }
            #expect(alarm.message == text)
            #expect(throws: StoreError.self) { try entry.record(blob: Array(blob?.dropLast() ?? [])) }
        }
        #expect(try await store.logCounts().blobs == 1)
        #expect(try await store.blob(digest) == nil)
        let tooLong = LogEntry(
            .alarm(AlarmRecord(String(repeating: "x", count: LogEntry.longest))), id: "too-long", time: Fixture.now)
        let error = await #expect(throws: StoreError.self) { try await scribe.commit([], entries: [tooLong]) }
        #expect(error?.code == .tooLarge)
        #expect(try await store.logSize(.actions) == 2)
    }

    func heads() async throws {
        for (before, isWritten) in [(1, false), (-1, false), (0, true)] as [(Int64, Bool)] {
            let member = ([Write.insertChange(try change())], [entry("a")])
            let written = try? await scribe.commit([member], before: [.actions: before])
            #expect((written != nil) == isWritten, "\(before)")
            #expect(try await store.logSize(.actions) == (isWritten ? 1 : 0))
            #expect(try await store.head(.actions) == (isWritten ? "1" : nil))
            #expect((try await store.change("chg-1") != nil) == isWritten)
        }
    }

    func tiles() async throws {
        let id = TileID(level: 0, index: 0)
        #expect(try await store.tiles([id], of: .actions).isEmpty)
        for start in stride(from: 0, to: 600, by: 100) {
            try await scribe.commit([], entries: (start..<(start + 100)).map { entry("a\($0)") })
        }
        let wanted = [id, TileID(level: 0, index: 1), TileID(level: 0, index: 2), TileID(level: 1, index: 0)]
        let tiles = try await store.tiles(wanted, of: .actions)
        #expect(wanted.map { tiles[$0]?.hashes.count } == [256, 256, nil, 2])
        let entries = try await store.entries(.actions, in: 0..<256)
        #expect(tiles[id]?.hashes == entries.map { .leaf($0) })
        #expect(tiles[wanted[3]]?.hashes.first == tiles[id]?.root)
        #expect(try await store.tiles(wanted, of: .requests).isEmpty)
        #expect(try await store.logCounts().tree == 3)
    }

    func members() async throws {
        let (first, second) = (try change("chg-1"), try change("chg-2"))
        try await scribe.commit([.insertChange(first)], entries: [entry("a")])
        let stale = try first.after(.timedOut)
        let batches: [[([Write], [LogEntry])]] = [
            [([], [entry("b")]), ([.insertChange(second)], [entry("c")]), ([.insertChange(first)], [entry("d")])],
            [([], []), ([], [entry("b")]), ([.updateChange(first, from: stale)], [])],
            [([], [entry("b")]), ([], []), ([], [entry("a")])],
        ]
        for batch in batches {
            let conflict = await #expect(throws: BatchConflict.self) { try await scribe.commit(batch) }
            #expect(conflict?.member == 2 && (conflict?.reason as? StoreError)?.code == .conflict)
            #expect(try await store.change("chg-2") == nil)
            #expect(try await store.logSize(.actions) == 1)
        }
        // Each sees what those before it did.
        let moved = try first.after(.timedOut)
        try await scribe.commit([([.updateChange(moved, from: first)], [entry("b")]), ([.insertChange(second)], [entry("c")])])
        #expect(try await store.change("chg-1")?.state == .expired)
        #expect(try await store.positions(linkedTo: "c").map(\.index) == [2])
    }

    func crowd() async throws {
        let store = store
        let ids = (0..<24).map { "chg-\($0)" }
        let writes = try ids.map { Write.insertChange(try change($0)) }
        await withTaskGroup(of: Void.self) { group in
            for (id, write) in zip(ids, writes) {
                group.addTask {
                    // Nobody of them knows of the others: all but one find the log otherwise than they thought.
                    _ = try? await Scribe(store).commit(
                        [write], entries: [LogEntry(.alarm(AlarmRecord(id)), id: id, time: Fixture.now)])
                }
            }
        }
        #expect(try await store.logSize(.actions) == 1)
        #expect(try await store.changes(in: [.proposed], limit: 99).count == 1)
    }

    func logs() async throws {
        let first = try await scribe.commit([], entries: [entry("r", isRequest: true), entry("a0", links: ["request": "r"])])
        #expect(first == [LogPosition(log: .requests, index: 0), LogPosition(log: .actions, index: 0)])
        for index in 1..<5 { try await scribe.commit([], entries: [entry("a\(index)")]) }
        #expect(try await store.logSize(.actions) == 5)
        #expect(try await store.logSize(.decisions) == 0)
        let entries = try await store.entries(.actions, in: 1..<3)
        #expect(entries.map { String(decoding: $0, as: UTF8.self).contains("\"id\":\"a1\"") } == [true, false])
        #expect(try await store.position(ofEntry: "a3") == LogPosition(log: .actions, index: 3))
        #expect(try await store.positions(linkedTo: "r") == first)
        #expect(try await store.isLinked(first[1], to: "r"))
        #expect(try await !store.isLinked(first[1], to: "a0"))
    }
}
