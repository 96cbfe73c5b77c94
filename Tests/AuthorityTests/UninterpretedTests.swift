import Cedar
import Reach
import StrictJSON
import TestSupport
import Testing

@testable import Authority

/// A kind of system that is no directory: a message broker, whose administrators are those with a tag.
private enum Broker {
    static let kinds = [
        EntityKind("account", plural: "accounts", .workload, ids: .reusable(foldsCase: false)),
        EntityKind("tag", plural: "tags", .rule), EntityKind("queue", plural: "queues", .resource),
    ]
    static let relations = [
        RelationDefinition("broker.hasTag", from: ["account"], to: ["tag"]),
        RelationDefinition("broker.reads", from: ["tag"], to: ["queue"]),
        RelationDefinition("broker.isBlocked", from: ["account"], isRestriction: true),
    ]
    static let rules = """
        relation broker.hasTag(who, tag) "has the tag".
        relation broker.reads(tag, queue) "may read".
        restriction broker.isBlocked(account) "is blocked".
        become(?u, ?t) if broker.hasTag(?u, ?t) and not broker.isBlocked(?u).
        become(?t, ?q) if broker.reads(?t, ?q).
        """

    static func operation(_ name: String, _ effects: [Authority.Effect], on target: OperationTarget = account)
        -> Authority.Operation
    {
        let more = InputField("tag", .reference(["tag"]), "The tag", isRequired: false)
        let input = target == .system ? [] : [InputField("account", .reference(["account"]), "The account"), more]
        return Operation(name, "Does something.", .write, on: target, input: input, effects: effects)
    }

    static let account = OperationTarget.existing("account", by: "account")

    /// What the look ahead says where one operation is permitted on everything.
    static func lookAhead(_ operation: Authority.Operation, facts: Set<NamedFact> = [], permits: Bool = true) throws -> LookAhead
    {
        let catalogue = Catalogue(namespace: "Broker", kinds: kinds, relations: relations, operations: [operation])
        let action = "Broker::Action::\"execute:\(operation.name)\""
        let policies = try Fixture.bundle(
            "\(permits ? "permit" : "forbid") (principal, action == \(action), resource);", [catalogue])
        let entries = zip([0, 1, 2], ["guest", "administrator", "payments"]).map { kind, name in
            LookAheadWorld.Entry(ReachNode(system: "queues", kinds[kind], id: name, name: name), attributes: [:])
        }
        let world = LookAheadWorld(
            system: "queues", catalogue: catalogue, workloads: [Entity(.workload("agent"))], entries: entries,
            graph: try ReachGraph(
                rules: try RuleSet.shipped(with: [(name: "broker.reach", text: rules)]), nodes: entries.map(\.id),
                facts: facts.sorted(), protected: ["queues:tag:administrator", "queues:queue:payments"]),
            facts: facts, purposes: ["p"], environment: "test", tenant: "t")
        return try LookAhead(policies, on: world)
    }
}

@Suite("The look ahead on a kind of system that is no directory")
struct UninterpretedTests {
    @Test("An operation that nobody can tell the effects of makes no system safe, and is named")
    func opaque() throws {
        let operation = Broker.operation("account.tag", [Authority.Effect(.opaque)])
        let found = try Broker.lookAhead(operation)
        #expect(found.verdict == .possible && found.untold == ["queues account.tag"])
        #expect(try Broker.lookAhead(operation, permits: false).verdict == .safe)
    }

    @Test("An operation on the system itself makes no system safe")
    func systemOperation() throws {
        let operation = Broker.operation(
            "system.import", [Authority.Effect(.sets("definition", of: .system, to: .unknown))], on: .system)
        #expect(try Broker.lookAhead(operation).verdict == .possible)
        #expect(try Broker.lookAhead(operation, permits: false).verdict == .safe)
    }

    @Test("What an operation declares in relations of its own kind is followed, to the step that takes the tag")
    func ownRelation() throws {
        let operation = Broker.operation("account.tag", [Authority.Effect(.adds("broker.hasTag", .target, .input("tag")))])
        let found = try Broker.lookAhead(operation)
        #expect(found.verdict == .reachable && found.steps == ["agent: account.tag account=guest tag=administrator"])
    }

    @Test("Effects that an input guards count as if they came about")
    func guarded() throws {
        let effect = Authority.Effect(.adds("broker.hasTag", .target, .input("tag")), when: .present("tag"))
        #expect(try Broker.lookAhead(Broker.operation("account.set", [effect])).verdict == .reachable)
    }

    @Test("A restriction that is lifted is a grant")
    func restriction() throws {
        let facts: Set = [
            NamedFact("broker.hasTag", "queues:account:guest", "queues:tag:administrator"),
            NamedFact("broker.isBlocked", "queues:account:guest"),
        ]
        let operation = Broker.operation("account.unblock", [Authority.Effect(.removes("broker.isBlocked", .target))])
        #expect(try Broker.lookAhead(operation, facts: facts).verdict == .reachable)
        let other = Broker.operation("account.block", [Authority.Effect(.adds("broker.isBlocked", .target))])
        #expect(try Broker.lookAhead(other, facts: facts).verdict == .safe)
    }

    @Test("What a plan computes is possible as far as its bounds go, and safe beyond them")
    func computed() throws {
        let tags = Bound(adds: ["broker.hasTag"], kinds: ["account", "tag"])
        #expect(
            try Broker.lookAhead(Broker.operation("account.set-policy", [Authority.Effect(.computed(tags))])).verdict == .possible
        )
        let blocks = Bound(adds: ["broker.isBlocked"], kinds: ["account"])
        #expect(
            try Broker.lookAhead(Broker.operation("account.set-policy", [Authority.Effect(.computed(blocks))])).verdict == .safe)
    }

    @Test("A secret that is shown to whoever asks is a grant of the account")
    func shown() throws {
        let facts: Set = [NamedFact("broker.hasTag", "queues:account:guest", "queues:tag:administrator")]
        let relation = "directory.loginKeySetBy"
        let operation = Broker.operation("account.show-key", [Authority.Effect(.shows(relation, of: .target, to: .author))])
        #expect(try Broker.lookAhead(operation, facts: facts).verdict == .reachable)
    }
}
