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
        subcommands: [Verify.self, Show.self, Receipt.self, Export.self, FsckCommand.self, CheckpointCommand.self])

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
            let keys = try Files.logKeys(key)
            let notes = try checkpoint.isEmpty ? own() : checkpoint.flatMap(Self.notes)
            let auditor = Auditor(store: try Files.store(in: state), keys: keys)
            let report = try await EntryProgress.shown { try await auditor.verify(notes, progress: $0) }
            let told = AuditReport(report: report, isWitnessed: !checkpoint.isEmpty)
            if json { print(Terminal.json(told.json)) } else { told.print() }
            if !report.isWhole { throw ExitCode.failure }
            if !told.isWitnessed { throw ExitCode(2) }
        }

        private func own() -> [String] {
            if !json {
                Swift.print(
                    Terminal.styled(
                        "Checkpoints of the state folder itself: whoever can write it could have replaced them too.", .yellow))
            }
            return Files.publishedCheckpoints(in: state)
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
