import ArgumentParser
import Authority
import ConnectorKit
import Foundation
import Reach
import StrictJSON
import Synchronization

struct SystemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system", abstract: "Prove what is configured of a system against the system itself.",
        subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read all that a catalogue declares, and plan what can be planned. Nothing is written.")
        @Argument(help: "The system's name.") var name: String
        @Option(help: "The gateway's configuration file.") var config: String
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let configuration = try Configuration.load(config)
            guard let system = configuration.systems.first(where: { $0.name == name }) else {
                let known = configuration.systems.map(\.name)
                let hint = Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? ""
                throw Problem("there is no system `\(name)`\(hint)")
            }
            if let missing = system.settings.missing() { throw Problem(missing) }
            let check = SystemCheck(try await system.settings.make())
            let findings = await check.run()
            if json { print(Terminal.json(.array(findings.map(\.json)))) } else { Self.show(findings) }
            guard findings.allSatisfy({ $0.problem == nil }) else { throw ExitCode.failure }
        }

        private static func show(_ findings: [SystemCheck.Finding]) {
            for finding in findings {
                let mark = finding.problem == nil ? Terminal.styled("✓", .green) : Terminal.styled("✗", .red)
                let lines = (finding.problem ?? finding.found).split(separator: "\n").map { Printable.text(String($0)) }
                print("\(mark) \(finding.what): \(lines.first ?? "")")
                for line in lines.dropFirst() { print("    " + line) }
            }
            let bad = findings.count { $0.problem != nil }
            print(bad == 0 ? "\nthe catalogue is what the system shows" : "\n\(bad) of \(findings.count) don't hold")
        }
    }
}

/// Holds a catalogue against the system that it is of, by reading only.
struct SystemCheck {
    struct Finding {
        let what: String
        let found: String
        /// Nil where all is as declared.
        let problem: String?

        var json: JSONValue {
            ["what": .string(what), "found": .string(found), "problem": problem.map(JSONValue.string) ?? .null]
        }
    }

    private let connector: any Connector

    init(_ connector: any Connector) { self.connector = connector }

    func run() async -> [Finding] {
        let (nodes, facts, problem) = await read()
        var findings = counts(nodes, facts)
        findings += connector.outOfService.sorted { $0.key < $1.key }.map {
            Finding(what: "definition of \($0.key)", found: "", problem: $0.value)
        }
        if let problem { findings.insert(Finding(what: "reading", found: "", problem: problem), at: 0) }
        let names = Dictionary(grouping: nodes.filter(\.isEntity), by: \.id.kind).mapValues { $0.map(\.name).sorted() }
        for operation in connector.catalogue.operations {
            findings.append(operation.access == .read ? await reading(operation, names) : await planning(operation, names))
        }
        return findings
    }

    private func read() async -> (nodes: [ReachNode], facts: Set<NamedFact>, problem: String?) {
        let all = Mutex<(nodes: [ReachNode], facts: Set<NamedFact>)>(([], []))
        do {
            try await connector.snapshot { page in
                all.withLock { all in
                    all.nodes += page.nodes
                    all.facts.formUnion(page.facts)
                }
            }
        } catch { return ([], [], "\(error)") }
        let (nodes, facts) = all.withLock { $0 }
        return (nodes, facts, nil)
    }

    private func counts(_ nodes: [ReachNode], _ facts: Set<NamedFact>) -> [Finding] {
        let kinds = connector.catalogue.kinds.map { kind in
            let found = nodes.filter { $0.id.kind == kind.name }
            return Finding(
                what: "kind \(kind.name)", found: "\(found.count) read", problem: found.isEmpty ? "none is read" : nil)
        }
        let relations = connector.catalogue.relations.filter { $0.origin == .backend }.map { relation in
            let count = facts.count { $0.relation == relation.name }
            return Finding(what: "relation \(relation.localName)", found: "\(count) facts", problem: nil)
        }
        return kinds + relations
    }

