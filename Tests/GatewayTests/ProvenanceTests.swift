import Authority
import Cedar
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

/// Whoever has the log's key and the store can write entries that the gateway never would: the auditor holds each against the rest.
@Suite("Executions that are not proved by what the log says")
struct ProvenanceTests {
    /// What is wrong with the permit.
    enum Fault: CaseIterable, Sendable { case none, demand, terms, assessment, teams, unsigned, party, adopted, refusedBefore }

    private static let expected: [Fault: String] = [
        .terms: "no decision permitted it", .assessment: "is not signed", .teams: "is not signed", .unsigned: "is not signed",
        .demand: "told would be demanded", .party: "who is on its side", .adopted: "who is on its side",
        .refusedBefore: "it was refused before it began",
    ]

    @Test(
        "A permit must be over the same terms and assessment, count signed approvals of people as they were, and nobody's own",
        arguments: Fault.allCases)
    func permits(fault: Fault) async throws {
        let world = try await GatewayFixture(
            policy: GatewayFixture.policy.replacing("count >= 1", with: "count >= \(fault == .demand ? 2 : 1)"))
        defer { world.close() }
        let id = try #require(
            try await world.submit("group.add-member", ["group": "apprentices", "member": "kai.nilsen"]).change)
        var signed: [String] = []
        if fault != .unsigned {
            // Noted as said, without what the gateway makes of it.
            let proof = try await world.sign(.approve, on: id, by: "lena")
            signed = [proof.statement.nonce]
            try await world.witnessed.commit(
                [.insertApproval(proof)], entries: [entry("approval-\(proof.statement.nonce)", .approval(proof), id)])
        }
        let change = try #require(try await world.store.change(id))
        if fault == .refusedBefore {
            let proof = try await world.sign(.refuse, on: id, by: "lars")
            try await world.witnessed.commit(
                [], entries: [entry("approval-\(proof.statement.nonce)", .approval(proof), id)])
        }
        let last = try #require(try await world.entries("decision", of: .decisions).last)
        let permit = entry("dec-forged", try LogRecord(.decision, forged(last, change, fault, signed)), id)
        let policies = try #require(last["decision"]?["epochs"]?["policies"]?.string.flatMap(Digest.init(hex:)))
        let intent = entry("intent-\(id)", .intent(IntentRecord(change, change.plan, policies: policies)), id)
        let done = try change.after(.began).after(.succeeded)
        let executed = LogEntry(
            .outcome(OutcomeRecord(done)), id: "outcome-\(id)", time: Fixture.now,
            links: ["change": id, "intent": "intent-\(id)"])
        // Each in a batch of its own, as the gateway's are: their order is that of the batches.
        for (number, next) in [permit, intent, executed].enumerated() {
            let token = Task(
                id: "task-\(number)", tenant: "t", holder: .workload("agent"), purpose: Purpose("p", .assumed), delegator: nil,
                created: Fixture.now,
                expires: Fixture.now)
            try await world.witnessed.commit([.insertTask(token, token: "t\(number)")], entries: [next])
        }
        let auditor = Auditor(store: world.store, keys: world.keys)
        let report = try await auditor.verify(try world.checkpoints(), replaying: false)
        let text = report.problems.joined(separator: "\n")
        #expect(Self.expected[fault].map(text.contains) ?? report.problems.isEmpty, "\(fault): \(text)")
        #expect(report.proved == (fault == .none ? 1 : 0))
    }

    private func entry(_ id: String, _ record: LogRecord, _ change: String) -> LogEntry {
        LogEntry(record, id: id, time: Fixture.now, links: ["change": change])
    }

    /// The last decision, made a permit that counts one approval.
    private func forged(_ last: JSONValue, _ change: Change, _ fault: Fault, _ signed: [String]) -> JSONValue {
        var (body, decision, question) = (
            last.object ?? JSONObject(), last["decision"]?.object ?? JSONObject(), last["question"]?.object ?? JSONObject()
        )
        decision["verdict"] = "permit"
        let isParty = fault == .party || fault == .adopted
        let counted: JSONValue = isParty ? "olga" : "lena"
        let teams: JSONValue = fault == .teams ? ["leads", "security"] : isParty ? ["desk"] : ["leads"]
        // Made somebody else's own, it is still not for the requester's owner to approve.
        if fault == .adopted { question["principal"] = EntityUID.person("lars").json }
        question["approvals"] = [["person": ["id": counted, "teams": teams], "userVerified": false]]
        (body["decision"], body["question"]) = (.object(decision), .object(question))
        body["counted"] = .array(signed.map(JSONValue.string))
        body["terms"] = .string(fault == .terms ? Digest(of: "other").hex : change.digest.hex)
        body["assessment"] = .string(fault == .assessment ? Digest(of: "other").hex : change.shown.digest.hex)
        return .object(body)
    }
}
