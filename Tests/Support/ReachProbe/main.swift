import Foundation
import Reach

// Times the reach engine on a graph file: first line `n m`, then `label TAB name` for each node, then `src type dst` for each
// edge; the types' names stand in a JSON file beside it. Prints one JSON object, times in nanoseconds.

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(1)
}

guard CommandLine.arguments.count >= 4 else { fail("usage: reach-probe GRAPH TYPES TARGET [SEED]") }
let arguments = CommandLine.arguments
guard let text = try? String(contentsOfFile: arguments[1], encoding: .utf8),
    let typesData = FileManager.default.contents(atPath: arguments[2]),
    let types = try? JSONSerialization.jsonObject(with: typesData) as? [String: Int]
else { fail("the graph or its types can't be read") }

/// Numbers that follow from a seed alone (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func resident() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
}

/// In time of this thread on a processor: what else the machine does is no part of it.
func timed<T>(_ body: () throws -> T) rethrows -> (result: T, nanoseconds: Int) {
    func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
    let start = now()
    let result = try body()
    return (result, now() - start)
}

func spread(_ times: [Int]) -> [String: Int] {
    let sorted = times.sorted()
    guard let last = sorted.last else { return [:] }
    return ["p50": sorted[sorted.count / 2], "p99": sorted[sorted.count * 99 / 100], "worst": last, "count": sorted.count]
}

let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
let counts = lines[0].split(separator: " ").compactMap { Int($0) }
// Names can be the same for two nodes of a kind: the number makes them differ.
let nodes = lines[1...counts[0]].enumerated().map { "\($0):\($1.split(separator: "\t").last ?? "")" }
let edges = lines[(counts[0] + 1)...].map { line -> (UInt32, UInt16, UInt32) in
    let parts = line.split(separator: " ").compactMap { UInt32($0) }
    return (parts[0], UInt16(parts[1]), parts[2])
}
var relations = [String](repeating: "", count: types.count)
for (name, number) in types { relations[number] = name }
guard let target = nodes.first(where: { $0.hasSuffix(arguments[3]) }) else { fail("no node ends in \(arguments[3])") }
let rules = try RuleSet.shipped()

let before = resident()
let built = try timed { try ReachGraph(rules: rules, nodes: nodes, relations: relations, edges: edges, protected: []) }
var graph = built.result
let after = resident()
let fixpoint = timed { graph.protect([target]) }
let takers = graph.takers(of: target).count

var random = Seeded(state: UInt64(arguments.count > 4 ? arguments[4] : "1") ?? 1)

@MainActor func randomFact(_ names: [String]) -> NamedFact {
    NamedFact(
        names.randomElement(using: &random) ?? "", nodes.randomElement(using: &random) ?? "",
        nodes.randomElement(using: &random) ?? "")
}

/// The constant-time test on random pairs, many times over.
func timeTests(_ graph: ReachGraph, _ nodes: [String], _ random: inout Seeded) -> (each: Double, gaining: Int) {
    let tests = (0..<1 << 16).compactMap { _ in
        graph.test(holder: nodes.randomElement(using: &random) ?? "", target: nodes.randomElement(using: &random) ?? "")
    }
    let rounds = 64
    let tested = timed {
        var sum = 0
        for _ in 0..<rounds { for test in tests where graph.gains(by: test) { sum += 1 } }
        return sum
    }
    return (Double(tested.nanoseconds) / Double(tests.count * rounds), tested.result / rounds)
}
let tests = timeTests(graph, nodes, &random)

var (asked, granted, revoked): ([Int], [Int], [Int]) = ([], [], [])
var gained = 0
var worst = ""
for _ in 0..<20_000 {
    let fact = randomFact(relations)
    guard !graph.contains(fact) else { continue }
    let gains = try timed { try graph.gains(of: Step(adds: [fact]), proofs: 0) }
    asked.append(gains.nanoseconds)
    gained += gains.result.isEmpty ? 0 : 1
    granted.append(try timed { try graph.apply(Step(adds: [fact])) }.nanoseconds)
    if granted.max() == granted.last { worst = "\(fact.relation) \(fact.subject) \(fact.object ?? "")" }
    revoked.append(try timed { try graph.apply(Step(removes: [fact])) }.nanoseconds)
}
guard graph.takers(of: target).count == takers else { fail("granting and revoking did not cancel out") }

let report: [String: Any] = [
    "nodes": nodes.count, "edges": graph.factCount, "takers": takers, "build_ns": built.nanoseconds,
    "fixpoint_ns": fixpoint.nanoseconds, "test_ns": tests.each,
    "tests_gaining": tests.gaining, "gaining": gained, "worst_grant": worst, "whatif": spread(asked), "grant": spread(granted),
    "revoke": spread(revoked), "bytes_per_edge": Double(after - before) / Double(max(1, graph.factCount)),
    "bytes_packed_per_edge": Double(graph.packedBytes) / Double(max(1, graph.factCount)),
]
print(String(decoding: try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys]), as: UTF8.self))
