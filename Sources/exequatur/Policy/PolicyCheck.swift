import ArgumentParser
import Authority
import Cedar
import ConnectorKit
import Foundation
import StrictJSON

/// What can be said of policies without running the gateway.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check, format, test, explain, translate and evaluate policies.",
        subcommands: [
            Check.self, Format.self, Test.self, Explain.self, Reach.self, Translate.self, Authorize.self, SchemaOf.self,
        ])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what is wrong with policies, with line and column.",
            discussion: """
                With --config: a gateway's configuration and its policies, as `serve` would load them.
                With --policies and --schema: any policies, validated strictly (or --permissive).
                """)
        @Option(help: "The gateway's configuration file.") var config: String?
        @OptionGroup var inputs: PolicyInputs
        @Flag(help: "Accept types that are joined, as the permissive validator does.") var permissive = false
        @Option(help: "How many entities deep policies may look.") var level: Int?
        @Flag(help: "Print JSON.") var json = false
        @Option(help: "Load so many times, and print the times to standard error.") var time: Int?

        func run() async throws {
            if let config {
                try checkConfiguration(config)
                try await lookAhead(try Configuration.load(config))
            } else {
                try checkFiles()
            }
        }

        private func checkConfiguration(_ path: String) throws {
            let configuration = try Configuration.load(path)
            let texts = Dictionary(
                configuration.policies.map { (configuration.shortName(ofPolicies: $0), $0) }, uniquingKeysWith: { $1 })
            do {
                let bundle = try Composition.policies(configuration, configuration.systems.map(\.catalogue))
                report(bundle.warnings.map { ($0.file, $0.diagnostic) }, texts)
                guard !json else { return }
                print(
                    "\(Terminal.styled("✓", .green)) \(bundle.policies.policies.count) policies; policy set \(bundle.digest.hex)")
            } catch let refusal as PolicyBundle.Refusal {
                report(refusal.problems.map { ($0.file, $0.diagnostic) }, texts)
                throw ExitCode.failure
            }
        }

        /// What the policies alone would let add up, on the systems that can be read.
        private func lookAhead(_ configuration: Configuration) async throws {
            do {
                if let missing = configuration.systems.lazy.compactMap({ $0.settings.missing() }).first { throw Problem(missing) }
                let results = try await LookAheadRun.run(configuration)
                if !json { for (system, result) in results { LookAheadRun.show(system, result) } }
                if configuration.reach.refusesTakeovers, results.contains(where: { $0.result.verdict != .safe }) {
                    throw ExitCode.failure
                }
            } catch let code as ExitCode {
                throw code
            } catch {
                if !json { print(Terminal.styled("The look ahead was left out: \(error)", .dim)) }
            }
        }

        private func checkFiles() throws {
            do {
                let (set, files) = try inputs.policySetAndFiles(names: false)
                guard let schema = try inputs.readSchema() else {
                    return json
                        ? report([], [:])
                        : print(
                            "\(Terminal.styled("✓", .green)) \(set.policies.count) policies can be read; give --schema to validate them"
                        )
                }
                let findings = schema.validate(set, mode: permissive ? .permissive : .strict, level: level)
                let found = (findings.errors + findings.warnings).map { ($0.policy.flatMap { files[ExactString($0)] } ?? "", $0) }
                report(found, Dictionary(inputs.policies.map { ($0, $0) }, uniquingKeysWith: { $1 }))
                if let time { try timeLoading(time) }
                guard findings.isValid else { throw ExitCode.failure }
                if !json { print("\(Terminal.styled("✓", .green)) \(set.policies.count) policies, valid") }
            } catch let bad as BadFile {
                report(bad.diagnostics.map { (bad.path, $0) }, [bad.path: bad.path])
                throw ExitCode.failure
            }
        }

        /// Prints what was found, each under its line.
        private func report(_ found: [(file: String, diagnostic: Diagnostic)], _ paths: [String: String]) {
            if json {
                let errors = found.filter { $0.diagnostic.severity == .error }.map { Self.json($0.file, $0.diagnostic) }
                let warnings = found.filter { $0.diagnostic.severity == .warning }.map { Self.json($0.file, $0.diagnostic) }
                return print(Terminal.json(["errors": .array(errors), "warnings": .array(warnings)]))
            }
            var texts: [String: String] = [:]
            for (file, diagnostic) in found {
                if texts[file] == nil { texts[file] = paths[file].flatMap { try? Files.text($0) } ?? "" }
                print(Terminal.marked(diagnostic, in: texts[file] ?? "", file: file))
            }
        }

        private static func json(_ file: String, _ diagnostic: Diagnostic) -> JSONValue {
            var json: JSONValue = [
                "file": .string(file), "code": .string(diagnostic.code), "message": .string(diagnostic.message),
            ]
            json.add("line", diagnostic.start.map { .integer(Int64($0.line)) })
            json.add("column", diagnostic.start.map { .integer(Int64($0.column)) })
            json.add("hint", diagnostic.hint.map(JSONValue.string))
            json.add("policy", diagnostic.policy.map(JSONValue.string))
            return json
        }

        /// Reads, validates and compiles from the texts, again and again.
        private func timeLoading(_ rounds: Int) throws {
            let texts = try inputs.policies.map { try Files.text($0) }
            let schemaText = try Files.text(inputs.schema ?? "")
            var count = 0
            let times = try Stopwatch.rounds(max(1, rounds)) {
                let schema = try Schema(schemaText)
                let set = try PolicySet(texts.flatMap { try PolicySet.parse($0) })
                _ = schema.validate(set)
                count = CompiledPolicies(set).count
            }
            Stopwatch.note("load_median_ns=\(times[times.count / 2]) load_min_ns=\(times[0]) policies=\(count)")
        }
    }

    struct SchemaOf: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema", abstract: "Print the Cedar schema that a gateway's policies are validated against.")
        @Option(help: "The gateway's configuration file.") var config: String

        func run() async throws {
            print(CatalogueSchema.text(try Configuration.load(config).systems.map(\.catalogue)), terminator: "")
        }
    }
}
