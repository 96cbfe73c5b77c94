import Authority
import Foundation
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
            throw Problem("a reason has 1 to \(ApprovalStatement.longestReason) visible characters")
        }
        let client = try options.client()
        let answer = try await client.session { session in
            let view = try ChangeView(try await session.call(.get, "changes/\(id)"))
            try await check(view, session)
            let (text, signature) = try view.sheet.sign(verdict, as: client, reason: reason)
            return try await session.call(
                .post, "changes/\(id)/statement", ["statement": .string(text), "signature": .string(signature)])
        }
        try Changes.report(answer, options)
    }

    private func check(_ view: ChangeView, _ session: PeopleSession) async throws {
        let sheet = view.sheet
        guard [.proposed, .approved].contains(sheet.state) || verdict == .refuse && sheet.state == .executing else {
            let reason = sheet.reason.map { " (\($0))" } ?? ""
            throw Problem(
                "not signed: the change is \(sheet.state.rawValue)\(reason) and takes no more statements [change.closed]")
        }
        if verdict == .approve, let obstacle = sheet.obstacle { throw Problem("not signed: \(obstacle)") }
        if let digest {
            guard digest == sheet.digest.hex else {
                throw Problem("not signed: the digest is \(sheet.digest.hex); look at the change again")
            }
            return
        }
        guard isatty(STDIN_FILENO) == 1, !options.json else {
            throw Problem(
                "not signed: nobody is at the terminal to be asked; give --digest as `exequatur changes show \(id)` prints it")
        }
        // Who has no say in it is shown no claim, and told so when they sign.
        let claim = sheet.terms.claims == nil ? nil : try? await session.call(.post, "changes/\(id)/why")
        try view.print(sealKey: nil, claim: claim)
        let question = "\nSign that this \(verdict == .approve ? "may" : "must not") be carried out? Type yes to sign: "
        FileHandle.standardOutput.write(Data(question.utf8))
        guard readLine()?.trimmingCharacters(in: .whitespaces).lowercased() == "yes" else { throw Problem("not signed") }
    }
}
