import ArgumentParser
import Foundation
import Reach
import StrictJSON

/// Judges steps over graphs from elsewhere, a line each, without a gateway.
struct ReachCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say for graphs and steps from elsewhere whether a step gains anything.",
        discussion: """
            Reads a JSON object a line from standard input or FILE, and answers each with one in the same order:
              {"id": 1, "nodes": ["ann", "staff"], "edges": [], "protected": ["staff"], "add": [["ann", "member", "staff"]]}
              {"gained": [["ann", "staff"]], "id": 1, "verdict": "gain"}
            An edge is [who, type, what], or [who, type] for a fact about one node. "rules" is the text of a rule file
            (docs/reach-rules.md); without it the shipped rules apply. "remove" lists edges that the step takes away:
            only restrictions count. What can't be judged is answered with "refused", a code and the reason.
            """)
    @Flag(help: "One JSON object a line (the only form there is).") var ndjson = false
    @Argument(help: "The file to read; - for standard input.") var file = "-"

    func run() async throws {
        guard ndjson else { throw Problem("say --ndjson: graphs are read one a line") }
        if file != "-" {
            let descriptor = open(file, O_RDONLY)
            guard descriptor >= 0, dup2(descriptor, STDIN_FILENO) >= 0 else { throw Problem("the file \(file) can't be read") }
        }
        for line in LineReader() where !line.isEmpty {
            FileHandle.standardOutput.write(Data((Terminal.json(ReachCase.judge(line)) + "\n").utf8))
        }
    }
}

/// One graph with one step.
struct ReachCase {
    private struct Refused: Error {
        let code: String
        let reason: String
    }

    private var rules: RuleSet
    private var nodes: [String]
    private var edges: [NamedFact]
    private var protected: [String]
    private var step: Step

    /// The answer to one line.
    static func judge(_ line: [UInt8]) -> JSONValue {
        var answer: JSONValue = [:]
        do {
            let json = try JSONReader.read(line, limits: .init(bytes: 1 << 30))
            answer.add("id", json["id"])
            let one = try ReachCase(json)
            let gains = try one.gains()
            answer.add("verdict", gains.isEmpty ? "no-gain" : "gain")
            answer.add("gained", .array(gains.map { [.string($0.who), .string($0.target)] }))
        } catch {
            let (code, reason) = explain(error)
            answer.add("verdict", "refused")
            answer.add("code", .string(code))
            answer.add("reason", .string(reason))
        }
        return answer
    }

    private static func explain(_ error: any Error) -> (code: String, reason: String) {
        switch error {
        case let refused as Refused: (refused.code, refused.reason)
        case let problems as RuleProblems: (problems.all.first?.code.rawValue ?? "", "\(problems)")
        case let problem as GraphProblem: (problem.code.rawValue, problem.message)
        case let error as ShapeError: ("reach.input", "\(error)")
        default: ("reach.input", "\(error)")
        }
    }

    private static let shipped = try? RuleSet.shipped()

    private init(_ json: JSONValue) throws {
        var fields = try Fields(json)
        guard let id = fields.optional("id"), id.string != nil || id.integer != nil else {
            throw ShapeError(.missing, at: "/id", "an id is needed: a string or an integer")
        }
        if let text = try fields.optionalString("rules") {
            rules = try RuleSet([("rules", text)])
        } else {
            rules = try Self.shipped ?? RuleSet.shipped()
        }
        nodes = try fields.array("nodes").enumerated().map { try Self.node($1, "/nodes/\($0)") }
        edges = try Self.edges(try fields.array("edges"), "/edges", rules)
        protected = try fields.strings("protected")
        step = Step(
            adds: try Self.edges(try fields.array("add"), "/add", rules),
            removes: try Self.edges(try fields.optionalArray("remove"), "/remove", rules))
        try fields.end()
        try checkNames()
    }

    /// A node is a name, or an object with an `id`, and a `type` that says nothing here.
    private static func node(_ json: JSONValue, _ path: String) throws -> String {
        if let name = json.string { return name }
        var fields = try Fields(json, at: path)
        let name = try fields.string("id")
        _ = try fields.optionalString("type")
        try fields.end()
        return name
    }

    private static func edges(_ json: [JSONValue], _ path: String, _ rules: RuleSet) throws -> [NamedFact] {
        // One edge alone may stand without a list around it.
        let list = json.first?.string == nil ? json : [.array(json)]
        return try list.enumerated().map { index, edge in
            let place = "\(path)/\(index)"
            let parts = (edge.array ?? []).compactMap(\.string)
            guard let count = edge.array?.count, count == parts.count, (2...3).contains(count) else {
                throw ShapeError(.invalid, at: place, "an edge is [who, type, what], or [who, type]")
            }
            guard let relation = rules[parts[1]] else {
                throw Refused(code: "reach.unknown_relation", reason: "\(place): no rule file declares `\(parts[1])`")
            }
            guard relation.words.count == count - 1 else {
                throw Refused(code: "reach.arity", reason: "\(place): `\(parts[1])` has \(relation.words.count) place(s)")
            }
            return NamedFact(parts[1], parts[0], count == 3 ? parts[2] : nil)
        }
    }

    private func checkNames() throws {
        var known: Set<[UInt8]> = []
        for (index, node) in nodes.enumerated() where !known.insert(Array(node.utf8)).inserted {
            throw Refused(code: "reach.duplicate_node", reason: "/nodes/\(index): `\(node)` is there already")
        }
        for fact in rules.facts { known.formUnion([fact.subject, fact.object].compactMap { $0.map { Array($0.utf8) } }) }
        func check(_ name: String, _ place: String) throws {
            guard known.contains(Array(name.utf8)) else {
                throw Refused(code: "reach.dangling", reason: "\(place): there is no node `\(name)`")
            }
        }
        for (path, facts) in [("/edges", edges), ("/add", step.adds), ("/remove", step.removes)] {
            for (index, fact) in facts.enumerated() {
                for name in [fact.subject, fact.object].compactMap({ $0 }) { try check(name, "\(path)/\(index)") }
            }
        }
        for (index, name) in protected.enumerated() { try check(name, "/protected/\(index)") }
    }

    private func gains() throws -> [Gain] {
        var graph = try ReachGraph(rules: rules, nodes: nodes, facts: edges, protected: protected)
        return try graph.gains(of: step, proofs: 0).pairs
    }
}
