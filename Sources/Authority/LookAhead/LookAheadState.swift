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
    private var lifted: Set<NamedFact> = []
    /// The facts that went, and the restrictions that came.
    private var lost: Set<NamedFact> = []
    private var imposed: Set<NamedFact> = []
    /// Somebody who was created.
    var newcomer: LookAheadWorld.Entry?

    init(_ world: LookAheadWorld) {
        (memberOf, disabled) = ([:], [])
        for fact in world.facts {
            if fact.relation == "member", let group = fact.object { memberOf[fact.subject, default: []].insert(group) }
            if fact.relation == "disabled" { disabled.insert(fact.subject) }
        }
    }

    /// What gives, and what takes away.
    var step: Step { Step(adds: adds.sorted(), removes: lifted.sorted()) }
    var losses: Step { Step(adds: imposed.sorted(), removes: lost.sorted()) }

    // MARK: Steps

    mutating func join(_ member: String, _ group: String) {
        let fact = NamedFact("member", member, group)
        memberOf[member, default: []].insert(group)
        if lost.remove(fact) == nil { adds.insert(fact) }
    }

    mutating func leave(_ member: String, _ group: String) {
        let fact = NamedFact("member", member, group)
        memberOf[member]?.remove(group)
        if adds.remove(fact) == nil { lost.insert(fact) }
    }

    mutating func enable(_ user: String) {
        let fact = NamedFact("disabled", user)
        disabled.remove(user)
        if imposed.remove(fact) == nil { lifted.insert(fact) }
    }

    mutating func disable(_ user: String) {
        let fact = NamedFact("disabled", user)
        disabled.insert(user)
        if lifted.remove(fact) == nil { imposed.insert(fact) }
    }

    /// The groups above an entry, however far.
    func above(_ node: String) -> Set<String> {
        var (seen, waiting): (Set<String>, [String]) = ([], [node])
        while let next = waiting.popLast() {
            for group in memberOf[next] ?? [] where seen.insert(group).inserted { waiting.append(group) }
        }
        return seen
    }
}
