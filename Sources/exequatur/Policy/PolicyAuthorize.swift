import ArgumentParser
import Cedar
import Foundation
import StrictJSON

extension PolicyCommand {
    struct Authorize: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide requests, one JSON line in and one out.",
            discussion: """
                In:  {"principal": "User::\\"alice\\"", "action": "Action::\\"view\\"", "resource": "Photo::\\"1\\"", "context": {}}
                Out: {"decision": "allow", "errors": [], "reasons": ["policy0"]}

                With --schema entities and contexts are read as it types them; whether a request fits it is not checked.
                Policies have the ids policy0, policy1, … in the order of the text; `.json` sets have their own.
                """)
        @OptionGroup var inputs: PolicyInputs
        @Option(help: "The requests, one JSON object a line; `-` for standard input.") var requests: String
        @Option(help: "Decide all of them so many times more, and print the times in nanoseconds to standard error.") var time:
            Int?

        func run() async throws {
            let schema = try inputs.readSchema()
            let compiled = CompiledPolicies(try inputs.policySet(names: false))
            let store = compiled.store(try inputs.readEntities(schema))
            let workspace = Workspace()
            let requests = try readRequests(schema)
            var out = ""
            for request in requests {
                out += Terminal.json(Self.json(compiled.authorize(request, in: store, workspace))) + "\n"
            }
            print(out, terminator: "")
            if let time { Self.measure(requests, max(1, time), compiled, store, workspace) }
        }

        private func readRequests(_ schema: Schema?) throws -> [Request] {
            let text =
                requests == "-"
                ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : try Files.text(requests)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return try lines.enumerated().filter { !$1.isEmpty }.map { number, line in
                do {
                    let json = try JSONReader.read(String(line), limits: .init(bytes: 1 << 24))
                    var request = try Request(line: json)
                    if let schema { request.context = try schema.context(json: json["context"] ?? [:], action: request.action) }
                    return request
                } catch {
                    throw Problem("\(requests), line \(number + 1): \(error)")
                }
            }
        }

        private static func json(_ response: Response) -> JSONValue {
            [
                "decision": .string(response.decision.rawValue), "reasons": .array(response.reasons.map(JSONValue.string)),
                "errors": .array(response.errors.map { .string($0.policy) }),
            ]
        }

        /// Each decision includes interning the request. The mean is of undisturbed rounds; the percentiles are of single
        /// decisions, and include reading the clock.
        private static func measure(
            _ requests: [Request], _ rounds: Int, _ compiled: CompiledPolicies, _ store: EntityStore, _ workspace: Workspace
        ) {
            guard !requests.isEmpty else { return }
            var allowed = 0
            let before = Stopwatch.allocations
            let start = Stopwatch.now
            for _ in 0..<rounds {
                for request in requests where compiled.authorize(request, in: store, workspace).decision == .allow {
                    allowed += 1
                }
            }
            let total = Stopwatch.now - start
            let after = Stopwatch.allocations
            let single = requests.flatMap { request in
                Stopwatch.rounds(1) { if compiled.authorize(request, in: store, workspace).decision == .allow { allowed += 1 } }
            }.sorted()
            let decisions = rounds * requests.count
            var line =
                "mean_ns=\(Double(total) / Double(decisions)) p50_ns=\(single[single.count / 2]) p99_ns=\(single[single.count * 99 / 100])"
            line += " requests=\(requests.count) repeats=\(rounds)"
            if let before, let after { line += " allocations_per_request=\(Double(after - before) / Double(decisions))" }
            Stopwatch.note(line)
        }
    }
}
