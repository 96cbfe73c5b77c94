import Cedar
public import Reach

/// What a policy set alone would let workloads add up to, without any person: said when policies are loaded, before anything
/// is asked.
///
/// First a sound abstraction: whatever policy does not deny for certain may happen, and if all of it together gains nothing,
/// no sequence does. Then, if something is gained, an exact search for a shortest sequence that really is permitted. Clauses
/// over `context.reach` are disregarded.
public struct LookAhead: Sendable {
    public enum Verdict: String, Sendable {
        /// No sequence of any length gains anything.
        case safe
        /// It can't be excluded, and no sequence within the bounds was found.
        case possible
        /// A sequence was found.
        case reachable
    }

    public let verdict: Verdict
    /// The sequence found: operations with their input, in order.
    public let steps: [String]
    /// What it, or else all that is possible together, makes reachable, with a proof each.
    public let gains: Gains
    /// How many operations on entries may be permitted.
    public let openings: Int
    /// The operations that may be permitted and that nobody can tell the effects of, as `system operation`; sorted.
    public let untold: [String]

    /// What begins the names of nodes that stand for anybody, or anything.
    static let standInKind = "stand-in"

    /// The node that stands for whichever of these kinds in a system, at one place of a relation.
    static func standIn(_ kinds: Set<String>, _ place: Int, of relation: String, in system: String) -> NodeID {
        NodeID(own: standInKind, "\(place) of \(relation) in \(system): \(kinds.sorted().joined(separator: " "))")
    }

    /// All that might be done in its system.
    private let everything: Step

    /// Looks ahead on one system, with the links to others as they are.
    public init(_ policies: PolicyBundle, on world: LookAheadWorld) throws {
        guard !world.isUnread else {
            // There no workload carries anything out, whatever policy says.
            (verdict, steps, gains, openings, untold, everything) = (.safe, [], .none, 0, [], Step())
            return
        }
        let abstraction = LookAheadAbstraction(world, policies)
        let step = abstraction.step
        everything = step.step
        openings = abstraction.openings.count
        // More than can be written out is as good as anything.
        untold = abstraction.untold + (step.isTooLarge ? ["\(world.system): more facts than can be looked at"] : [])
        let all = try Self.gains(world, everything)
        guard !all.isEmpty || !untold.isEmpty else {
            (verdict, steps, gains) = (.safe, [], .none)
            return
        }
        var search = LookAheadSearch(world, policies, abstraction.openings)
        if let found = try search.run() {
            (verdict, steps, gains) = (.reachable, found.steps, found.gains)
        } else {
            (verdict, steps, gains) = (.possible, [], all)
        }
    }

    /// What steps in several systems might add up to, each of them safe by itself; not searched.
    private init(_ parts: [LookAhead], over world: LookAheadWorld) throws {
        everything = Step(adds: parts.flatMap(\.everything.adds), removes: parts.flatMap(\.everything.removes))
        openings = parts.map(\.openings).reduce(0, +)
        untold = parts.flatMap(\.untold).sorted()
        gains = try Self.gains(world, everything)
        (verdict, steps) = (gains.isEmpty ? .safe : .possible, [])
    }

    /// Looks ahead on each system, and, where all are safe, on all of them together.
    ///
    /// - Parameter worlds: with one graph, of all systems.
    public static func all(_ policies: PolicyBundle, on worlds: [LookAheadWorld]) throws -> [(system: String, result: LookAhead)]
    {
        var results = try worlds.map { (system: $0.system, result: try LookAhead(policies, on: $0)) }
        guard let first = worlds.first, results.count > 1, results.allSatisfy({ $0.result.verdict == .safe }) else {
            return results
        }
        let together = try LookAhead(results.map(\.result), over: first)
        if together.verdict != .safe { results.append(("all systems together", together)) }
        return results
    }

    private static func gains(_ world: LookAheadWorld, _ step: Step) throws -> Gains {
        var graph = world.graph
        let gains = try graph.gains(of: step, proofs: 1)
        // What stands for anybody is nobody.
        func isSomebody(_ node: String) -> Bool {
            NodeID(text: node).map { $0.system != NodeID.gateway || $0.kind != standInKind } ?? true
        }
        return Gains(pairs: gains.pairs.filter { isSomebody($0.who) }, proofs: gains.proofs.filter { isSomebody($0.who) })
    }
}
