import Authority
import Reach
public import StrictJSON

/// What people ask of the graph. Agents never see any of it.
extension ReachWatch {
    /// Who can take which protected target today, the shortest ways first.
    public func report() -> JSONValue {
        let standings = core.reach.standings()
        let systems = core.reach.summary()
        return [
            "systems": .array(
                systems.map { system in
                    [
                        "system": .string(system.system), "nodes": .integer(Int64(system.nodes)),
                        "facts": .integer(Int64(system.facts)), "readAt": .integer(system.readAt.milliseconds),
                    ]
                }),
            "protected": .array(core.reach.protected.map(JSONValue.string)),
            "unresolved": .array(core.reach.unresolved.map(JSONValue.string)),
            "takers": .array(
                standings.map {
                    ["who": .string($0.who), "target": .string($0.target), "steps": .integer(Int64($0.depth))]
                }),
        ]
    }

    /// How one comes to control the other.
    public func path(from: String, to: String) throws -> JSONValue {
        guard from != to else {
            return ["from": .string(from), "to": .string(to), "reachable": true, "depth": 0, "steps": [], "edges": []]
        }
        guard let path = try core.reach.path(from: from, to: to) else {
            return ["from": .string(from), "to": .string(to), "reachable": false, "steps": []]
        }
        func title(_ id: String) -> JSONValue { .string(path.titles[id] ?? id) }
        let edges = path.proof.steps.map { step -> JSONValue in
            [
                "from": .array(step.holders.map(title)), "to": title(step.takes),
                "because": step.because.map(JSONValue.string) ?? "", "source": step.source.map(JSONValue.string) ?? "",
                "facts": .array(step.facts.map { .string($0.relation) }),
            ]
        }
        return [
            "from": .string(from), "to": .string(to), "reachable": true, "depth": .integer(Int64(path.proof.depth)),
            "steps": .array(path.sentences.map(JSONValue.string)), "edges": .array(edges),
        ]
    }
}
