import Authority
import Foundation
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("Large answers", .serialized)
struct PageTests {
    /// A gateway whose directory has users `name-000` and up, all in `apprentices`; `hidden` says who is out of sight.
    private func world(_ count: Int, hidden: @escaping (Int) -> Bool = { _ in false }, title: Int = 1, looking: Duration? = nil)
        async throws
        -> GatewayFixture
    {
        let policy =
            GatewayFixture.policy + """
                forbid (principal is Exequatur::Workload, action in Exequatur::Action::"read", resource)
                    when { resource has department && resource.department == "Hidden" };
                """
        let world = try await GatewayFixture(policy: policy, looking: looking)
        try await world.change(
            """
            WITH RECURSIVE n(i) AS (SELECT 0 UNION SELECT i + 1 FROM n WHERE i < \(count - 1))
            INSERT INTO entry (id, kind, name) SELECT printf('x-%05d', i), 'user', printf('name-%05d', i) FROM n;
            INSERT INTO attribute SELECT id, 'title', replace(hex(zeroblob(\(title))), '00', 'T') FROM entry WHERE id LIKE 'x-%';
            INSERT INTO member SELECT g.id, x.id FROM entry g, entry x WHERE g.name = 'apprentices' AND x.id LIKE 'x-%';
            """)
        let out = (0..<count).filter(hidden).map { String(format: "'x-%05d'", $0) }
        try await world.change(
            "INSERT INTO attribute SELECT id, 'department', 'Hidden' FROM entry WHERE id IN (\(out.joined(separator: ",")))")
        return world
    }

    private func names(_ answer: Answer, _ key: String) -> [String] {
        (answer.result?.json[key]?.array ?? []).compactMap { $0["name"]?.string }
    }

    @Test("Pages are filled with those who may be seen, and together give each of them once", arguments: [nil, 1, 7] as [Int?])
    func pages(every: Int?) async throws {
        let world = try await world(230, hidden: { place in every.map { place % ($0 + 1) != 0 } ?? false })
        defer { world.close() }
        var all: [String] = []
        var next: JSONValue?
        repeat {
            var input: JSONValue = ["group": "apprentices", "limit": 50]
            input.add("after", next)
            let answer = try await world.submit("group.read", input)
            let page = names(answer, "members")
            next = answer.result?.json["next"]
            #expect(page.count == 50 || next == nil)
            all += page
        } while next != nil
        // Sealed, a cursor may begin with any of its characters, and those of long ids are long.
        for foreign in ["x-00001", "-x00001", "_x00001", "x-00001." + String(repeating: "0", count: 290)] {
            await #expect(throws: Refusal.self, "a page begins only where one ended") {
                try await world.submit("group.read", ["group": "apprentices", "after": .string(foreign)])
            }
        }
        let visible = (0..<230).filter { place in every.map { place % ($0 + 1) == 0 } ?? true }
        #expect(all.sorted() == (["june.okafor"] + visible.map { String(format: "name-%05d", $0) }).sorted())
    }

    @Test("Cut short by time, an answer says so, and the next page goes on where it got to")
    func cutShort() async throws {
        let world = try await world(300, hidden: { $0 < 299 }, looking: .zero)
        defer { world.close() }
        var (all, pages, next): ([String], Int, JSONValue?) = ([], 0, nil)
        repeat {
            var input: JSONValue = ["group": "apprentices", "limit": 50]
            input.add("after", next)
            let answer = try await world.submit("group.read", input)
            all += names(answer, "members")
            next = answer.result?.json["next"]
            #expect(answer.result?.json["more"] == .bool(next != nil))
            #expect(next.map { !($0.string ?? "").contains("x-0") } ?? true, "whom it got to is not said")
            pages += 1
        } while next != nil
        #expect(all.sorted() == ["june.okafor", "name-00299"] && pages > 3)
        let found = try await world.submit("user.find", ["attribute": "name", "match": "prefix", "value": "name-"])
        let none = try await world.submit("user.find", ["attribute": "name", "match": "prefix", "value": "nobody"])
        #expect(found.result?.json == none.result?.json, "a search tells nothing of what it passed by")
    }

    @Test("However many hidden users match, those who may be seen are found")
    func hiddenMatches() async throws {
        let world = try await world(620, hidden: { $0 < 610 })
        defer { world.close() }
        for sort in [nil, "title"] as [JSONValue?] {
            var input: JSONValue = ["attribute": "name", "match": "prefix", "value": "name-"]
            input.add("sort", sort)
            let answer = try await world.submit("user.find", input)
            #expect(answer.result?.json["count"] == 10 && answer.result?.json["more"] == false)
        }
    }

    @Test("Facts too long for an entry stand beside it, and the decision comes out the same")
    func blobs() async throws {
        let world = try await world(200, title: 8000)
        defer { world.close() }
        let answer = try await world.submit("group.read", ["group": "apprentices", "limit": 200])
        #expect(names(answer, "members").count == 200)
        let entries = try await world.store.entries(.decisions, in: 0..<world.store.logSize(.decisions))
        #expect(entries.allSatisfy { $0.count <= LogEntry.limit })
        #expect(try entries.contains { try LoggedEntry(bytes: $0).kind == .decision && LoggedEntry(bytes: $0).blob != nil })
        let report = try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
        #expect(report.problems == [])
    }

    @Test("What is shown of nobody else leaves no trace in the log")
    func traces() async throws {
        let world = try await world(40, hidden: { $0 % 2 == 1 })
        defer { world.close() }
        _ = try await world.submit("group.read", ["group": "apprentices"])
        let size = try await world.store.logSize(.decisions)
        let entry = try #require(try await world.store.entries(.decisions, in: (size - 1)..<size).first)
        let text = String(decoding: entry, as: UTF8.self)
        #expect(text.contains("name-00002") && !text.contains("name-00001"))
    }

    @Test("However many changes are staged after it, one that waits is found, page by page")
    func waitingChanges() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let first = try #require(
            try await world.submit("group.add-member", ["group": "apprentices", "member": "kai.nilsen"]).change)
        let row = try #require(try await world.store.change(first)?.json.object)
        var copies: [Write] = []
        for number in 0..<450 {
            var copy = row
            copy["id"] = .string("chg-" + String(format: "%024x", number))
            // Each asks for something of its own.
            copy["input"] = ["user": .string("u-\(number)")]
            copy["state"] = .string(number % 3 == 0 ? "proposed" : "withdrawn")
            copies.append(.insertChange(try Change(json: .object(copy))))
        }
        try await world.witnessed.commit(copies, entries: [])
        var (found, after): ([String], String?) = ([], nil)
        repeat {
            let page = try await world.gateway.desk.rows(QueueQuery([.proposed], after: after))
            found += page.rows.map(\.id)
            after = page.next
        } while after != nil
        #expect(found.count == 151 && Set(found).count == 151 && found.contains(first))
    }
}
