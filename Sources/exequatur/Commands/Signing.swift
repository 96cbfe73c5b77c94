import Authority
import Foundation
import Gateway
import StrictJSON

/// Shows a change, asks, signs and sends one statement.
struct Signing {
    let id: String
    let verdict: ApprovalStatement.Verdict
    let digest: String?
    var reason: String?
    let options: PersonOptions

    func run() async throws {
        if let reason, !ApprovalStatement.isReason(reason) {
            throw Refused(
                "a reason has 1 to \(ApprovalStatement.longestReason) visible characters", kind: .invalid)
        }
        let client = try options.client()
        let answer = try await client.session { session in
            let view = try ChangeView(try await session.call(.get, try changePath(id)))
            try await check(view, session, client.person)
            let (text, signature) = try view.sheet.sign(verdict, as: client, reason: reason)
            return try await session.call(
                .post, try changePath(id, "statement"), ["statement": .string(text), "signature": .string(signature)])
        }
        try Changes.report(answer, options, isWanted: [.refuse, .failed].contains(verdict))
    }

    private func check(_ view: ChangeView, _ session: PeopleSession, _ person: String) async throws {
        let sheet = view.sheet
        if let (code, why) = Self.obstacle(verdict, sheet, person) {
            throw Refused("not signed: \(why) [\(code.rawValue)]", kind: code.kind)
        }
        if let digest {
            guard digest == sheet.digest.hex else {
                throw Problem("not signed: the digest is \(sheet.digest.hex); look at the change again")
            }
            return
        }
        if verdict == .approve, let obstacle = sheet.obstacle { throw Problem("not signed: \(Printable.text(obstacle))") }
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, !options.json else {
            throw Refused(
                "not signed: nobody is at the terminal to be asked; give --digest as `exequatur changes show \(id)` prints it",
                kind: .invalid)
        }
        try view.print(sealKey: nil, claim: try await claim(sheet, session))
        let question = "\nSign that this \(Self.word(verdict))? Type yes to sign: "
        FileHandle.standardOutput.write(Data(question.utf8))
        guard readLine()?.trimmingCharacters(in: .whitespaces).lowercased() == "yes" else { throw Problem("not signed") }
    }

    private static func word(_ verdict: ApprovalStatement.Verdict) -> String {
        switch verdict {
        case .approve: "may be carried out"
        case .refuse: "must not be carried out"
        case .executed: "came about, as far as you have found out"
        case .failed: "did not come about, as far as you have found out"
        }
    }

    /// Why a signature would be given for nothing; nil when it would not.
    private static func obstacle(_ verdict: ApprovalStatement.Verdict, _ sheet: ChangeSheet, _ person: String) -> (
        Refusal.Code, String
    )? {
        if verdict.settles {
            return sheet.state == .indeterminate
                ? nil
                : (
                    .changeClosed,
                    "the change is \(sheet.state.rawValue): only one whose effect is not known is settled by a person"
                )
        }
        guard [.proposed, .approved].contains(sheet.state) || verdict == .refuse && sheet.state == .executing else {
            let reason = sheet.reason.map { " (\($0))" } ?? ""
            return (.changeClosed, "the change is \(sheet.state.rawValue)\(reason) and takes no more statements")
        }
        guard verdict == .approve else { return nil }
        if sheet.wait == .adoption { return (.approvalNotWaiting, "the change waits to be adopted first") }
        if sheet.obstacle == nil, sheet.needs != nil, !sheet.eligible.contains(person) {
            let isDone = sheet.words.contains { $0.by == person && $0.verdict == .approve }
            return isDone
                ? (.approvalUsed, "you have approved it already")
                : (.approvalNotEligible, "it is yours, or policy gives you no say in it")
        }
        return nil
    }

    /// What the agent claims. Who has no say in the change is shown none, and what is not kept any more is not there; anything
    /// else is a reason not to approve, and none not to refuse.
    private func claim(_ sheet: ChangeSheet, _ session: PeopleSession) async throws -> WorkingCopy? {
        guard sheet.terms.claims != nil else { return nil }
        do { return try sheet.claim(try await session.call(.post, try changePath(id, "why"))) } catch let refused as Refused
            where [.approvalNotEligible, .claimNone].contains(refused.code)
        { return nil } catch  where verdict != .approve {
            print(Terminal.wrapped("What the agent claims can't be shown: \(Printable.text("\(error)"))", "", .yellow))
            return nil
        }
    }
}
