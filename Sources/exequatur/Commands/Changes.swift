import ArgumentParser
import Authority
import Cedar
import Foundation
import StrictJSON

/// What waits for people, and what was done.
struct Changes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "See, approve, refuse, adopt and undo changes.",
        subcommands: [List.self, Show.self, Approve.self, Refuse.self, Adopt.self, Rollback.self, Secret.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List changes, newest first.")
        @Flag(help: "Only those that wait for people.") var waiting = false
        @Option(help: "At most so many.") var limit = 1000
        @OptionGroup var options: PersonOptions

        func validate() throws {
            guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 1000000") }
        }

        func run() async throws {
            let (found, isCut) = try await options.client().session(read)
            guard !options.json else { return print(Terminal.json(["changes": .array(found), "more": .bool(isCut)])) }
            let changes = try found.map { try Change(json: $0) }
            guard !changes.isEmpty else { return print(waiting ? "Nothing waits." : "No changes yet.") }
            let rows = changes.map {
                [
                    $0.id, Terminal.time($0.created.milliseconds),
                    $0.state.rawValue + ($0.state == .proposed ? " (\($0.wait.rawValue))" : ""),
                    "\($0.system) \($0.operation)", Printable.text($0.plan.targetName), $0.requester.id,
                ]
            }
            print(Terminal.table([["CHANGE", "ASKED", "STATE", "OPERATION", "TARGET", "BY"]] + rows))
            if isCut { print("Older ones are not shown: --limit \(limit * 10) shows more, --waiting those that wait.") }
        }

        /// Page by page: however many one agent stages, the others' are there too.
        private func read(_ session: PeopleSession) async throws -> (found: [JSONValue], isCut: Bool) {
            var (found, next): ([JSONValue], String?) = ([], nil)
            repeat {
                let parts = [waiting ? "state=waiting" : nil, next.map { "after=\($0)" }].compactMap { $0 }
                let page = try await session.call(.get, "changes" + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&")))
                found += page["changes"]?.array ?? []
                next = page["next"]?.string
            } while next != nil && found.count < limit
            return (Array(found.prefix(limit)), next != nil || found.count > limit)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one change: what would happen, and what the agent claims.")
        @Argument(help: "The change's id.") var id: String
        @Option(help: "The key that opens sealed prompts.") var sealKey: String?
        @OptionGroup var options: PersonOptions

        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.get, "changes/\(id)") }
            if options.json { print(Terminal.json(answer)) } else { try ChangeView(answer).print(sealKey: sealKey) }
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign that a change may be carried out.")
        @Argument(help: "The change's id.") var id: String
        @Option(help: "Sign only if this is the digest, as `show` printed it.") var digest: String?
        @OptionGroup var options: PersonOptions
        func run() async throws { try await Signing(id: id, verdict: .approve, digest: digest, options: options).run() }
    }

    struct Refuse: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign that a change must not be carried out.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws { try await Signing(id: id, verdict: .refuse, digest: nil, options: options).run() }
    }

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a proposed change your own; it is decided as yours.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            try report(try await options.client().session { try await $0.call(.post, "changes/\(id)/adopt") }, options)
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Undo a change, as a new change with its own decision.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.post, "changes/\(id)/rollback") }
            guard !options.json else { return print(Terminal.json(answer)) }
            let line =
                "\(answer["status"]?.string ?? ""): \(answer["message"]?.string ?? "") [\(answer["code"]?.string ?? "")] \(answer["change"]?.string ?? "")"
            print(line)
            guard ["done", "staged"].contains(answer["status"]?.string) else { throw ExitCode.failure }
        }
    }

    struct Secret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show, once, the value a change made, such as a new password.")
        @Argument(help: "The change's id.") var id: String
        @OptionGroup var options: PersonOptions
        func run() async throws {
            let answer = try await options.client().session { try await $0.call(.post, "changes/\(id)/secret") }
            print(options.json ? Terminal.json(answer) : "\(answer["label"]?.string ?? ""): \(answer["value"]?.string ?? "")")
        }
    }

    static func report(_ answer: JSONValue, _ options: PersonOptions) throws {
        guard !options.json else { return print(Terminal.json(answer)) }
        let change = try Change(json: answer["change"] ?? nil)
        print("\(change.id) is \(Terminal.state(change.state.rawValue))\(change.reason.map { " (\($0))" } ?? "").")
        guard change.state != .failed, change.reason == nil || change.reason == "refused" else { throw ExitCode.failure }
    }
}

/// Shows, checks, signs and sends one statement.
private struct Signing {
    let id: String
    let verdict: ApprovalStatement.Verdict
    let digest: String?
    let options: PersonOptions

    func run() async throws {
        let client = try options.client()
        let answer = try await client.session { session in
            let view = try ChangeView(try await session.call(.get, "changes/\(id)"))
            if verdict == .approve { try check(view) }
            let (text, signature) = try view.sign(verdict, as: client)
            return try await session.call(
                .post, "changes/\(id)/statement", ["statement": .string(text), "signature": .string(signature)])
        }
        try Changes.report(answer, options)
    }

    private func check(_ view: ChangeView) throws {
        if let problem = view.problem { throw Problem("not signed: \(problem)") }
        if let digest, digest != view.digest?.hex { throw Problem("not signed: the digest is \(view.digest?.hex ?? "-")") }
        if !options.json { try view.print(sealKey: nil) }
    }
}

extension ChangeView {
    /// The signed statement of that person on the change as shown; it is good for ten minutes.
    func sign(_ verdict: ApprovalStatement.Verdict, as client: PeopleClient) throws -> (statement: String, signature: String) {
        let now = SystemClock.now()
        let nonce = (0..<16).map { _ in UInt8.random(in: 0...255) }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let statement = ApprovalStatement(
            verdict: verdict, gateway: gateway, change: change.id, plan: change.digest, assessment: change.assessment,
            approver: client.person, issued: now, expires: now.adding(seconds: 600), nonce: nonce)
        let text = JSONWriter.canonicalText(statement.json)
        return (text, try client.signer.sign(text, namespace: "exequatur-approval"))
    }
}
