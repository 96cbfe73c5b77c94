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

    /// The node that stands for whoever could be made a member.
    public static let anybody = "exequatur:name:anybody"
    static let secret = "exequatur:secret:shown to a person"

    public init(_ policies: PolicyBundle, on world: LookAheadWorld) throws {
        let abstraction = LookAheadAbstraction(world, policies)
        var graph = world.graph
        let all = try graph.gains(of: abstraction.step, proofs: 1)
        openings = abstraction.openings.count
        guard all.pairs.contains(where: { $0.who != Self.anybody }) else {
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
}
