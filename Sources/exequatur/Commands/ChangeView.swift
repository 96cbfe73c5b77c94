import Authority
import Foundation
import Gateway
import StrictJSON

/// A change as a person is shown it. What an agent wrote is escaped.
struct ChangeView {
    let sheet: ChangeSheet

    init(_ json: JSONValue) throws {
        do { sheet = try ChangeSheet(json: json) } catch { throw Problem("the gateway's answer can't be read: \(error)") }
    }

    /// - Parameter claim: what the agent claims, where it was opened for whoever is shown this.
    func print(sealKey: String?, claim: WorkingCopy? = nil) throws {
        let (terms, reversibility) = (sheet.terms, sheet.terms.reversibility.rawValue)
        let rows = [
            ("change", sheet.id), ("state", state), ("because", sheet.because ?? ""), ("said", sheet.said ?? ""),
            (
                "asked by",
                sheet.requester.id + (sheet.requester.isWorkload ? "" : " (a person)")
                    + (sheet.adopter.map { ", adopted by \($0)" } ?? "")
            ),
            ("on behalf of", terms.delegator ?? ""), ("decided as", terms.principal == sheet.requester ? "" : terms.principal.id),
            ("purpose", purpose), ("undoes", terms.rollbackOf ?? ""),
            ("operation", "\(terms.operation) on \(terms.system)"), ("target", terms.targetName),
            ("labels", sheet.shown.labels.joined(separator: ", ")),
            ("undo", terms.inverse.map { "\(reversibility), by \($0.operation)" } ?? reversibility),
            ("under locks", terms.locks.map(Self.lock).joined(separator: ", ")),
            ("expires", Terminal.time(sheet.expires.milliseconds)),
            ("approvals", sheet.words.map(Self.word).joined(separator: ", ")),
            ("demanded", demanded), ("still needs", sheet.needs ?? ""),
            ("may approve", sheet.eligible.joined(separator: ", ")),
        ]
        for (label, value) in rows where !value.isEmpty {
            let mark = label.padding(toLength: 14, withPad: " ", startingAt: 0)
            let lines = Terminal.wrapped(Printable.text(value), mark, next: "            … ")
            // By scalars: what follows the mark may join its last space.
            Swift.print(Terminal.styled(mark, .dim) + String(lines.unicodeScalars.dropFirst(mark.unicodeScalars.count)))
        }
        if let opened = ReachText.finding(sheet.shown.reach) { Swift.print("\n" + opened) }
        printWhatIsDone(heading: "What changes")
        if let claim {
            Swift.print("\n" + ClaimView.text(claim))
            // Whatever was claimed, the last that is read is what would be done.
            printWhatIsDone(heading: "What is signed: \(Printable.text(terms.operation)) on \(Printable.text(terms.targetName))")
            let targets = sheet.shown.reach.targets
            if !targets.isEmpty {
                Swift.print(Terminal.wrapped("It opens a way to \(Printable.text(targets.joined(separator: ", "))).", "", .red))
            }
        } else if let sealKey {
            try printEvidence(sealKey)
        } else if let pointer = claimPointer {
            Swift.print(pointer)
        }
        Swift.print("\n" + Terminal.styled("digest        ", .dim) + sheet.digest.hex)
        if let left { Swift.print(left) }
        if let obstacle = sheet.obstacle {
            Swift.print(Terminal.wrapped("Do not sign: \(Printable.text(obstacle)).", "", .red))
        }
    }

    private func printWhatIsDone(heading: String) {
        Swift.print("\n" + Terminal.wrapped(heading, "", .bold))
        for value in sheet.terms.touched { Swift.print(difference(value)) }
    }

    private var purpose: String {
        let purpose = sheet.terms.purpose
        return purpose.name.isEmpty ? "" : "\(purpose.name) (\(purpose.source.rawValue))"
    }

    /// What policy demands, which is signed with the rest, and of whom; empty of what waits for no approval.
    private var demanded: String {
        let requirement = sheet.requirement
        guard sheet.state == .proposed, sheet.wait == .approval else { return "" }
        guard !requirement.approvers.isEmpty else { return requirement.words }
        let approvers = requirement.approvers.map { "\($0.id) (\($0.teams.joined(separator: ", ")))" }
        return "\(requirement.words), of \(approvers.joined(separator: ", "))"
    }

