import Authority
import Gateway
import StrictJSON

/// What the auditor found, for people and for machines.
struct AuditReport {
    let report: Auditor.Report
    /// Whether checkpoints from outside were given: without any, nobody can say that the logs are whole.
    let isWitnessed: Bool

    private var sizes: [(name: String, entries: Int64)] { LogName.allCases.map { ($0.rawValue, report.sizes[$0] ?? 0) } }

    private var problems: [String] {
        report.problems
            + report.unwitnessed.map { "\($0.rawValue): no checkpoint was given; removal from its end would go unseen" }
    }

    var json: JSONValue {
        let entries = sizes.map { JSONObject.Member(key: $0.name, value: .integer($0.entries)) }
        let bases = report.bases.map { basis -> JSONValue in
            ["kind": .string(basis.kind.rawValue), "digest": .string(basis.digest.hex), "entry": .string(basis.entry)]
        }
        return [
            "ok": .bool(report.isWhole && isWitnessed), "consistent": .bool(report.isWhole), "witnessed": .bool(isWitnessed),
            "entries": .object(JSONObject(entries)), "checkpoints": .integer(Int64(report.checkpoints)),
            "replayed": .integer(Int64(report.replayed)), "proved": .integer(Int64(report.proved)), "bases": .array(bases),
            "problems": .array(problems.map(JSONValue.string)),
        ]
    }

    func print() {
        Swift.print(
            sizes.map { "\($0.name) \($0.entries)" }.joined(separator: ", ")
                + " entries; \(report.checkpoints) checkpoint(s); \(report.replayed) decisions made again, \(report.proved) executions proved."
        )
        for (kind, name) in [(Auditor.Basis.Kind.registry, "people and keys"), (.policies, "policies")] {
            let found = report.bases.filter { $0.kind == kind }
            guard let last = found.last else { continue }
            Swift.print("\(name): \(found.count) version(s), the last \(last.digest.hex.prefix(16))… from \(last.entry)")
        }
        for problem in problems.prefix(50) { Swift.print(Terminal.styled("✗ \(Printable.text(problem))", .red)) }
        Swift.print(verdict)
    }

    private var verdict: String {
        guard report.isWhole else { return Terminal.styled("The logs are NOT whole.", .red) }
        return isWitnessed
            ? Terminal.styled("✓ The logs are whole.", .green)
            : Terminal.styled("The logs agree with themselves. Give --checkpoint from outside to know more.", .yellow)
    }
}
