import Cedar
import Reach
import StrictJSON
import TestSupport
import Testing

@testable import Authority

@Suite("What the look ahead can't interpret")
struct UninterpretedTests {
    /// A kind of system that is no directory: its operations have names and targets that nobody knows.
    private static func verdict(_ operation: Operation) throws -> LookAhead.Verdict {
        let catalogue = Catalogue(namespace: "Broker", operations: [operation], attributes: [])
        let policy = #"permit (principal, action == Broker::Action::"execute:\#(operation.name)", resource);"#
        let policies = try Fixture.bundle(policy, [catalogue])
        let entries = [("guest", ReachNode.Kind.user, []), ("administrators", .group, ["tier-0"])].map { name, kind, labels in
            LookAheadWorld.Entry(
                ReachNode(system: "queues", kind: kind, key: name, name: name, labels: Set(labels)), attributes: [:])
        }
        let world = LookAheadWorld(
            system: "queues", catalogue: catalogue, workloads: [Entity(.workload("agent"))], entries: entries,
            graph: try ReachGraph(
                rules: try RuleSet.shipped(), nodes: entries.map(\.node.id), facts: [],
                protected: ["queues:group:administrators"]),
            facts: [], purposes: ["p"], environment: "test", tenant: "t")
        return try LookAhead(policies, on: world).verdict
    }

    @Test("A system with an operation that nobody knows is never called safe")
    func unknownOperation() throws {
        let operation = Operation(
            "user.tag", "Give a user a tag.", .write, on: .user, input: [InputField("user", .identifier, "The user")],
            effects: [Effect(.adds, "tags")])
        let verdict = try Self.verdict(operation)
        withKnownIssue("an unknown operation is skipped") { #expect(verdict == .possible) }
    }

    @Test("A system with an operation on the system itself is never called safe")
    func systemOperation() throws {
        let operation = Operation(
            "system.import", "Load a whole definition.", .write, on: .system, input: [], effects: [Effect(.replaces, "entry")])
        let verdict = try Self.verdict(operation)
        withKnownIssue("an operation on the system is skipped") { #expect(verdict == .possible) }
    }
}
