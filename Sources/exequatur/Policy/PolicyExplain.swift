import ArgumentParser
import Cedar
import Foundation
import StrictJSON

extension PolicyCommand {
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which policies decide a request and why, clause by clause.")
        @OptionGroup var inputs: PolicyInputs
        @Option(help: "The principal, such as 'User::\"alice\"'.") var principal: String
        @Option(help: "The action, such as 'Action::\"view\"'.") var action: String
        @Option(help: "The resource, such as 'Photo::\"1\"'.") var resource: String
        @Option(help: "The context: JSON, or `@file`.") var context = "{}"
        @Flag(help: "Also show the policies that were not near applying.") var all = false
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let schema = try inputs.readSchema()
            let set = try inputs.policySet(names: true)
            let entities = try inputs.readEntities(schema)
            let request = try readRequest(schema)
            if let schema {
                do { try schema.check(request) } catch { throw Problem("the request does not fit the schema: \(error)") }
            }
            let response = set.authorize(request, entities: entities)
            let explanations = set.explain(request, entities: entities)
            if json { return print(Terminal.json(Self.json(response, explanations))) }
            Self.show(response, explanations.filter { all || Self.isNear($0) })
        }

        private func readRequest(_ schema: Schema?) throws -> Request {
            let text = context.hasPrefix("@") ? try Files.text(String(context.dropFirst())) : context
            do {
                let json: JSONValue = [
                    "principal": .string(principal), "action": .string(action), "resource": .string(resource),
                    "context": try JSONReader.read(text),
                ]
                var request = try Request(line: json)
                if let schema { request.context = try schema.context(json: json["context"] ?? [:], action: request.action) }
                return request
            } catch { throw Problem("the request can't be read: \(error)") }
        }

        /// Whether the policy spoke of this principal, action and resource at all.
        private static func isNear(_ explanation: Explanation) -> Bool {
            explanation.outcome != .fails || explanation.clauses.first?.outcome == .holds
        }

        private static func show(_ response: Response, _ explanations: [Explanation]) {
            let isAllowed = response.decision == .allow
            print(Terminal.styled(isAllowed ? "allow" : "deny", isAllowed ? .green : .red) + ": " + reason(response))
            for explanation in explanations {
                print(
                    "\n\(mark(explanation.outcome)) \(Terminal.styled(explanation.policy, .bold)) (\(explanation.effect.rawValue))"
                )
                for clause in explanation.clauses {
                    print("    \(mark(clause.outcome)) \(clause.text)\(note(clause.outcome))")
                }
            }
        }

        private static func reason(_ response: Response) -> String {
            let names = response.reasons.joined(separator: ", ")
            let errors =
                response.errors.isEmpty ? "" : "; skipped for errors: \(response.errors.map(\.policy).joined(separator: ", "))"
            if response.decision == .allow { return "permitted by \(names)\(errors)" }
            return (names.isEmpty ? "no policy permits it" : "forbidden by \(names)") + errors
        }

        private static func mark(_ outcome: Explanation.Outcome) -> String {
            switch outcome {
            case .holds: Terminal.styled("✓", .green)
            case .fails: Terminal.styled("✗", .red)
            case .errs: Terminal.styled("!", .yellow)
            case .notReached: Terminal.styled("·", .dim)
            }
        }

        private static func note(_ outcome: Explanation.Outcome) -> String {
            switch outcome {
            case .errs(let error): "  — \(error)"
            case .notReached: Terminal.styled("  not reached", .dim)
            default: ""
            }
        }

        private static func json(_ response: Response, _ explanations: [Explanation]) -> JSONValue {
            [
                "decision": .string(response.decision.rawValue), "reasons": .array(response.reasons.map(JSONValue.string)),
                "policies": .array(
                    explanations.map { explanation in
                        [
                            "policy": .string(explanation.policy), "effect": .string(explanation.effect.rawValue),
                            "outcome": .string(word(explanation.outcome)),
                            "clauses": .array(
                                explanation.clauses.map { ["text": .string($0.text), "outcome": .string(word($0.outcome))] }),
                        ]
                    }),
            ]
        }

        private static func word(_ outcome: Explanation.Outcome) -> String {
            switch outcome {
            case .holds: "holds"
            case .fails: "fails"
            case .errs(let error): "error: \(error)"
            case .notReached: "not reached"
            }
        }
    }
}
