import ArgumentParser
import Authority
import Cedar
import Foundation
import Gateway
import Identity
import Logging
import Reach
import StrictJSON

extension PolicyCommand {
    struct Reach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether what policy lets workloads do without a person can add up to a takeover.",
            discussion: """
                With --config: the policies of a gateway, on its systems as they are now; they are only read.
                With case files: the worked examples in them (examples/lookahead), and whether the verdicts are as said.
                """)
        @Option(help: "The gateway's configuration file.") var config: String?
        @Argument(help: "Case files.") var files: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            guard (config == nil) != files.isEmpty else { throw Problem("give --config, or case files") }
            if let config { try await lookAhead(config) } else { try runCases() }
        }

        private func lookAhead(_ path: String) async throws {
            let configuration = try Configuration.load(path)
            let results = try await LookAheadRun.run(configuration)
            if json {
                print(Terminal.json(.array(results.map { LookAheadRun.json($0.system, $0.result) })))
            } else {
                for (system, result) in results { LookAheadRun.show(system, result) }
            }
            if configuration.reach.refusesTakeovers, results.contains(where: { $0.result.verdict != .safe }) {
                throw ExitCode.failure
            }
        }

        private func runCases() throws {
            var failed = 0
            var rows: [[String]] = [["CASE", "EXPECTED", "VERDICT", "STEPS"]]
            var details: [JSONValue] = []
            for file in files {
                let one = try LookAheadCase(file)
                let result = try LookAhead(one.policies, on: one.world)
                let isAsSaid = result.verdict == one.expected && (one.steps == nil || one.steps == result.steps.count)
                failed += isAsSaid ? 0 : 1
                let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
                rows.append([
                    name, one.expected.rawValue + (one.steps.map { " (\($0))" } ?? ""),
                    Terminal.styled(result.verdict.rawValue, isAsSaid ? .green : .red), result.steps.joined(separator: "; "),
                ])
                var detail = LookAheadRun.json(name, result)
                detail.add("expected", .string(one.expected.rawValue))
                detail.add("asSaid", .bool(isAsSaid))
                details.append(detail)
            }
            if json {
                print(Terminal.json(.array(details)))
            } else {
                print(Terminal.table(rows))
                print("\n\(files.count - failed) of \(files.count) verdicts are as said")
            }
            if failed > 0 { throw ExitCode.failure }
        }
    }
}

/// The look ahead on the systems of a configuration.
enum LookAheadRun {
    /// Reads every system, and looks ahead on each.
    static func run(_ configuration: Configuration) async throws -> [(system: String, result: LookAhead)] {
        let connectors = try await Composition.connectors(configuration)
        let policies = try Composition.policies(configuration, connectors.map(\.catalogue))
        let keeper = ReachKeeper(
            try configuration.reachSettings(), now: SystemClock.now)
        for connector in connectors { try await keeper.read(connector) }
        try keeper.protectAttributes(read: [policies], connectors.map { ($0.system, $0.catalogue) })
        let worlds = connectors.compactMap { connector in
            keeper.world(
                connector.system, connector.catalogue, workloads: workloads(configuration), purposes: configuration.purposes,
                environment: configuration.environment, tenant: configuration.tenant, lease: connector.credential,
                isUnread: !connector.isReadWhole)
        }
        return try LookAhead.all(policies, on: worlds)
    }

    static func workloads(_ configuration: Configuration) -> [Entity] {
        configuration.workloads.map { workload in
            Entity(
                .workload(workload.id), attributes: ["owner": .entity(.person(workload.owner ?? ""))],
                parents: Set(workload.groups.map { EntityUID(type: "Exequatur::WorkloadGroup", id: .init($0)) }))
        }
    }

    /// Says at load what policy alone would let through, and refuses it where the configuration asks for that.
    ///
    /// Where nothing is refused by it, nothing waits for it.
    static func judge(_ policies: PolicyBundle, _ gateway: Gateway, refusing: Bool, _ log: Logger) throws {
        guard !refusing else { return try say(policies, gateway, refusing: true, log) }
        Thread.detachNewThread {
            do { try say(policies, gateway, refusing: false, log) } catch { log.error("the look ahead failed: \(error)") }
        }
    }

    private static func say(_ policies: PolicyBundle, _ gateway: Gateway, refusing: Bool, _ log: Logger) throws {
        for (system, result) in try gateway.reachWatch.lookAhead(policies) where result.verdict != .safe {
            let steps = result.steps.joined(separator: "; ")
            log.warning(
                "by policy alone, a takeover on \(system) is \(result.verdict.rawValue)\(steps.isEmpty ? "" : ": \(steps)")")
            guard refusing else { continue }
            throw Problem(
                "`reach.refuseTakeovers` is set, and by these policies a takeover on \(system) is \(result.verdict.rawValue); "
                    + "`exequatur policy reach` says how")
        }
    }

    static func json(_ name: String, _ result: LookAhead) -> JSONValue {
        [
            "name": .string(name), "verdict": .string(result.verdict.rawValue),
            "steps": .array(result.steps.map(JSONValue.string)), "openings": .integer(Int64(result.openings)),
            "gained": .array(result.gains.pairs.prefix(50).map { [.string($0.who), .string($0.target)] }),
            "untold": .array(result.untold.map(JSONValue.string)),
        ]
    }

    static func show(_ system: String, _ result: LookAhead) {
        switch result.verdict {
        case .safe:
            print(
                "\(Terminal.styled("✓", .green)) \(system): what policy lets workloads do without a person adds up to no takeover"
            )
        case .possible:
            print(
                "\(Terminal.styled("?", .yellow)) \(system): a takeover can't be excluded by policy alone; no sequence of three steps was found"
            )
        case .reachable:
            print(
                "\(Terminal.styled("✗", .red)) \(system): by policy alone, without a person, a takeover takes \(result.steps.count) step(s):"
            )
            for (number, step) in result.steps.enumerated() { print("  \(number + 1). \(Printable.text(step))") }
        }
        guard result.verdict != .safe else { return }
        for operation in result.untold { print("  nobody can tell what it does: \(Printable.text(operation))") }
        if let pair = result.gains.pairs.first {
            print(
                "  \(result.steps.isEmpty ? "perhaps" : "then") \(Printable.text(pair.who)) can take \(Printable.text(pair.target))"
            )
        }
        print(
            Terminal.styled(
                "  (What a step makes possible is judged again when it is asked for: the baseline policy stops it there.)", .dim))
    }
}
