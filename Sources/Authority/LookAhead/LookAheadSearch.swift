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
    private let moves: LookAheadMoves
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
        func isExact(_ opening: LookAheadAbstraction.Opening) -> Bool {
            guard let operation = world.catalogue[opening.operation], operation.isExact else { return false }
            if case .new = operation.target { return true }
            return !opening.entry.node.id.isNew && opening.entry.node.isEntity
        }
        self.openings = openings.filter(isExact).sorted {
            ($0.operation, $0.entry.id, $0.workload) < ($1.operation, $1.entry.id, $1.workload)
        }
        (graph, start) = (world.graph, world.graph)
        known = Dictionary(world.workloads.map { ($0.uid, world.known($0)) }, uniquingKeysWith: { $1 })
        moves = LookAheadMoves(world, LookAheadFacts(world), literals: policies.policies.literalsByAttribute)
    }

    /// The steps in words, and what they make possible; nil when there are none within the bounds.
    mutating func run() throws -> (steps: [String], gains: Gains)? {
        var seen: Set<LookAheadState> = []
        var level: [(state: LookAheadState, steps: [String])] = [(LookAheadState(), [])]
        for _ in 0..<Self.deepest {
            var next: [(state: LookAheadState, steps: [String])] = []
            for (state, steps) in level {
                for opening in openings {
                    guard let operation = world.catalogue[opening.operation] else { continue }
                    for move in moves.all(operation, opening.entry, state) {
                        guard asked < patience else { return nil }
                        guard let after = moves.apply(move, operation, to: state), !seen.contains(after),
                            permits(opening, move, state)
                        else { continue }
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
        let rules = graph.rules
        func isRestriction(_ fact: NamedFact) -> Bool { rules[fact.relation]?.isRestriction ?? false }
        let losses = state.losses(isRestriction)
        try graph.apply(losses)
        let gains = try graph.gains(of: state.step(isRestriction), proofs: 1)
        try graph.apply(losses.reversed)
        func isNew(_ who: String, _ target: String) -> Bool { !start.reaches(who, target) }
        return Gains(
            pairs: gains.pairs.filter { isNew($0.who, $0.target) }, proofs: gains.proofs.filter { isNew($0.who, $0.target) })
    }

    private func words(_ opening: LookAheadAbstraction.Opening, _ move: LookAheadMoves.Move) -> String {
        let input = move.input.keys.sorted().map { "\($0)=\(move.text($0))" }.joined(separator: " ")
        return "\(opening.workload.id.string): \(opening.operation) \(input)"
    }

    // MARK: Asking policy

    private mutating func permits(
        _ opening: LookAheadAbstraction.Opening, _ move: LookAheadMoves.Move, _ state: LookAheadState
    ) -> Bool {
        guard let known = known[opening.workload] else { return false }
        let entities = PartialEntities(known, partial: moves.entities(move.target, state))
        return world.purposes.contains { purpose in
            asked += 1
            let request = PartialRequest(
                principal: .known(opening.workload), action: world.catalogue.action(.execute, opening.operation),
                resource: .known(world.uid(move.target)), context: .known(.record(context(move, purpose))))
            let response = policies.policies.authorize(request, entities: entities, schema: policies.cedarSchema)
            return response.decision == .allow && response.errors.isEmpty
        }
    }

    private func context(_ move: LookAheadMoves.Move, _ purpose: String) -> [ExactString: Value] {
        let start = Instant(milliseconds: 0)
        var context = ContextShape.value(
            input: .record(move.input),
            task: ContextShape.value(taskID: "task", tenant: world.tenant, purpose: purpose, expires: start), delegator: nil,
            precondition: .atomic, lease: world.lease, reach: .none,
            surroundings: ContextShape.value(now: start, environment: world.environment, isLocked: false))
        context[ContextShape.approvalsName] = ContextShape.value([])
        return context
    }
}

extension Operation {
    /// Whether it can be told exactly what it does: not where the plan computes it, where it replaces or deletes what is there, or
    /// where its input has parts that nobody can try out.
    fileprivate var isExact: Bool {
        let isTold = effects.allSatisfy { effect in
            switch effect.act {
            case .adds, .removes, .sets, .creates, .mints, .shows: true
            case .replaces, .upserts, .deletes, .computed, .opaque: false
            }
        }
        return isTold && target != .system
            && input.allSatisfy { field in
                switch field.type {
                case .list, .document, .duration, .json: !field.isRequired
                case .identifier, .reference, .text, .string, .integer, .boolean, .choice: true
                }
            }
    }
}
