import Authority
import Cedar
import Foundation
import Gateway
import StrictJSON

/// A change as a person is shown it. What an agent wrote is escaped, and the digest is computed from what is shown.
struct ChangeView {
    let json: JSONValue
    let change: Change
    let gateway: String
    /// The digest of the terms as they stand; nil when the change can't be planned any more.
    let digest: Digest?
    let assessment: Digest?

    init(_ json: JSONValue) throws {
        guard let change = json["change"], let gateway = json["gateway"]?.string else {
            throw Problem("the gateway's answer has no change")
        }
        self.json = json
        self.change = try Change(json: change)
        self.gateway = gateway
        digest = json["terms"].map { Digest(of: $0) }
        assessment = json["assessment"].map { Digest(of: $0) }
    }

    /// Why this must not be signed; nil when what is shown is what was staged.
    var problem: String? {
        if let obstacle = json["obstacle"]?.string { return "it can't be done: \(Printable.text(obstacle))" }
        guard let digest, let assessment, let terms = json["terms"] else { return "the change can't be planned any more" }
        if json["assessmentNow"] != nil { return "it would now make more possible than when it was staged" }
        if digest != change.digest || assessment != change.assessment {
            return "what would happen now is not what was staged: the target, the policies or the change itself were altered"
        }
        let inverse = change.plan.inverse.map { ["operation": .string($0.operation), "input": $0.input] as JSONValue } ?? .null
        guard terms["system"] == .string(change.system), terms["targetName"] == .string(change.plan.targetName),
            terms["inverse"] == inverse,
            terms["principal"] == .string((change.adopter.map(PrincipalID.person) ?? change.requester).description)
        else { return "the stored change does not say what its terms say" }
        guard terms["touched"] == .array(change.plan.touched.map(\.json)), terms["operation"] == .string(change.operation),
            terms["input"] == change.input
        else { return "the stored change does not say what its terms say" }
        return nil
    }

    func print(sealKey: String?) throws {
        let rows = [
            ("change", change.id), ("state", change.state.rawValue + (change.reason.map { " (\($0))" } ?? "")),
            ("asked by", change.requester.description + (change.adopter.map { ", adopted by \($0)" } ?? "")),
            ("operation", "\(change.operation) on \(change.system)"), ("target", change.plan.targetName),
            ("labels", list("labels")),
            (
                "undo",
                change.plan.inverse.map { "\(change.plan.reversibility.rawValue), by \($0.operation)" }
                    ?? change.plan.reversibility.rawValue
            ),
            ("expires", Terminal.time(change.expires.milliseconds)), ("approvals", approvals),
            ("still needs", json["needs"]?.string ?? ""), ("may approve", strings("eligible")),
        ]
        for (label, value) in rows where !value.isEmpty {
            Swift.print(Terminal.styled(label.padding(toLength: 12, withPad: " ", startingAt: 0), .dim) + Printable.text(value))
        }
        Swift.print(Terminal.styled("\nWhat changes", .bold))
        for value in change.plan.touched { Swift.print(difference(value)) }
        if let opened = json["assessment"]?["reach"].flatMap(ReachText.finding) { Swift.print("\n" + opened) }
        try printEvidence(sealKey)
        Swift.print("\n" + Terminal.styled("digest      ", .dim) + (digest?.hex ?? "-"))
        if let problem { Swift.print(Terminal.styled("Do not sign: \(problem).", .red)) }
    }

    private func difference(_ value: TouchedValue) -> String {
        let title = "  \(Printable.text(value.name)) · \(Printable.text(value.attribute))"
        let removed = value.before.map { Terminal.styled("    - \(Printable.text($0))", .red) }
        let added = value.after.map { Terminal.styled("    + \(Printable.text($0))", .green) }
        return ([title] + removed + added).joined(separator: "\n")
    }

    private func list(_ key: String) -> String {
        json["assessment"]?[key]?.array?.compactMap(\.string).joined(separator: ", ") ?? ""
    }
    private func strings(_ key: String) -> String { json[key]?.array?.compactMap(\.string).joined(separator: ", ") ?? "" }

    private var approvals: String {
        (json["approvals"]?.array ?? []).map { "\($0["by"]?.string ?? "?"): \($0["verdict"]?.string ?? "?")" }.joined(
            separator: ", ")
    }

    private func printEvidence(_ sealKey: String?) throws {
        Swift.print(Terminal.styled("\nWhat the agent claims (decides nothing)", .bold))
        for name in ["prompt", "justification", "classification"] {
            guard let sealed = json["evidence"]?[name] else { continue }
            let text =
                sealed["state"]?.string == "not supplied"
                ? "not supplied"
                : try sealKey.map { path in
                    try Sealer.open(SealedText(json: sealed), request: change.request, key: try KeyFiles.opening(path)) ?? ""
                } ?? "sealed; --seal-key opens it"
            Swift.print("  \(name.padding(toLength: 15, withPad: " ", startingAt: 0))\(Printable.text(text))")
        }
    }
}
