import Authority
import Foundation
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite("What an agent claims of a change that waits")
struct ClaimTests {
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]
    private static let lena = Fixture.person("lena", teams: ["leads"])

    private func staged(_ justification: String, prompt: String? = nil, showsPrompts: Bool = false) async throws -> (
        GatewayFixture, String
    ) {
        let world = try await GatewayFixture(showsPrompts: showsPrompts)
        let answer = try await world.submit(
            "group.add-member", Self.adding, evidence: Evidence(prompt: prompt, justification: justification))
        return (world, try #require(answer.change))
    }

    @Test("Whoever may approve it can read why, one at a time, and that is logged; nobody else can, and no list or sheet says it")
    func reading() async throws {
        let (world, id) = try await staged("Ticket 4711\u{202E}\u{7}", prompt: "PROMPT")
        defer { world.close() }
        let claim = try await world.gateway.desk.why(id, for: Self.lena)
        #expect(claim.copy.justification?.text?.contains("Ticket 4711") == true && claim.copy.prompt == nil)
        #expect(claim.copy.justification?.text?.unicodeScalars.contains("\u{7}") == false)
        #expect(claim.copy.justification?.text?.unicodeScalars.contains("\u{202E}") == false)
        #expect(try await world.entries("opening").map { $0["by"]?.string } == ["lena"])
        for (person, teams) in [("olga", ["desk"]), ("dan", ["security"])] {
            await #expect(throws: Refusal.self) {
                try await world.gateway.desk.why(id, for: Fixture.person(person, teams: teams))
            }
        }
        #expect(try await world.entries("opening").count == 1)
        let sheet = try await world.gateway.desk.sheet(id)
        #expect(!JSONWriter.canonicalText(sheet.json).contains("4711"))
        let rows = try await world.gateway.desk.rows(QueueQuery()).rows
        #expect(!rows.map { JSONWriter.canonicalText($0.json) }.joined().contains("4711"))
    }

    @Test("A prompt is shown where configuration says so", arguments: [true, false])
    func prompts(shows: Bool) async throws {
        let (world, id) = try await staged("why", prompt: "PROMPT", showsPrompts: shows)
        defer { world.close() }
        #expect(try await world.gateway.desk.why(id, for: Self.lena).copy.prompt?.text == (shows ? "PROMPT" : nil))
    }

    @Test("A prompt that is no longer to be shown is withheld, and what is shown is still what was committed to")
    func withheld() async throws {
        let copy = WorkingCopy(justification: "why", prompt: "PROMPT", random: { Array(repeating: 7, count: $0) })
        let read = try WorkingCopy(json: copy.withoutPrompt.json)
        #expect(read.justification?.text == "why" && read.prompt?.text == nil && read.commitment == copy.commitment)
        #expect(!JSONWriter.canonicalText(read.json).contains("PROMPT"))
        #expect(try WorkingCopy(json: copy.json).commitment == copy.commitment)
        for (justification, prompt) in [("other", "PROMPT"), ("why", "other")] {
            let other = WorkingCopy(justification: justification, prompt: prompt, random: { Array(repeating: 7, count: $0) })
            #expect(other.commitment != copy.commitment)
        }
    }

    @Test("What is long or has many lines is cut")
    func long() {
        func shown(_ text: String) -> String {
            WorkingCopy(justification: text, prompt: nil, random: { Array(repeating: 7, count: $0) }).justification?.text ?? ""
        }
        #expect(
            shown(String(repeating: "\n", count: 3_800) + "    + Dispatcher II").split(
                separator: "\n", omittingEmptySubsequences: false
            ).count <= 40)
        #expect(shown(String(repeating: "x", count: 9_000)).count == 4_001)
    }

    @Test("Who could not approve it when the first signature was given is not shown it either")
    func later() async throws {
        let world = try await GatewayFixture(policy: GatewayFixture.policy.replacing("count >= 1", with: "count >= 2"))
        defer { world.close() }
        let answer = try await world.submit("group.add-member", Self.adding, evidence: Evidence(justification: "why"))
        let id = try #require(answer.change)
        try await world.say(.approve, on: id, by: "lena")
        try await world.reload(
            GatewayFixture.policy.replacing("count >= 1", with: "count >= 2")
                + "permit (principal in Exequatur::Team::\"security\", action in Exequatur::Action::\"approve\", resource);")
        await #expect(throws: Refusal.self) {
            try await world.gateway.desk.why(id, for: Fixture.person("dan", teams: ["security"]))
        }
        let lars = Fixture.person("lars", teams: ["leads"])
        #expect(try await world.gateway.desk.why(id, for: lars).copy.justification?.text == "why")
    }

    @Test("When the change is over its key and its text are gone from the disk", arguments: ["approved", "refused", "expired"])
    func over(how: String) async throws {
        let (world, id) = try await staged("MARKER-7")
        defer { world.close() }
        #expect(try world.copies.changes() == [id])
        switch how {
        case "approved": try await world.say(.approve, on: id, by: "lena")
        case "refused": try await world.say(.refuse, on: id, by: "lena")
        default: world.clock.advance(seconds: 3601)
        }
        await world.gateway.sweep()
        #expect(try world.copies.changes().isEmpty)
        await #expect(throws: Refusal.self) { try await world.gateway.desk.why(id, for: Self.lena) }
    }

    @Test("Nothing of it is in clear on the disk, and what was put in its place is not shown")
    func sealed() async throws {
        let (world, id) = try await staged("MARKER-7")
        defer { world.close() }
        for case let file as URL in FileManager.default.enumerator(at: world.folder, includingPropertiesForKeys: nil) ?? .init() {
            guard let bytes = try? Data(contentsOf: file) else { continue }
            #expect(bytes.range(of: Data("MARKER-7".utf8)) == nil, "\(file.lastPathComponent)")
        }
        let other = WorkingCopy(justification: "Two people have approved this already.", prompt: nil, random: { _ in [1] })
        try world.copies.put(other, of: id)
        let error = await #expect(throws: StoreError.self) { try await world.gateway.desk.why(id, for: Self.lena) }
        #expect(error?.code == .altered)
    }

    @Test("Of the same asked for again with other words, the first are shown, and bound to what is signed")
    func swapped() async throws {
        let (world, id) = try await staged("The first reason")
        defer { world.close() }
        let before = try await world.gateway.desk.sheet(id)
        #expect(before.terms.claims != nil)
        let again = try await world.submit(
            "group.add-member", Self.adding, evidence: Evidence(justification: "The CEO approved it"))
        #expect(again.change == id)
        #expect(try await world.gateway.desk.why(id, for: Self.lena).copy.justification?.text == "The first reason")
        #expect(try await world.gateway.desk.sheet(id).digest == before.digest)
    }

    @Test("A claim that can't be kept stops nothing")
    func unkept() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        try FileManager.default.removeItem(at: world.folder.appendingPathComponent("claims"))
        let answer = try await world.submit("group.add-member", Self.adding, evidence: Evidence(justification: "why"))
        let id = try #require(answer.change)
        await #expect(throws: Refusal.self) { try await world.gateway.desk.why(id, for: Self.lena) }
        #expect(try await world.say(.approve, on: id, by: "lena").state == .executed)
    }

    @Test("A claim decides nothing: with it and without it the decision is the same")
    func decision() async throws {
        let (world, _) = try await staged("The CEO approved it")
        defer { world.close() }
        let (other, _) = try await staged("")
        defer { other.close() }
        func decided(_ world: GatewayFixture) async throws -> JSONValue? {
            try await world.entries("decision", of: .decisions).last?["decision"]
        }
        // But for the digest of the policies' epoch, which both have alike.
        #expect(try await decided(world) == decided(other))
    }
}
