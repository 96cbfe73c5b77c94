import Authority
import Crypto
import GatewayWorld
import Storage
import StrictJSON
import TestSupport
import Testing
import TransparencyLog

@testable import Gateway

@Suite("Starting from a snapshot")
struct SnapshotTests {
    private static let two = GatewayFixture.policy.replacing("count >= 1", with: "count >= 2")

    /// Does one thing after the other, each with its traces in the store.
    private static let steps: [@Sendable (GatewayFixture) async throws -> Void] = [
        { world in _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k") },
        { world in
            let change = try await world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"]).change
            try await world.say(.approve, on: try #require(change), by: "lena")
        },
        { world in
            let change = try await world.submit("group.add-member", ["group": "operations", "member": "nora.lie"]).change
            try await world.say(.refuse, on: try #require(change), by: "lena")
        },
        { world in
            _ = try await world.gateway.locks.place(
                .operation, "corp/user.disable/u-1001", by: Fixture.person("olga", teams: ["desk"]))
        },
        { world in
            try await world.gateway.locks.lift(
                .operation, "corp/user.disable/u-1001", by: Fixture.person("lena", teams: ["leads"]))
        },
        { world in
            let waiting = try await world.store.changes(in: [.proposed], limit: 9)
            try await world.say(.approve, on: try #require(waiting.first?.id), by: "lars")
        },
    ]

    private func start(_ world: GatewayFixture, _ notes: [String] = []) -> StoreStart {
        StoreStart(store: world.gate, gateway: "test", key: world.key.publicKey, notes: notes)
    }

    private func audit(_ world: GatewayFixture) async throws -> Auditor.Report {
        try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
    }

    /// Makes the logs longer than a tile, whose leaves no start reads.
    private func fill(_ world: GatewayFixture) async throws {
        let entries = (0..<300).flatMap { number in
            [LogRecord.taskEnd, .alarm(AlarmRecord("x"))].map {
                LogEntry($0, id: "fill-\($0.kind)-\(number)", time: Fixture.now)
            }
        }
        try await world.witnessed.commit([], entries: entries)
    }

    /// All that a ledger knows.
    private func knowledge(_ ledger: Ledger, of world: GatewayFixture) async throws -> [String] {
        var all = ["\(ledger.sequence)", "\(ledger.trees.mapValues(\.root).sorted { $0.key.rawValue < $1.key.rawValue })"]
        all += ledger.openKeys + ledger.map.counts.map { "\($0) \($1)" }.sorted()
        all += ledger.open.map { "\($0) \($1.state) \($1.decision?.position.index ?? -1) \($1.decision?.eligible ?? [])" }
            .sorted()
        all += ledger.alike.map { "\($0) \($1)" }.sorted() + ledger.waitingOf.filter { $1 != 0 }.map { "\($0) \($1)" }.sorted()
        all += ledger.leaseOf.keys.sorted() + ledger.lost.sorted() + ["\(ledger.epoch)"]
        for record in try await world.store.everyRecord() {
            let numbers = ledger.map.needed(for: [record.key])
            let fetched = ledger.map.check(try await world.store.buckets(numbers), of: numbers)
            all.append("\(record.key) \(try ledger.holds(record, fetched))")
        }
        return all
    }

    @Test("It gives what the logs give when they are read from their beginning, wherever it was kept", arguments: 0...5)
    func same(place: Int) async throws {
        let world = try await GatewayFixture(policy: Self.two)
        defer { world.close() }
        for (number, step) in Self.steps.enumerated() {
            try await step(world)
            if number == place { await world.witnessed.snapshot() }
        }
        let notes = try world.checkpoints()
        let resumed = try await start(world, notes).take()
        #expect(resumed.resumed != nil)
        let known = try await knowledge(resumed.ledger, of: world)
        try await world.store.forgetSnapshot()
        let read = try await start(world, notes).take()
        #expect(read.resumed == nil)
        #expect(try await known == knowledge(read.ledger, of: world))
        #expect(!known.contains { $0.hasSuffix(" false") })
    }

    @Test("No entry is read by a start but those after it, and those that no full tile has")
    func short() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        func write(_ count: Int) async throws {
            for number in 0..<count {
                let entry = LogEntry(.alarm(AlarmRecord("x")), id: "a-\(count)-\(number)", time: Fixture.now)
                try await world.witnessed.commit([], entries: [entry])
            }
        }
        try await write(200)
        let early = try world.checkpoints()
        try await write(450)
        await world.witnessed.snapshot()
        try await write(10)
        world.gate.forget()
        let found = try await start(world, early + world.checkpoints()).take()
        #expect(found.resumed != nil)
        let size = try #require(found.ledger.trees[.actions]?.size)
        #expect(world.gate.firstRead[.actions] == (size - 10) & ~255)
        let others = try early.map { note in
            let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
            let other = Checkpoint(origin: String(lines[0]), size: try #require(Int64(lines[1])), root: .leaf([]))
            return try SignedCheckpoint(other, key: world.key).note
        }
        let error = await #expect(throws: StoreError.self) { try await start(world, others).take() }
        #expect(error?.code == .altered, "an earlier checkpoint of another log is found by the tiles")
    }

    @Test(
        "What decides nothing any more is not read by a start; altered it is not used, and the next check of everything ends the process",
        arguments: [
            "UPDATE change SET json = CAST(replace(CAST(json AS TEXT), 'Captain', 'Admiral') AS BLOB) WHERE state = 'executed'",
            "DELETE FROM change WHERE state = 'executed'", "DELETE FROM intent", "DELETE FROM idempotency",
            "DELETE FROM approval",
            "UPDATE lease SET account = 'another'",
            "UPDATE log_entry SET bytes = CAST('{}' AS BLOB) WHERE log = 'requests' AND position = 1",
            "DELETE FROM log_entry WHERE log = 'actions' AND position = 1",
        ])
    func old(sql: String) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        for step in Self.steps.prefix(1) + Self.steps[2...2] { try await step(world) }
        try await fill(world)
        await world.witnessed.snapshot()
        try await world.tamper(sql)
        let ended = Ended()
        let next = try await WitnessedStore.open(
            world.gate, gateway: "test", key: world.key, checkpoints: try world.checkpoints(), now: { Fixture.now },
            alarm: { _ in }, stop: ended.end)
        if sql.contains("change") {
            await #expect(throws: StoreError.self) { try await next.everyChange { _ in } }
        }
        await #expect(throws: StoreError.self) { try await next.checkEverything(pause: {}) }
        #expect(ended.reason != nil)
        let error = await #expect(throws: StoreError.self) { try await start(world).take() }
        #expect(error?.code == .altered, "the next start reads everything")
    }

    @Test(
        "What may still go on is held against the log by a start, whenever it was written",
        arguments: [
            "UPDATE change SET json = CAST(replace(CAST(json AS TEXT), 'ivo.petrov', 'nora.lie') AS BLOB) WHERE state = 'proposed'",
            "UPDATE change SET state = 'approved' WHERE state = 'proposed'", "UPDATE change SET expires = expires + 1",
            "DELETE FROM change WHERE state = 'proposed'", "DELETE FROM lock", "UPDATE lock SET by = 'nobody'",
            "INSERT INTO lock VALUES ('system:corp', 'system', 'corp', 'x', 1)", "DELETE FROM task",
            "UPDATE task SET token = 'another'", "UPDATE epoch SET value = value + 1",
            "UPDATE lease SET account = 'x' WHERE ended IS NULL",
        ])
    func open(sql: String) async throws {
        let world = try await GatewayFixture(policy: Self.two)
        defer { world.close() }
        for step in [Self.steps[1], Self.steps[3]] { try await step(world) }
        let lease = LeaseReference(id: "l1", change: "chg-x", system: "corp", account: "a", expires: Fixture.now)
        try await world.witnessed.commit([.putLease(lease)], entries: [])
        await world.witnessed.snapshot()
        #expect(try await start(world).take().resumed != nil)
        try await world.tamper(sql)
        let error = await #expect(throws: StoreError.self) { try await start(world).take() }
        #expect(error?.code == .altered)
    }

    @Test("Digests altered while it runs end the process, and are made again from the logs by the next start")
    func bucket() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let change = try #require(
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k").change)
        await world.witnessed.snapshot()
        #expect(try await world.witnessed.change(change)?.state == .executed)
        try await world.tamper("UPDATE record_bucket SET members = zeroblob(32)")
        let error = await #expect(throws: StoreError.self) { try await world.witnessed.change(change) }
        #expect(error?.code == .altered)
        await #expect(throws: (any Error).self, "and so is a key that was used") {
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Mate"], key: "k")
        }
        await #expect(throws: StoreError.self) { try await world.witnessed.checkEverything(pause: {}) }
        let next = try await start(world).take()
        #expect(next.resumed == nil && next.ledger.map.count(of: .change) == 1)
    }

    @Test(
        "A snapshot that somebody altered is not gone by: the logs are read",
        arguments: [
            "DELETE FROM snapshot",
            "UPDATE snapshot SET document = CAST(replace(CAST(document AS TEXT), 'epoch', 'epock') AS BLOB)",
            "UPDATE snapshot SET note = replace(note, 'test', 'tess')", "DELETE FROM record_hashes",
            "UPDATE record_hashes SET hashes = zeroblob(512)", "UPDATE record_hashes SET hashes = zeroblob(5)",
            "INSERT INTO record_hashes VALUES (9999, zeroblob(512))", "DELETE FROM record_bucket",
            "UPDATE log_tile SET hashes = zeroblob(length(hashes))",
        ])
    func altered(sql: String) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        for step in Self.steps.prefix(3) { try await step(world) }
        try await fill(world)
        await world.witnessed.snapshot()
        #expect(try await start(world).take().resumed != nil)
        #expect(try await audit(world).problems == [])
        try await world.tamper(sql)
        #expect(try await start(world).take().resumed == nil)
        #expect(!(try await audit(world).problems.isEmpty), "and the auditor tells of it")
    }

