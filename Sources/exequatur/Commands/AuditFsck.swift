import ArgumentParser
import Authority
import Foundation
import Gateway
import StrictJSON

extension Audit {
    struct FsckCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fsck", abstract: "Say whether a gateway's store is whole, after anything.",
            discussion: """
                For a stopped gateway: after a crash, a full disk, a failed disk, a copy put back. Checks the database's files, the \
                logs with the checkpoints that were published last, every record against the log and against the others, and the \
                snapshot that starts go by. Says what the next start will settle. Changes nothing. Exits 1 when anything is wrong, and 2 when nothing is and a \
                log has no published checkpoint. A snapshot that is wrong is no harm: the next start makes it anew.
                """)
        @Option(help: "The gateway's state folder, or a copy of it.") var state: String
        @Option(help: "The logs' public keys: log.vkey.") var key: String
        @Flag(help: "Print JSON, for machines.") var json = false

        func run() async throws {
            let fsck = Fsck(store: try Files.store(in: state), keys: try Files.logKeys(key))
            let notes = Files.publishedCheckpoints(in: state)
            let report = try await EntryProgress.shown { try await fsck.examine(notes, progress: $0) }
            if json { print(Terminal.json(Self.json(report))) } else { Self.show(report) }
            if !report.isWhole { throw ExitCode.failure }
            if !report.logs.unwitnessed.isEmpty { throw ExitCode(2) }
        }

        private static func json(_ report: Fsck.Report) -> JSONValue {
            [
                "ok": .bool(report.isWhole), "entries": .integer(report.logs.sizes.values.reduce(0, +)),
                "unwitnessed": .array(report.logs.unwitnessed.map { .string($0.rawValue) }),
                "problems": .array((report.logs.problems + report.problems).map(JSONValue.string)),
                "unsettled": .array(report.unsettled.map(JSONValue.string)),
            ]
        }

        private static func show(_ report: Fsck.Report) {
            let problems = report.logs.problems + report.problems
            for problem in problems.prefix(50) { print(Terminal.styled("✗ \(Printable.text(problem))", .red)) }
            for log in report.logs.unwitnessed {
                print(
                    Terminal.styled(
                        "• \(log.rawValue): no checkpoint was published here; what is gone from its end is not seen", .yellow))
            }
            for line in report.unsettled { print(Terminal.styled("• \(line): the next start settles it", .yellow)) }
            guard report.isWhole else {
                print(
                    Terminal.styled("The store is NOT whole.", .red)
                        + " Keep it as it is; put back a copy, or start the gateway from a fresh state folder.")
                return
            }
            let entries = report.logs.sizes.values.reduce(0, +)
            print(Terminal.styled("✓ The store is whole: \(entries) entries, and every record is what they say.", .green))
        }
    }
}

/// Shows at a terminal how many entries have been read.
enum EntryProgress {
    static func shown<T>(_ body: ((Int64) -> Void) async throws -> T) async throws -> T {
        let shows = isatty(STDERR_FILENO) == 1
        defer { if shows { FileHandle.standardError.write(Data("\r".utf8)) } }
        return try await body { count in
            if shows { FileHandle.standardError.write(Data("\r\(count) entries ".utf8)) }
        }
    }
}
