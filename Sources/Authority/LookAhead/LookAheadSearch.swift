import Cedar
import Reach
import StrictJSON

/// Looks for a shortest sequence of steps that policy really permits, one after the other, and that makes something
/// protected newly reachable. Exact, within its bounds.
struct LookAheadSearch {
    static let deepest = 3
    static let patience = 20_000

    private let world: LookAheadWorld
    private let policies: PolicyBundle
    private let openings: [LookAheadAbstraction.Opening]
    private var graph: ReachGraph
    private let start: ReachGraph
    private let patience: Int
    private var asked = 0
    private let literals: [ExactString: Set<String>]
    private let known: [EntityUID: Entities]

    /// - Parameter patience: how many decisions to make at most.
    init(
        _ world: LookAheadWorld, _ policies: PolicyBundle, _ openings: Set<LookAheadAbstraction.Opening>,
        patience: Int = Self.patience
    ) {
        self.patience = patience
        self.world = world
        self.policies = policies
        // Of somebody new too little is known here to say what would really be permitted.
        let isNew = { (opening: LookAheadAbstraction.Opening) in opening.entry == world.newcomer() }
        self.openings = openings.filter { $0.operation == "user.create" || !isNew($0) }.sorted {
            ($0.operation, $0.entry.node.id, $0.workload) < ($1.operation, $1.entry.node.id, $1.workload)
        }
        (graph, start) = (world.graph, world.graph)
        known = Dictionary(world.workloads.map { ($0.uid, world.known($0)) }, uniquingKeysWith: { $1 })
        literals = policies.policies.literalsByAttribute
    }

    /// The steps in words, and what they make possible; nil when there are none within the bounds.
    mutating func run() throws -> (steps: [String], gains: Gains)? {
        var seen: Set<LookAheadState> = []
        var level: [(state: LookAheadState, steps: [String])] = [(LookAheadState(world), [])]
        for _ in 0..<Self.deepest {
            var next: [(state: LookAheadState, steps: [String])] = []
            for (state, steps) in level {
                for opening in openings {
                    for move in moves(opening, state) {
                        guard asked < patience else { return nil }
                        let after = apply(move, opening, to: state)
                        guard !seen.contains(after), permits(opening, move, state) else { continue }
                        seen.insert(after)
                        let all = steps + [words(opening, move)]
                        let gains = try gains(after)
                        if !gains.isEmpty { return (all, gains) }
                        next.append((after, all))
                    }
                }
            }
            level = next
        }
        return nil
    }

    /// What can be taken in that state that could not be at the start.
    private mutating func gains(_ state: LookAheadState) throws -> Gains {
        try graph.apply(state.losses)
        let gains = try graph.gains(of: state.step, proofs: 1)
        try graph.apply(state.losses.reversed)
        func isNew(_ who: String, _ target: String) -> Bool { !start.reaches(who, target) }
        return Gains(
            pairs: gains.pairs.filter { isNew($0.who, $0.target) }, proofs: gains.proofs.filter { isNew($0.who, $0.target) })
    }

    // MARK: Moves

    /// The input that an attacker might choose.
    private struct Move: Hashable {
        var input: [ExactString: String]
        var member: String?
        var value: String?
    }

    private func effect(_ opening: LookAheadAbstraction.Opening) -> LookAheadEffect? {
        world.catalogue[opening.operation].flatMap(LookAheadEffect.init)
    }

    private func moves(_ opening: LookAheadAbstraction.Opening, _ state: LookAheadState) -> [Move] {
        let (node, name) = (opening.entry.node.id, opening.entry.node.name)
        switch effect(opening) {
        case .addMember:
            return people(state).filter { member in
                member.node.id != node && state.memberOf[member.node.id]?.contains(node) != true
                    && !state.above(node).contains(member.node.id)
            }.map { Move(input: ["group": name, "member": $0.node.name], member: $0.node.id) }
        case .removeMember:
            return world.entries.filter { state.memberOf[$0.node.id]?.contains(node) == true }
                .map { Move(input: ["group": name, "member": $0.node.name], member: $0.node.id) }
        case .enable: return state.disabled.contains(node) ? [Move(input: ["user": name])] : []
        case .disable: return state.disabled.contains(node) ? [] : [Move(input: ["user": name])]
        case .password: return [Move(input: ["user": name])]
        case .create:
            guard state.newcomer == nil else { return [] }
            return newNames.map {
                Move(input: ["user": $0, "displayName": "x", "surname": "x", "mail": "x@example.org"], value: $0)
            }
        case .set(let attribute):
            let values = (literals[ExactString(attribute)] ?? []).union(literals["value"] ?? []).union(["x"]).sorted()
            return values.map { Move(input: ["user": name, "value": $0], value: $0) }
        // Whether it removes or only disables depends on what was done to the account before.
        case .remove, nil: return []
        }
    }

    private func people(_ state: LookAheadState) -> [LookAheadWorld.Entry] {
        world.entries + [state.newcomer].compactMap { $0 }
    }

