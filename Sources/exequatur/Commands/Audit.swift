import ArgumentParser
import Authority
import Foundation
import Gateway
import Storage
import StrictJSON
import TransparencyLog

/// What happened, and the proof of it. Works on the gateway's files, offline.
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Verify the logs, and reconstruct a change.",
        subcommands: [Verify.self, Show.self, Receipt.self, CheckpointCommand.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify the three logs offline.",
            discussion: """
                Recomputes every tree, compares it with checkpoints, follows every link and makes every decision again. \
                Give checkpoints that were kept where the gateway can't write: files of `audit checkpoint`, or receipts \
                as agents got them. Exits 1 when anything is wrong, and 2 when nothing is and no checkpoint from outside was given.
                """)
        @Option(help: "The gateway's state folder, or a copy of it.") var state: String
        @Option(help: "The logs' public keys: log.vkey.") var key: String
        @Option(help: "A file with checkpoints or a receipt; may be given several times. Without any, those in the state folder.")
        var checkpoint: [String] = []
        @Flag(help: "Print JSON, for machines.") var json = false

        func run() async throws {
            let keys = try Files.text(key).split(separator: "\n").map { line in
                guard let key = LogKey(text: String(line)) else {
                    throw Problem("\(self.key) holds something that is not a log's key")
                }
                return key
            }
            let notes = try checkpoint.isEmpty ? own() : checkpoint.flatMap(Self.notes)
            let auditor = Auditor(store: try Files.store(in: state), keys: keys)
            let shows = isatty(STDERR_FILENO) == 1
            let report = try await auditor.verify(notes) { count in
                if shows { FileHandle.standardError.write(Data("\r\(count) entries ".utf8)) }
            }
            if shows { FileHandle.standardError.write(Data("\r".utf8)) }
            try print(report, isWitnessed: !checkpoint.isEmpty)
        }

        private func own() -> [String] {
            if !json {
                Swift.print(
                    Terminal.styled(
                        "Checkpoints of the state folder itself: whoever can write it could have replaced them too.", .yellow))
            }
            return LogName.allCases.compactMap {
                try? String(contentsOfFile: "\(state)/checkpoints/\($0.rawValue)", encoding: .utf8)
            }
        }

        /// The checkpoints in a file: notes one after another, or JSON with `checkpoint` somewhere in it.
        private static func notes(_ path: String) throws -> [String] {
            let text = try Files.text(path)
            if let json = try? JSONReader.read(text) { return checkpoints(in: json) }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return stride(from: 0, to: lines.count - 4, by: 5).map { lines[$0..<($0 + 5)].joined(separator: "\n") + "\n" }
        }

        private static func checkpoints(in json: JSONValue) -> [String] {
            switch json {
            case .array(let elements): elements.flatMap(checkpoints)
            case .object(let object):
                object.members.flatMap {
                    $0.key == "checkpoint" ? [$0.value.string].compactMap { $0 } : checkpoints(in: $0.value)
                }
            default: []
            }
        }

        /// - Parameter isWitnessed: whether checkpoints from outside were given: without any, nobody can say that the logs are whole.
        private func print(_ report: Auditor.Report, isWitnessed: Bool) throws {
            let problems =
                report.problems
                + report.unwitnessed.map { "\($0.rawValue): no checkpoint was given; removal from its end would go unseen" }
            let sizes = LogName.allCases.map { ($0.rawValue, report.sizes[$0] ?? 0) }
            if json {
                let members = sizes.map { JSONObject.Member(key: $0.0, value: .integer($0.1)) }
                Swift.print(
                    Terminal.json([
                        "ok": .bool(report.isWhole && isWitnessed), "consistent": .bool(report.isWhole),
                        "witnessed": .bool(isWitnessed), "entries": .object(JSONObject(members)),
                        "checkpoints": .integer(Int64(report.checkpoints)),
                        "replayed": .integer(Int64(report.replayed)), "proved": .integer(Int64(report.proved)),
                        "bases": .array(
                            report.bases.map {
                                [
                                    "kind": .string($0.kind.rawValue), "digest": .string($0.digest.hex),
                                    "entry": .string($0.entry),
                                ]
                            }), "problems": .array(problems.map(JSONValue.string)),
                    ]))
            } else {
                Swift.print(
                    sizes.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
                        + " entries; \(report.checkpoints) checkpoint(s); \(report.replayed) decisions made again, \(report.proved) executions proved."
                )
                for (kind, name) in [(Auditor.Basis.Kind.registry, "people and keys"), (.policies, "policies")] {
                    let found = report.bases.filter { $0.kind == kind }
                    guard let last = found.last else { continue }
                    Swift.print("\(name): \(found.count) version(s), the last \(last.digest.hex.prefix(16))… from \(last.entry)")
                }
                for problem in problems.prefix(50) { Swift.print(Terminal.styled("✗ \(Printable.text(problem))", .red)) }
                Swift.print(
                    !report.isWhole
                        ? Terminal.styled("The logs are NOT whole.", .red)
                        : isWitnessed
                            ? Terminal.styled("✓ The logs are whole.", .green)
                            : Terminal.styled(
                                "The logs agree with themselves. Give --checkpoint from outside to know more.", .yellow))
            }
            if !report.isWhole { throw ExitCode.failure }
            if !isWitnessed { throw ExitCode(2) }
        }
    }

    struct CheckpointCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "checkpoint", abstract: "Fetch the logs' signed checkpoints, to keep elsewhere.")
        @OptionGroup var options: PersonOptions

        func run() async throws {
            let notes = try await options.client().session { session in
                var notes: [String] = []
                for log in LogName.allCases { notes.append(try await session.text("checkpoints/\(log.rawValue)")) }
                return notes
            }
            print(notes.joined(), terminator: "")
        }
    }
}
