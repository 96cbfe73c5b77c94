package import Authority
package import Cedar
package import Reach
import StrictJSON
import Synchronization

/// A made-up kind of system that is no directory: a message broker, where whoever has the administrator's tag can do all. Nothing
/// outside this file knows of it.
package final class Broker: Connector {
    package let system: String
    package let endpoint = "memory"
    package var catalogue: Catalogue { Self.catalogue }

    /// Who has which tags, and who is blocked.
    private struct State {
        var tags: [String: Set<String>] = ["guest": [], "ops": ["administrator"]]
        var blocked: Set<String> = []
        var leases: [String: String] = [:]
        var lastLease: [String: String] = [:]
        /// Whether its answers are lost, and it does not say who wrote.
        var isSilent = false
        /// Whether it can't be read whole.
        var isClosed = false
        /// How often it was asked for its answer to an operation that only reads.
        var answers = 0
    }

    private let state = Mutex(State())

    package init(system: String) { self.system = system }

    /// From now on its answers to writes are lost, and nobody can tell who wrote.
    package func fallSilent() { state.withLock { $0.isSilent = true } }

    /// From now on nobody can tell what a step makes possible.
    package func close() { state.withLock { $0.isClosed = true } }

    /// How often it was asked for an answer of its own.
    package var answers: Int { state.withLock { $0.answers } }

    package var isReadWhole: Bool { state.withLock { !$0.isClosed } }

    // MARK: What it is

    package static let rules = (
        name: "broker.reach",
        text: """
        relation broker.hasTag(who, tag) "has the tag".
        restriction broker.isBlocked(account) "is blocked".
        become(?u, ?t) if broker.hasTag(?u, ?t) and not broker.isBlocked(?u)
            because "a tag gives what it stands for" source "the broker's manual".
        """
    )

    private static let account = InputField("account", .reference(["account"]), "The account")
    private static let tag = InputField("tag", .reference(["tag"]), "The tag")

    private static let catalogue = Catalogue(
        namespace: "Broker",
        kinds: [
            EntityKind(
                "account", plural: "accounts", .human, ids: .reusable(foldsCase: false),
                attributes: [AttributeDefinition("name", .public), AttributeDefinition("blocked", .internal, type: .boolean)]),
            EntityKind("tag", plural: "tags", .rule, attributes: [AttributeDefinition("name", .public)]),
        ],
        relations: [
            RelationDefinition(
                "broker.hasTag", from: ["account"], to: ["tag"],
                projection: .parent(up: "tags", down: "accounts", below: "allAccounts")),
            RelationDefinition(
                "broker.isBlocked", from: ["account"], isRestriction: true, projection: .mirrors("blocked", negated: false)),
        ],
        operations: [
            Operation(
                "account.read", "Read one account.", .read, on: .existing("account", by: "account"), input: [account],
                answer: .one("account")),
            Operation("tag.read", "Read one tag.", .read, on: .existing("tag", by: "tag"), input: [tag], answer: .one("tag")),
            Operation(
                "broker.status", "What the broker says of itself.", .read, on: .system, input: [], answer: .document,
                offer: Offer(.resource, "status", SystemDocument(["uri": "broker:status"]), schema: nil)),
            Operation(
                "account.tag", "Give an account a tag.", .write, on: .existing("account", by: "account"), input: [account, tag],
                classes: [.privilege], effects: [Effect(.adds("broker.hasTag", .target, .input("tag")))],
                inverse: "account.untag",
                phrase: "tag {target} as {added}"),
            Operation(
                "account.untag", "Take a tag away.", .write, on: .existing("account", by: "account"), input: [account, tag],
                effects: [Effect(.removes("broker.hasTag", .target, .input("tag")))], inverse: "account.tag",
                phrase: "take {removed} from {target}"),
            Operation(
                "broker.import", "Load a whole definition.", .write, on: .system,
                input: [InputField("definition", .document(10_000), "The definition")], effects: [Effect(.opaque)],
                reversibility: .irreversible, phrase: "load a definition into {target}"),
        ])

    private static func uid(_ kind: String, _ name: String, in system: String) -> EntityUID {
        catalogue.uid(NodeID(system: system, kind: kind, id: name)) ?? .system(system)
    }

    private func node(_ kind: String, _ name: String) -> NodeID { NodeID(system: system, kind: kind, id: name) }

    private func facts(_ account: String, _ state: State) -> [Entity] {
        let tags = (state.tags[account] ?? []).sorted()
        return [
            Entity(
                Self.uid("account", account, in: system),
                attributes: [
                    "name": .string(ExactString(account)), "kind": "account", "labels": .set([]),
                    "blocked": .bool(state.blocked.contains(account)),
                ], parents: Set(tags.map { Self.uid("tag", $0, in: system) } + [.system(system)]))
        ] + tags.map(fact)
    }

    private func fact(_ tag: String) -> Entity {
        Entity(
            Self.uid("tag", tag, in: system), attributes: ["name": .string(ExactString(tag)), "kind": "tag", "labels": .set([])],
            parents: [.system(system)])
    }

    private func reachFacts(_ account: String, _ state: State) -> Set<NamedFact> {
        Set((state.tags[account] ?? []).map { NamedFact("broker.hasTag", node("account", account), node("tag", $0)) })
    }

    // MARK: Reading

    package func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        let name = input["account"] ?? ""
        let state = state.withLock { $0 }
        guard state.tags[name] != nil else { throw ConnectorError(.notFound, "no account \(name)") }
        return EntryRecord(
            uid: Self.uid("account", name, in: system), name: name, attributes: ["name": [name]], facts: facts(name, state))
    }

    package func answer(_ operation: Operation, _ input: Input, progress: ProgressListener?) async throws(ConnectorError)
        -> SystemDocument
    {
        state.withLock { $0.answers += 1 }
        return SystemDocument(["status": "running"])
    }

    package func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool) {}
    package func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool) {}

    package func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) {
        let state = state.withLock { $0 }
        let nodes = state.tags.keys.sorted().map { ReachNode(system: system, Self.catalogue.kinds[0], id: $0, name: $0) }
        let tags = ["administrator", "monitoring"].map { ReachNode(system: system, Self.catalogue.kinds[1], id: $0, name: $0) }
        let facts = state.tags.keys.sorted().flatMap { reachFacts($0, state).sorted() }
        receive(SnapshotPage(nodes: nodes + tags, facts: facts))
    }

    package func surroundings(of plan: Plan) -> Set<NamedFact> {
        state.withLock { reachFacts(plan.targetName, $0) }
    }

    package func writtenByOthers(_ nodes: Set<NodeID>) -> Set<NodeID> { [] }

    // MARK: Writing

    package func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        let state = state.withLock { $0 }
        guard operation.target != .system else {
            let whole = EntityUID.system(system)
            let touched = TouchedValue(entity: whole, name: system, attribute: "definition", before: ["(old)"], after: ["(new)"])
            return Plan(
                target: whole, targetName: system, touched: [touched], inverse: nil, reversibility: operation.reversibility,
                precondition: .none, version: "1", facts: [Entity(whole)])
        }
        let (account, tag) = (input["account"] ?? "", input["tag"] ?? "")
        guard let tags = state.tags[account] else { throw ConnectorError(.notFound, "no account \(account)") }
        let isAdding = operation.name == "account.tag"
        let touched = TouchedValue(
            entity: Self.uid("account", account, in: system), name: account, attribute: "hasTag",
            before: tags.contains(tag) ? [tag] : [], after: isAdding ? [tag] : [])
        let fact = NamedFact("broker.hasTag", node("account", account), node("tag", tag))
        return Plan(
            target: touched.entity, targetName: account, touched: [touched],
            inverse: operation.inverse.map { Inverse(operation: $0, input: input.json) }, reversibility: operation.reversibility,
            precondition: .checked, version: "\(tags.sorted())",
            facts: facts(account, state) + (tags.contains(tag) ? [] : [self.fact(tag)]),
            named: ["tag": [Self.uid("tag", tag, in: system)]], step: isAdding ? Step(adds: [fact]) : Step(removes: [fact]),
            surroundings: reachFacts(account, state))
    }

    private struct Hold: Lease { let reference: LeaseReference }

    package func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        LeaseReference(id: id, change: change, system: system, account: "lease/\(id)", expires: expires)
    }

    package func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        state.withLock { $0.leases[reference.id] = reference.change }
        return Hold(reference: reference)
    }

    package func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied {
        for value in grant.plan.touched where value.attribute == "hasTag" {
            state.withLock { state in
                state.tags[value.name, default: []].subtract(value.before)
                state.tags[value.name, default: []].formUnion(value.after)
                state.lastLease[value.name] = lease.reference.id
            }
        }
        if state.withLock({ $0.isSilent }) { throw ConnectorError(.unavailable, "no answer") }
        return Applied(answer: SystemDocument(["tagged": .string(grant.plan.targetName)]))
    }

    package func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        let state = state.withLock { $0 }
        let touched = plan.touched.map { value in
            let now =
                value.attribute == "hasTag"
                ? (state.tags[value.name] ?? []).intersection(value.before + value.after).sorted() : value.after
            return TouchedValue(
                entity: value.entity, name: value.name, attribute: value.attribute, before: value.before, after: now)
        }
        return Observation(
            touched: touched, isOurs: state.isSilent ? nil : lease.map { state.lastLease[plan.targetName] == $0.id },
            isAttributable: !state.isSilent)
    }

    package func revoke(_ reference: LeaseReference) { state.withLock { $0.leases[reference.id] = nil } }
    package func leftovers() -> [LeaseReference] { [] }
}