    @Test("An older one put back, with all that belongs to it, gives the same: it is only further back")
    func older() async throws {
        let world = try await GatewayFixture(policy: Self.two)
        defer { world.close() }
        let tables = ["snapshot", "record_hashes", "record_bucket"]
        for step in Self.steps.prefix(4) { try await step(world) }
        await world.witnessed.snapshot()
        for table in tables { try await world.tamper("CREATE TABLE old_\(table) AS SELECT * FROM \(table)") }
        for step in Self.steps.dropFirst(4) { try await step(world) }
        await world.witnessed.snapshot()
        let newest = try await start(world, try world.checkpoints()).take()
        let known = try await knowledge(newest.ledger, of: world)
        for table in tables { try await world.tamper("DELETE FROM \(table); INSERT INTO \(table) SELECT * FROM old_\(table)") }
        let older = try await start(world, try world.checkpoints()).take()
        #expect(older.resumed != nil && older.ledger.locks.isEmpty, "a lock that was lifted since stays lifted")
        #expect(try await knowledge(older.ledger, of: world) == known)
        try await world.tamper("DELETE FROM snapshot; INSERT INTO snapshot SELECT * FROM old_snapshot WHERE false")
        #expect(try await start(world).take().resumed == nil)
    }

    @Test("One that can't be gone by is replaced whole by the next start, which says so")
    func replaced() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        try await Self.steps[0](world)
        await world.witnessed.snapshot()
        try await world.tamper(
            "INSERT INTO record_hashes VALUES (9999, zeroblob(512)); INSERT INTO record_bucket VALUES (70000, x'00')")
        _ = try await world.restarted()
        #expect(world.alarms.heard.count == 1)
        #expect(try await start(world).take().resumed != nil)
        #expect(try await Fsck(store: world.store, keys: world.keys).examine([]).problems == [])
    }

    @Test("What a start read after the last one counts towards the next")
    func afterCrashes() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        func open() async throws -> WitnessedStore {
            try await WitnessedStore.open(world.gate, gateway: "test", key: world.key, now: { Fixture.now }, alarm: { _ in })
        }
        func write(_ count: Int, _ name: String, to store: WitnessedStore) async throws {
            let entries = (0..<count).map { LogEntry(.alarm(AlarmRecord("x")), id: "\(name)-\($0)", time: Fixture.now) }
            try await store.commit([], entries: entries)
        }
        await world.witnessed.snapshot()
        let before = try #require(try await world.store.snapshot()).document
        for number in 0..<3 { try await write(1_300, "run-\(number)", to: try await open()) }
        #expect(try await world.store.snapshot()?.document == before, "they are fewer than it takes")
        let last = try await open()
        try await write(200, "last", to: last)
        // The next batch comes after the snapshot.
        try await write(1, "after", to: last)
        #expect(try await world.store.snapshot()?.document != before)
    }

    @Test("Who chose whose credential is known after a start, whenever it was chosen")
    func conferred() async throws {
        let world = try await GatewayFixture(
            policy: GatewayFixture.policy
                + #"permit (principal is Exequatur::Workload, action == Embedded::Action::"execute:user.set-mail", resource);"#)
        defer { world.close() }
        // Whoever sets the address that passwords are recovered by holds the account.
        func set(_ user: String) async throws {
            let answer = try await world.submit("user.set-mail", ["user": .string(user), "value": "a@example.org"])
            #expect(answer.status == .done, "\(answer.code)")
        }
        try await set("kai.nilsen")
        await world.witnessed.snapshot()
        try await set("nora.lie")
        let known = world.gateway.reach.remembered.conferred
        #expect(known.count == 2)
        let next = try await world.restarted()
        #expect(next.reach.remembered.conferred == known)
        try await world.store.forgetSnapshot()
        #expect(try await world.restarted().reach.remembered.conferred == known, "and from all changes")
    }

    @Test("A record altered together with its digest is not used: the gateway knows what its bucket was")
    func forged() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let id = try #require(
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k").change)
        await world.witnessed.snapshot()
        func short(_ record: StoredRecord) -> [UInt8] {
            let digits = Array(record.digest.hex.utf8.prefix(32))
            return stride(from: 0, to: 32, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
            }
        }
        let before = short(.change(try #require(try await world.store.change(id))))
        try await world.tamper("UPDATE change SET json = CAST(replace(CAST(json AS TEXT), 'Captain', 'Admiral') AS BLOB)")
        let after = short(.change(try #require(try await world.store.change(id))))
        let all = try await world.store.buckets(Array(0..<65_536))
        let forged = all.compactMapValues { members -> [UInt8]? in
            guard let place = members.firstRange(of: before) else { return nil }
            return Array(members[..<place.lowerBound]) + after + members[place.upperBound...]
        }
        #expect(forged.count == 1 && before != after)
        try await world.store.keep(try #require(try await world.store.snapshot()), buckets: forged)
        let error = await #expect(throws: StoreError.self) { try await world.witnessed.change(id) }
        #expect(error?.code == .altered)
    }

    @Test("An entry numbered far beyond the others is found, and nobody walks to it", .timeLimit(.minutes(2)))
    func farBeyond() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        try await Self.steps[0](world)
        try await world.tamper(
            "INSERT INTO log_entry SELECT log, 1152921504606846976, 'far', bytes FROM log_entry WHERE log = 'actions' LIMIT 1")
        let error = await #expect(throws: StoreError.self) { try await start(world).take() }
        #expect(error?.code == .altered)
        #expect(!(try await audit(world).problems.isEmpty))
    }

    @Test("A step that was not settled when it was kept is remembered from its change", arguments: [true, false])
    func unsettledThen(isNamed: Bool) async throws {
        let world = try await GatewayFixture(
            policy: GatewayFixture.policy
                + #"permit (principal is Exequatur::Workload, action == Embedded::Action::"execute:user.set-mail", resource);"#)
        defer { world.close() }
        let change = try #require(
            try await world.submit("user.set-mail", ["user": "kai.nilsen", "value": "a@example.org"]).change)
        let known = world.gateway.reach.remembered
        #expect(known.conferred.count == 1 && known.pending == [])
        world.witnessed.keep {
            ["basis": .string(known.basis.hex), "conferred": [], "pending": isNamed ? [.string(change)] : []]
        }
        await world.witnessed.snapshot()
        let next = try await world.restarted().reach.remembered.conferred
        #expect(next == (isNamed ? known.conferred : []), "by what is kept, and by nothing else")
    }

    @Test("Everything is checked while others write, and nothing is taken for somebody else's doing")
    func busy() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<30 {
                    let user: JSONValue = .string(["kai.nilsen", "lena.vik", "milo.dahl"][number % 3])
                    _ = try await world.submit(
                        "user.set-title", ["user": user, "value": .string("T\(number)")], key: "k\(number)")
                    if number % 7 == 0 { await world.witnessed.snapshot() }
                }
            }
            group.addTask {
                for _ in 0..<10 { _ = try await world.witnessed.checkEverything(pause: { await _Concurrency.Task.yield() }) }
            }
            try await group.waitForAll()
        }
        let check = try await world.witnessed.checkEverything(pause: {})
        #expect(check.entries > 100 && check.records > 100)
        #expect(world.alarms.heard == [], "it would have ended with an alarm")
    }
}

/// Why a process had to end.
private final class Ended: Sendable {
    private let said = Alarms()
    var reason: String? { said.heard.first }
    func end(_ reason: String) { said.add(reason) }
}
