import ArgumentParser
import Cedar
import Foundation
import StrictJSON

extension PolicyCommand {
    struct Format: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lay out policies in one way, comments kept.",
            discussion: "Without --write the result goes to standard output.")
        @Argument(help: "Policy files; `-` for standard input.") var files: [String]
        @Flag(help: "Write the files in place.") var write = false
        @Flag(help: "Change nothing; fail when a file is not laid out so.") var check = false
        @Option(help: "Break lines to be no longer.") var width = 100

        func run() async throws {
            var isGood = true
            for path in files {
                let text =
                    path == "-"
                    ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : try Files.text(path)
                let formatted: String
                do { formatted = try Formatter.format(text, width: width) } catch {
                    throw Problem(error.all.map { Terminal.marked($0, in: text, file: path) }.joined(separator: "\n"))
                }
                if check {
                    guard !formatted.isExactly(text) else { continue }
                    print("\(path) is not laid out as `exequatur policy format` would")
                    isGood = false
                } else if write, path != "-" {
                    if !formatted.isExactly(text) { try formatted.write(toFile: path, atomically: true, encoding: .utf8) }
                } else {
                    print(formatted, terminator: "")
                }
            }
            if !isGood { throw ExitCode.failure }
        }
    }

    struct Translate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn policies or a schema from text to JSON, or from JSON to text.",
            discussion: "A `.json` file becomes text, any other becomes JSON.")
        @Argument(help: "The file.") var file: String
        @Flag(help: "The file is a schema (so are `.cedarschema` and `.cedarschema.json`).") var schema = false

        func run() async throws {
            let isJSON = file.hasSuffix(".json")
            if schema || file.contains(".cedarschema") {
                var inputs = PolicyInputs()
                (inputs.policies, inputs.entities, inputs.schema) = ([], nil, file)
                guard let schema = try inputs.readSchema() else { return }
                print(isJSON ? try schema.text() : Terminal.json(schema.json), terminator: isJSON ? "" : "\n")
            } else {
                var inputs = PolicyInputs()
                (inputs.policies, inputs.entities, inputs.schema) = ([file], nil, nil)
                let set = try inputs.policySet(names: false)
                guard isJSON else { return print(Terminal.json(set.json)) }
                guard set.links.isEmpty else {
                    throw Problem("template links can't be written as text; they stay in the JSON form")
                }
                print(set.written)
            }
        }
    }
}
