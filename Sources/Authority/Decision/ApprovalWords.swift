import Cedar
import StrictJSON

/// Puts into words what approvals must still show, for the people who are asked for them.
enum ApprovalWords {
    /// Such as "two approvals, from different teams".
    static func text(_ requirement: Requirement) -> String {
        switch requirement {
        case .all(let parts): all(parts)
        case .any(let parts): parts.isEmpty ? "nothing that could be given" : parts.map(text).joined(separator: ", or ")
        default: all([requirement])
        }
    }

    /// What is still missing once these have approved, such as "one more approval, from another team than kim's".
    static func missing(_ requirement: Requirement, given: [ApprovalFact]) -> String {
        guard !given.isEmpty else { return text(requirement) }
        let parts: [Requirement] = if case .all(let parts) = requirement { parts } else { [requirement] }
        let context: [ExactString: Value] = ["approvals": ContextShape.value(given)]
        let open = parts.filter { $0.holds(in: context) != true }
        func lacks(_ name: String, _ have: Int) -> Int64 {
            open.map { if case .atLeast(["approvals", name], let least) = $0 { least - Int64(have) } else { 0 } }.max() ?? 0
        }
        let people = given.map(\.person)
        let teams = lacks("distinctTeams", Teams.distinct(people))
        let verified = lacks("userVerified", given.count(where: \.userVerified))
        let count = max(lacks("count", Set(people.map(\.id)).count), teams, verified)
        var words: [String] = []
        if count > 0 { words.append("\(number(count)) more approval\(count == 1 ? "" : "s")") }
        if teams > 0 {
            let others = people.map { "\(Printable.text($0.id))'s" }.joined(separator: " and ")
            words.append(teams == 1 ? "from another team than \(others)" : "from other teams than \(others)")
        }
        if verified > 0 { words.append("\(number(verified)) of them with a security key that verifies its user") }
        words += open.compactMap(other)
        return words.isEmpty ? text(requirement) : words.joined(separator: ", ")
    }

    /// What is asked of one set of approvals, told together.
    private static func all(_ parts: [Requirement]) -> String {
        func least(_ name: String) -> Int64 {
            parts.map { if case .atLeast(["approvals", name], let least) = $0 { least } else { 0 } }.max() ?? 0
        }
        let (count, teams, verified) = (
            max(least("count"), least("distinctTeams")), least("distinctTeams"), least("userVerified")
        )
        var words: [String] = []
        if count > 0 || verified > 0 {
            words.append("\(number(max(count, verified))) approval\(max(count, verified) == 1 ? "" : "s")")
        }
        if teams > 1 { words.append(teams == count ? "from different teams" : "from \(number(teams)) different teams") }
        if verified > 0 {
            words.append(
                verified == max(count, verified)
                    ? "with a security key that verifies its user"
                    : "\(number(verified)) of them with a security key that verifies its user")
        }
        words += parts.compactMap(other)
        return words.isEmpty ? "no approval" : words.joined(separator: ", ")
    }

    /// What is not about numbers.
    private static func other(_ part: Requirement) -> String? {
        switch part {
        case .atLeast(let path, let least):
            path.count == 2 && path[0] == "approvals" ? nil : "context.\(path.joined(separator: ".")) of at least \(least)"
        case .holdsAll(["approvals", "people"], let people): "an approval by \(people.map(name).joined(separator: " and by "))"
        case .holdsAny(["approvals", "people"], let people):
            people.isEmpty ? "one approval" : "an approval by \(people.map(name).joined(separator: " or "))"
        case .holdsAll(["approvals", "teams"], let teams):
            "an approval from \(teams.map { "team \(name($0))" }.joined(separator: " and one from "))"
        case .holdsAny(["approvals", "teams"], let teams):
            teams.isEmpty ? "an approval from a team" : "an approval from team \(teams.map(name).joined(separator: " or "))"
        case .holdsAll(let path, let values):
            "context.\(path.joined(separator: ".")) with \(values.map(name).joined(separator: " and "))"
        case .holdsAny(let path, let values):
            "context.\(path.joined(separator: ".")) with \(values.map(name).joined(separator: " or "))"
        case .condition(let text): "`\(text)`"
        case .all(let parts): all(parts)
        case .any: "either \(text(part))"
        }
    }

    private static func name(_ value: Value) -> String {
        switch value {
        case .entity(let uid): Printable.text(uid.id.string)
        case .string(let text): Printable.text(text.string)
        default: "a value"
        }
    }

    private static func number(_ count: Int64) -> String {
        let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        return words.indices.contains(Int(clamping: count)) ? words[Int(clamping: count)] : "\(count)"
    }
}
