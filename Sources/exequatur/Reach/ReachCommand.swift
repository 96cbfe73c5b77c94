import ArgumentParser
import Authority
import Foundation
import StrictJSON

/// Who can come to control what.
struct ReachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reach", abstract: "Say who can take what: today, and by a step that was not made yet.",
        subcommands: [Report.self, PathCommand.self, WhatIf.self, Graph.self, ReachCheck.self])

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List who can take which protected target today, the shortest ways first.")
        @Option(help: "Show so many; all with --json.") var limit = 50
        @OptionGroup var options: PersonOptions

        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.get, "reach/report") }
            guard !options.json else { return print(Terminal.json(answer)) }
            for system in answer["systems"]?.array ?? [] {
                let counts = "\(system["nodes"]?.integer ?? 0) entries, \(system["facts"]?.integer ?? 0) facts"
                print("\(system["system"]?.string ?? ""): \(counts), read \(Terminal.time(system["readAt"]?.integer ?? 0))")
            }
            for name in answer["unresolved"]?.array ?? [] {
                print(Terminal.styled("The configuration names \(name.string ?? ""), which no system has.", .yellow))
            }
            let takers = answer["takers"]?.array ?? []
            guard !takers.isEmpty else { return print("Nobody can take what is protected.") }
            let rows = takers.prefix(limit).map { taker in
                [
                    "\(taker["steps"]?.integer ?? 0)", Printable.text(taker["who"]?.string ?? ""),
                    Printable.text(taker["target"]?.string ?? ""),
                ]
            }
            print("\n" + Terminal.table([["STEPS", "WHO", "CAN TAKE"]] + rows))
            if takers.count > limit { print("and \(takers.count - limit) more; --limit shows them") }
            print(Terminal.styled("\nexequatur reach path WHO TARGET says how.", .dim))
        }
    }

    struct PathCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "path", abstract: "Say how one comes to control the other, such as corp/user/ann and corp/group/admins.")
        @Argument(help: "Who: system/kind/name, or an id.") var from: String
        @Argument(help: "What is taken.") var to: String
        @OptionGroup var options: PersonOptions

        func run() async throws {
            let answer = try await ReachPath.ask(options, from, to)
            guard !options.json else { return print(Terminal.json(answer)) }
            let steps = (answer["steps"]?.array ?? []).compactMap(\.string)
            guard answer["reachable"] == true else { return print("\(from) can't take \(to).") }
            for (number, step) in steps.enumerated() { print("\(number + 1). \(Printable.text(step))") }
            if steps.isEmpty { print("They are the same.") }
        }
    }

    struct WhatIf: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "what-if", abstract: "Say what an operation would newly make possible. Nothing is done.",
            usage: "exequatur reach what-if corp group.add-member group=staff member=ann")
        @Argument(help: "The system.") var system: String
        @Argument(help: "The operation.") var operation: String
        @Argument(help: "Its input: name=value.") var input: [String] = []
        @OptionGroup var options: PersonOptions

        func run() async throws {
            var fields: JSONValue = [:]
            for pair in input {
                guard let place = pair.firstIndex(of: "=") else { throw Problem("write input as name=value, not `\(pair)`") }
                fields.add(String(pair[..<place]), .string(String(pair[pair.index(after: place)...])))
            }
            let body: JSONValue = ["system": .string(system), "operation": .string(operation), "input": fields]
            let answer = try await options.client().session { try await $0.call(.post, "reach/what-if", body) }
            guard !options.json else { return print(Terminal.json(answer)) }
            guard var finding = answer.object else { throw Problem("the gateway's answer can't be read") }
            (finding["target"], finding["obstacle"]) = (nil, nil)
            print(
                ReachText.finding(try ShownReach(json: .object(finding)))
                    ?? Terminal.styled("Nobody gains anything protected.", .green))
        }
    }

    struct Graph: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Draw how one comes to control the other.")
        @Argument(help: "Who: system/kind/name, or an id.") var from: String
        @Argument(help: "What is taken.") var to: String
        @Option(help: "The SVG file to write.") var svg: String
        @OptionGroup var options: PersonOptions

        func run() async throws {
            let answer = try await ReachPath.ask(options, from, to)
            guard answer["reachable"] == true else { throw Problem("\(from) can't take \(to): there is nothing to draw") }
            try PathDrawing(answer).write(to: svg)
            print(options.json ? Terminal.json(["svg": .string(svg)]) : "Drawn: \(svg)")
        }
    }
}

enum ReachPath {
    static func ask(_ options: PersonOptions, _ from: String, _ to: String) async throws -> JSONValue {
        try await options.client().session { try await $0.call(.post, "reach/path", ["from": .string(from), "to": .string(to)]) }
    }
}

/// What a change newly makes possible, in words.
enum ReachText {
    /// Nil when nothing is gained.
    static func finding(_ reach: ShownReach) -> String? {
        guard reach.count > 0 else { return nil }
        let targets = Printable.text(reach.targets.joined(separator: ", "))
        var lines = [Terminal.wrapped("This opens a way to \(targets) (\(reach.count) new).", "", .red)]
        for (pair, path) in reach.gained {
            lines.append(Terminal.wrapped("\(Printable.text(pair.who)) could take \(Printable.text(pair.target)):", "  "))
            for (number, step) in path.enumerated() {
                lines.append(Terminal.wrapped(Printable.text(step), "    \(number + 1). ", next: "     … "))
            }
        }
        return lines.joined(separator: "\n")
    }
}