    /// `system:corp@1790000000000`, as people read it.
    private static func lock(_ identity: String) -> String {
        guard let place = identity.lastIndex(of: "@"), let moment = Int64(identity[identity.index(after: place)...]) else {
            return identity
        }
        let name = identity[..<place].hasSuffix(":") ? identity[..<place].dropLast() : identity[..<place]
        return "\(name), placed \(Terminal.time(moment))"
    }

    private static func word(_ word: ChangeSheet.Word) -> String {
        "\(word.by): \(word.verdict.rawValue)" + (word.counts ? "" : " (does not count any more)")
    }

    /// What is left to do with one that has all it needs; nil of any other.
    var left: String? {
        guard sheet.state == .proposed, sheet.wait != .adoption, sheet.needs == nil, sheet.obstacle == nil else { return nil }
        return "Nothing is missing: `exequatur changes retry \(sheet.id)` carries it out."
    }

    private var state: String { sheet.state.rawValue + (sheet.reason.map { " (\($0))" } ?? "") }

    private func difference(_ value: TouchedValue) -> String {
        let title = Terminal.wrapped("\(Printable.text(value.name)) · \(Printable.text(value.attribute))", "  ")
        func lines(_ values: [String], _ mark: String, _ style: Terminal.Style) -> [String] {
            values.map { Terminal.wrapped(Printable.text($0), "    \(mark) ", next: "    … ", style) }
        }
        let (removed, added) = (lines(value.before, "-", .red), lines(value.after, "+", .green))
        return ([title] + removed + added).joined(separator: "\n")
    }

    /// Where what the agent claims can be read.
    private var claimPointer: String? {
        guard let evidence = sheet.evidence, [evidence.prompt, evidence.justification].contains(where: \.isClaimed) else {
            return nil
        }
        let why = sheet.state == .proposed && sheet.terms.claims != nil
        return "\nWhat the agent claims is sealed"
            + (why
                ? "; who may approve this reads it with `exequatur changes why \(sheet.id)`."
                : ": `changes show --seal-key` opens it.")
    }

    private func printEvidence(_ sealKey: String) throws {
        guard let evidence = sheet.evidence else { return }
        Swift.print(Terminal.styled("\nWhat the agent claims (decides nothing)", .bold))
        let texts = [
            ("prompt", evidence.prompt), ("justification", evidence.justification), ("classification", evidence.classification),
        ]
        for (name, sealed) in texts {
            let mark = "  \(name.padding(toLength: 15, withPad: " ", startingAt: 0))"
            Swift.print(Terminal.wrapped(try opened(sealed, sealKey), mark, next: "  │ "))
        }
    }

    private func opened(_ sealed: SealedText, _ sealKey: String) throws -> String {
        guard sealed.isClaimed else { return "not supplied" }
        return Printable.text(try Sealer.open(sealed, request: sheet.request, key: try KeyFiles.opening(sealKey)) ?? "")
    }
}

/// What an agent claims, marked as such.
enum ClaimView {
    static func text(_ claim: WorkingCopy) -> String {
        let title = Terminal.styled("What the agent claims (decides nothing)", .bold)
        let said = [("justification", claim.justification?.text), ("prompt", claim.prompt?.text)].compactMap {
            name, text -> [String]? in
            guard let text else { return nil }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return ["  \(name)"]
                + lines.map { Terminal.wrapped(Printable.text(String($0), limit: 4000), "  │ ", next: "  │ ", .dim) }
        }
        return ([title] + said.joined()).joined(separator: "\n")
    }
}

extension ChangeSheet {
    /// What the agent claims of the change.
    ///
    /// - Throws: when it is not what the terms commit to.
    func claim(_ answer: JSONValue) throws -> WorkingCopy {
        guard let copy = try? WorkingCopy(json: answer["claims"] ?? .null), isClaim(copy) else {
            throw Problem("what the gateway gives as the agent's claim is not what the terms commit to")
        }
        return copy
    }

    /// The signed statement of that person on the change as shown; it is good for ten minutes.
    func sign(_ verdict: ApprovalStatement.Verdict, as client: PeopleClient, reason: String? = nil) throws -> (
        statement: String, signature: String
    ) {
        let nonce = (0..<16).map { _ in UInt8.random(in: 0...255) }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let statement = statement(verdict, by: client.person, issued: SystemClock.now(), nonce: nonce, reason: reason)
        let text = JSONWriter.canonicalText(statement.json)
        return (text, try client.signer.sign(text, namespace: "exequatur-approval"))
    }
}
