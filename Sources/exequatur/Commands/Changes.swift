import ArgumentParser
import Authority
import Foundation
import Gateway
import StrictJSON

/// What waits for people, and what was done.
struct Changes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "See, approve, refuse, adopt and undo changes.",
        subcommands: [
            List.self, Show.self, Why.self, Approve.self, Refuse.self, Adopt.self, Settle.self, Retry.self, Rollback.self,
            Secret.self,
        ],
        defaultSubcommand: List.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one change: what would happen, and what the agent claims.")
        @Argument(help: "The change's id.") var id: String
        @Option(help: "The key that opens sealed prompts.") var sealKey: String?
        @OptionGroup var options: PersonOptions

        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.get, try changePath(id)) }
            if options.json { print(Terminal.json(answer)) } else { try ChangeView(answer).print(sealKey: sealKey) }
        }
    }

    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read what the agent claims of a change that waits for you. That is logged.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            let (sheet, answer) = try await options.client().session { session in
                (
                    try ChangeView(try await session.call(.get, try changePath(id))).sheet,
                    try await session.call(.post, try changePath(id, "why"))
                )
            }
            let claim = try sheet.claim(answer)
            print(options.json ? Terminal.json(answer) : ClaimView.text(claim))
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign that a change may be carried out.")
        @Argument(help: "The change's id.") var id: String
        @Option(help: "Sign without being asked, if this is the digest, as `show` printed it.") var digest: String?
        @OptionGroup var options: PersonOptions
        func run() async throws { try await Signing(id: id, verdict: .approve, digest: digest, options: options).run() }
    }

    struct Refuse: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign that a change must not be carried out.")
        @Argument(help: "The change's id.") var id: String
        @Option(help: "Sign without being asked, if this is the digest, as `show` printed it.") var digest: String?
        @Option(help: "Why: whoever asked for the change is told.") var reason: String?
        @OptionGroup var options: PersonOptions
        func run() async throws {
            try await Signing(id: id, verdict: .refuse, digest: digest, reason: reason, options: options).run()
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign what came of a change whose effect nobody could tell. Nothing is repeated.")
        @Argument(help: "The change's id.") var id: String
        @Option(name: .customLong("as"), help: "executed or failed: what you have found out.") var outcome: Outcome
        @Option(help: "Sign without being asked, if this is the digest, as `show` printed it.") var digest: String?
        @OptionGroup var options: PersonOptions
        enum Outcome: String, ExpressibleByArgument, CaseIterable { case executed, failed }
        func run() async throws {
            try await Signing(id: id, verdict: outcome == .executed ? .executed : .failed, digest: digest, options: options).run()
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a waiting change decided anew, and carried out if that is permitted now.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            try report(try await options.client().session { try await $0.call(.post, try changePath(id, "retry")) }, options)
        }
    }

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a proposed change your own; it is decided as yours.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            try report(try await options.client().session { try await $0.call(.post, try changePath(id, "adopt")) }, options)
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Undo a change, as a new change with its own decision.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.post, try changePath(id, "rollback")) }
            let line =
                "\(answer["status"]?.string ?? ""): \(answer["message"]?.string ?? "") [\(answer["code"]?.string ?? "")] \(answer["change"]?.string ?? "")"
            print(options.json ? Terminal.json(answer) : line)
            guard ["done", "staged"].contains(answer["status"]?.string) else {
                throw ExitCode(Refused.exitCode(answer["code"]?.string.flatMap(Refusal.Code.init(rawValue:))?.kind))
            }
        }
    }

    struct Secret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show, once, the value a change made, such as a new password.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.post, try changePath(id, "secret")) }
            guard !options.json else { return print(Terminal.json(answer)) }
            let value = answer["value"]?.string ?? ""
            // A backslash in a password is no escape: only what a terminal would not show as it is, is escaped.
            let isVisible = value.unicodeScalars.allSatisfy(Printable.isVisible)
            print("\(Printable.text(answer["label"]?.string ?? "")): \(isVisible ? value : Printable.text(value))")
        }
    }

    /// Says how a change stands; ends with 1 where it can't be carried out.
    ///
    /// - Parameter isWanted: whether it is what was asked for that nothing is carried out.
    static func report(_ answer: JSONValue, _ options: PersonOptions, isWanted: Bool = false) throws {
        let view = try ChangeView(answer)
        if options.json { print(Terminal.json(answer)) } else { tell(view) }
        let isOver = [.failed, .void, .indeterminate, .expired].contains(view.sheet.state)
        guard isWanted && [.withdrawn, .failed].contains(view.sheet.state) || !isOver && view.sheet.state != .withdrawn else {
            throw ExitCode.failure
        }
    }

    private static func tell(_ view: ChangeView) {
        let sheet = view.sheet
        print("\(sheet.id) is \(Terminal.state(sheet.state.rawValue))\(sheet.reason.map { " (\($0))" } ?? "").")
        if let because = sheet.because { print(Terminal.wrapped(Printable.text(because), "")) }
        if let needs = sheet.needs { print(Terminal.wrapped("It still needs \(Printable.text(needs)).", "")) }
        if let left = view.left { print(left) }
        if sheet.state == .proposed, let obstacle = sheet.obstacle {
            print(Terminal.wrapped("It waits: \(Printable.text(obstacle)).", ""))
        }
    }
}
