import ArgumentParser
import Cedar
import StrictJSON

extension PolicyCommand {
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run examples: requests, and what policies must answer.", discussion: "See docs/policies.md for the format."
        )
        @Argument(help: "YAML files of cases.") var files: [String]
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            var results: [(file: String, test: PolicyCases.Case, problems: [String])] = []
            for file in files {
                let cases = try PolicyCases(file)
                guard !cases.cases.isEmpty else { throw Problem("\(file) has no cases") }
                let compiled = CompiledPolicies(cases.policies)
                let (store, workspace) = (compiled.store(cases.entities), Workspace())
                for test in cases.cases {
                    results.append((file, test, Self.differences(compiled.authorize(test.request, in: store, workspace), test)))
                }
            }
            if json {
                print(
                    Terminal.json(
                        .array(
                            results.map {
                                [
                                    "file": .string($0.file), "case": .string($0.test.name),
                                    "problems": .array($0.problems.map(JSONValue.string)),
                                ]
                            })))
            } else {
                Self.show(results)
            }
            if results.contains(where: { !$0.problems.isEmpty }) { throw ExitCode.failure }
        }

        private static func differences(_ response: Response, _ test: PolicyCases.Case) -> [String] {
            var problems: [String] = []
            func compare(_ what: String, _ expected: String, _ found: String) {
                if expected != found { problems.append("\(what): expected \(expected), got \(found)") }
            }
            func list(_ ids: [String]) -> String { ids.isEmpty ? "none" : ids.joined(separator: ", ") }
            compare("decision", test.allowed ? "allow" : "deny", response.decision.rawValue)
            if let reasons = test.reasons { compare("reasons", list(reasons), list(response.reasons.sorted())) }
            compare("errors", list(test.errors), list(response.errors.map(\.policy).sorted()))
            return problems + (problems.isEmpty ? [] : response.errors.map { "\($0.policy): \($0.error)" })
        }

        private static func show(_ results: [(file: String, test: PolicyCases.Case, problems: [String])]) {
            for result in results {
                guard !result.problems.isEmpty else {
                    print("\(Terminal.styled("✓", .green)) \(result.test.name)")
                    continue
                }
                print(
                    "\(Terminal.styled("✗", .red)) \(result.test.name)  \(Terminal.styled("\(result.file):\(result.test.line)", .dim))"
                )
                for problem in result.problems { print("    \(problem)") }
            }
            let failed = results.count { !$0.problems.isEmpty }
            print("\n\(results.count - failed) of \(results.count) cases pass")
        }
    }
}
