import ArgumentParser
import ConnectorKit
import Foundation
import StrictJSON

struct MCPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Look at MCP servers that stand behind the gateway.", subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write down what a server offers, for a person to classify.",
            discussion: """
                Writes the file of definitions, and a catalogue where there is none yet. What changed is shown; it is served again \
                once the catalogue pins its new digest.
                """)
        @Argument(help: "The system's name.") var name: String
        @Option(help: "The gateway's configuration file.") var config: String
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let findings = try await Configuration.importer(of: name, in: config).run()
            guard !json else { return print(Terminal.json(.array(findings.map(\.json)))) }
            let rows = findings.map { [$0.name, $0.kind, $0.state.rawValue, $0.pinned ?? ""] }
            print(Terminal.table([["OPERATION", "KIND", "STATE", "PINNED BY"]] + rows))
            for finding in findings where !finding.notes.isEmpty {
                print("\n" + Terminal.styled(finding.name, finding.state == .unusable ? .red : .yellow))
                for note in finding.notes { print("  " + Printable.text(note)) }
            }
            print("\n" + Self.next(findings))
        }

        private static func next(_ findings: [ImportFinding]) -> String {
            func count(_ state: ImportFinding.State) -> Int { findings.count { $0.state == state } }
            let words: [(ImportFinding.State, String)] = [
                (.changed, "changed and can't be called now: look at what differs, and pin each anew in the catalogue."),
                (.gone, "gone: take them out of the catalogue."),
                (.new, "new: say in the catalogue what each does. Until then nobody may call it."),
                (.unclassified, "not classified yet: nobody may call them."),
            ]
            let lines = words.filter { count($0.0) > 0 }.map { "\(count($0.0)) \($0.1)" }
            return lines.isEmpty ? "All is as it was classified." : lines.joined(separator: "\n")
        }
    }
}

extension ImportFinding {
    fileprivate var json: JSONValue {
        let json: JSONValue = [
            "operation": .string(name), "kind": .string(kind), "state": .string(state.rawValue),
            "notes": .array(notes.map(JSONValue.string)),
        ]
        return json.adding("pinned", pinned.map(JSONValue.string))
    }
}