    private func reading(_ operation: Authority.Operation, _ names: [String: [String]]) async -> Finding {
        let what = "read \(operation.name)"
        switch operation.answer {
        case .one: break
        case .document: return Finding(what: what, found: "not tried: what it answers is the system's own", problem: nil)
        case .list, .none: return Finding(what: what, found: "a search", problem: nil)
        }
        guard let input = input(operation, names) else { return Finding(what: what, found: "nothing to read", problem: nil) }
        do {
            let record = try await connector.read(operation, try Input(input, for: operation))
            return Finding(
                what: what, found: "\(record.name) has \(record.attributes.keys.sorted().joined(separator: ", "))", problem: nil)
        } catch { return Finding(what: what, found: "", problem: "\(error)") }
    }

    private func planning(_ operation: Authority.Operation, _ names: [String: [String]]) async -> Finding {
        let what = "plan \(operation.name)"
        if let gap = connector.catalogue.notInverted(by: operation).first { return Finding(what: what, found: "", problem: gap) }
        guard let json = input(operation, names) else {
            return Finding(what: what, found: "not tried: it takes what can't be made up", problem: nil)
        }
        do {
            let input = try Input(json, for: operation)
            let (plan, again) = (try await connector.plan(operation, input), try await connector.plan(operation, input))
            guard plan.version == again.version else {
                return Finding(what: what, found: "", problem: "planned twice, it is not the same: something it compares moves")
            }
            if let problem = unfit(plan, operation, input) { return Finding(what: what, found: "", problem: problem) }
            let values = plan.touched.map { "\($0.attribute) \($0.before) → \($0.after)" }.joined(separator: ", ")
            return Finding(what: what, found: "on \(plan.targetName): \(values)", problem: nil)
        } catch { return Finding(what: what, found: "", problem: "\(error)") }
    }

    /// Why a plan is not what its operation declares.
    private func unfit(_ plan: Plan, _ operation: Authority.Operation, _ input: Input) -> String? {
        let (catalogue, system) = (connector.catalogue, connector.system)
        let footprint = Footprint(of: operation, in: catalogue, on: system, plan.ends(in: catalogue, on: system, input))
        guard footprint.allows(plan.step) else { return "the plan does more than the operation declares" }
        let isReadBack = plan.touched.contains { $0.attribute != TouchedValue.call }
        guard isReadBack || !connector.isReadWhole || operation.mints else {
            return "the plan touches nothing: nobody could read back what came of it"
        }
        guard let inverse = plan.inverse, let other = catalogue[inverse.operation] else { return nil }
        do {
            _ = try Input(inverse.input, for: other)
            return nil
        } catch { return "its inverse \(inverse.operation) would not take \(JSONWriter.canonicalText(inverse.input)): \(error)" }
    }

    /// An input of what is there, in which texts stand for anything; nil where that can't be made.
    private func input(_ operation: Authority.Operation, _ names: [String: [String]]) -> JSONValue? {
        var input: JSONValue = [:]
        for field in operation.input where field.isRequired {
            switch field.type {
            case .reference(let kinds, _):
                guard let name = kinds.lazy.compactMap({ names[$0]?.first }).first else { return nil }
                input.add(field.name, .string(name))
            case .identifier: input.add(field.name, "exequatur-system-check")
            case .text, .string: input.add(field.name, "x")
            case .integer(let range): input.add(field.name, .integer(range.lowerBound))
            case .boolean: input.add(field.name, false)
            case .choice(let choices): input.add(field.name, .string(choices.first ?? ""))
            case .list, .document, .duration, .json: return nil
            }
        }
        return input
    }
}

extension Authority.Operation {
    /// Whether it makes a credential: of that, no system shows anything afterwards.
    fileprivate var mints: Bool {
        effects.contains { if case .mints = $0.act { true } else { false } }
    }
}
