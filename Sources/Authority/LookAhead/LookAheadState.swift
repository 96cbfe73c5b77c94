import Cedar
import Reach
import StrictJSON

/// How things stand after some steps: who is in what, who may not log in, and which attributes were written.
struct LookAheadState: Hashable {
    var memberOf: [String: Set<String>]
    var disabled: Set<String>
    var written: [String: [ExactString: String?]] = [:]
    /// The graph's facts that came, and the restrictions that went.
    var adds: Set<NamedFact> = []
    var removes: Set<NamedFact> = []
    /// Somebody who was created.
    var newcomer: LookAheadWorld.Entry?

    init(_ world: LookAheadWorld) {
        (memberOf, disabled) = ([:], [])
        for fact in world.facts {
            if fact.relation == "member", let group = fact.object { memberOf[fact.subject, default: []].insert(group) }
            if fact.relation == "disabled" { disabled.insert(fact.subject) }
        }
    }

    var step: Step { Step(adds: adds.sorted(), removes: removes.sorted()) }

    /// The groups above an entry, however far.
    func above(_ node: String) -> Set<String> {
        var (seen, waiting): (Set<String>, [String]) = ([], [node])
        while let next = waiting.popLast() {
            for group in memberOf[next] ?? [] where seen.insert(group).inserted { waiting.append(group) }
        }
        return seen
    }
}
