public import Authority
import Reach
public import StrictJSON

/// What people ask of the graph. Agents never see any of it.
extension Gateway {
    /// Who can take which protected target today, the shortest ways first.
    public func reachReport() -> JSONValue {
        let standings = reach.standings()
        let systems = reach.summary()
        return [
            "systems": .array(
                systems.map { system in
                    [
                        "system": .string(system.system), "nodes": .integer(Int64(system.nodes)),
                        "facts": .integer(Int64(system.facts)), "readAt": .integer(system.readAt.milliseconds),
                    ]
                }),
            "protected": .array(reach.protected.map(JSONValue.string)),
            "unresolved": .array(reach.unresolved.map(JSONValue.string)),
            "takers": .array(
                standings.map {
                    ["who": .string($0.who), "target": .string($0.target), "steps": .integer(Int64($0.depth))]
                }),
        ]
    }

    /// How one comes to control the other.
    public func reachPath(from: String, to: String) throws -> JSONValue {
        guard from != to else {
            return ["from": .string(from), "to": .string(to), "reachable": true, "depth": 0, "steps": [], "edges": []]
        }
        guard let path = try reach.path(from: from, to: to) else {
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

    /// What an operation would newly make possible, were somebody to carry it out. Nothing is staged.
    public func reachWhatIf(_ system: String, _ name: String, _ input: JSONValue, by person: Person, task: Task) async throws
        -> JSONValue
    {
        let operation = try operation(name, of: system)
        guard operation.access == .write else { throw Refusal(.inputNotAWrite, "`\(name)` changes nothing.") }
        let input = try Input(input, for: operation, at: "/input")
        let connector = try connector(system)
        let plan = try await ask(connector) { try await $0.plan(operation, input) }
        let submission = Submission(
            id: environment.id("what-if"), principal: .person(person), task: task, system: system, operation: operation,
            input: input)
        var json = try assess(submission, plan).json
        json.add("target", .string(plan.targetName))
        json.add("obstacle", plan.obstacle.map { .string($0.message) })
        return json
    }
}