    /// What somebody new might be called: what policies ask for, or anything.
    private var newNames: [String] {
        let taken = Set(world.entries.map(\.node.name))
        let asked = (literals["user"] ?? []).union(literals["member"] ?? []).union(literals["name"] ?? []).union(world.newNames)
        return asked.subtracting(taken).union(["newcomer"]).sorted()
    }

    private func apply(_ move: Move, _ opening: LookAheadAbstraction.Opening, to state: LookAheadState) -> LookAheadState {
        var state = state
        let effect = effect(opening)
        let node = effect == .create ? world.newcomer(move.value ?? "").node.id : opening.entry.node.id
        if let operation = world.catalogue[opening.operation] { state.adds.formUnion(world.writes(operation, node)) }
        switch effect {
        case .addMember: state.join(move.member ?? "", node)
        case .removeMember: state.leave(move.member ?? "", node)
        case .enable: state.enable(node)
        case .disable: state.disable(node)
        case .password: state.adds.insert(NamedFact(Power.password.rawValue, node, LookAhead.secret))
        case .create:
            state.newcomer = world.newcomer(move.value ?? "")
            let name = ReachNode.awaited(move.value ?? "", in: world.system).id
            if world.names.contains(name) { state.adds.insert(NamedFact("namedAs", node, name)) }
        case .set(let attribute): state.written[node, default: [:]][ExactString(attribute)] = .some(move.value)
        case .remove, nil: break
        }
        return state
    }

    private func words(_ opening: LookAheadAbstraction.Opening, _ move: Move) -> String {
        let input = move.input.keys.sorted().map { "\($0)=\(move.input[$0] ?? "")" }.joined(separator: " ")
        return "\(opening.workload.id.string): \(opening.operation) \(input)"
    }

    // MARK: Asking policy

    private mutating func permits(_ opening: LookAheadAbstraction.Opening, _ move: Move, _ state: LookAheadState) -> Bool {
        guard let known = known[opening.workload] else { return false }
        let entry = effect(opening) == .create ? world.newcomer(move.value ?? "") : opening.entry
        let entities = PartialEntities(known, partial: entities(entry, state))
        return world.purposes.contains { purpose in
            asked += 1
            let request = PartialRequest(
                principal: .known(opening.workload), action: world.catalogue.action(.execute, opening.operation),
                resource: .known(world.uid(entry)), context: .known(.record(context(move, purpose))))
            let response = policies.policies.authorize(request, entities: entities, schema: policies.cedarSchema)
            return response.decision == .allow && response.errors.isEmpty
        }
    }

    private func context(_ move: Move, _ purpose: String) -> [ExactString: Value] {
        let start = Instant(milliseconds: 0)
        var context = ContextShape.value(
            input: .record(move.input.mapValues { .string(ExactString($0)) }),
            task: ContextShape.value(taskID: "task", tenant: world.tenant, purpose: purpose, expires: start), delegator: nil,
            precondition: .atomic, reach: .none,
            surroundings: ContextShape.value(now: start, environment: world.environment, isLocked: false))
        context[ContextShape.approvalsName] = ContextShape.value([])
        return context
    }

    /// The entry and all groups above it, as they stand.
    private func entities(_ entry: LookAheadWorld.Entry, _ state: LookAheadState) -> [PartialEntity] {
        let above = state.above(entry.node.id)
        let involved = [entry] + world.entries.filter { above.contains($0.node.id) }
        return involved.map { partialEntity($0, state) } + [
            PartialEntity(.system(world.system), attributes: .record([:]), parents: [])
        ]
    }

    private func partialEntity(_ entry: LookAheadWorld.Entry, _ state: LookAheadState) -> PartialEntity {
        let id = entry.node.id
        let groups = state.above(id)
        let labels = world.entries.reduce(into: entry.node.labels) {
            if groups.contains($1.node.id) { $0.formUnion($1.node.labels) }
        }
        var members: [ExactString: PartialValue] = [
            "name": .known(.string(ExactString(entry.node.name))), "kind": .known(entry.isGroup ? "group" : "user"),
            "labels": .known(.set(Set(labels.map { .string(ExactString($0)) }))),
        ]
        for attribute in world.catalogue.attributes where attribute.sensitivity != .secret && attribute.name != "name" {
            let name = ExactString(attribute.name)
            if let written = state.written[id]?[name] {
                members[name] = written.map { .known(.string(ExactString($0))) }
            } else if let attributes = entry.attributes {
                members[name] = attributes[name].map { .known(.string(ExactString($0))) }
            } else {
                members[name] = .unknown(.string, isPresent: false)
            }
        }
        members["enabled"] = entry.isGroup ? nil : .known(.bool(!state.disabled.contains(id)))
        let parents = world.entries.filter { state.memberOf[id]?.contains($0.node.id) == true }.map(world.uid)
        return PartialEntity(world.uid(entry), attributes: .record(members), parents: Set(parents + [.system(world.system)]))
    }
}
