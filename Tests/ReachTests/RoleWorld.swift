@testable import Reach

/// A small policy of roles in the manner of ARBAC97 (R. Sandhu et al. 1999): who has a role may give and take others.
struct RolePolicy: Sendable, CustomStringConvertible {
    /// `giver` gives `role` to a user who has all of `needs` and none of `bars`.
    struct Assign: Sendable {
        let giver: String
        let needs: [String]
        let bars: [String]
        let role: String
    }

    let name: String
    let roles: [String]
    let assigns: [Assign]
    let revokes: [(taker: String, role: String)]
    var target: String { roles[roles.count - 1] }
    var description: String { name }

    /// - Parameters:
    ///   - assigns: such as `admin: staff -guest > nurse`.
    ///   - revokes: such as `admin: guest`.
    init(_ name: String, _ roles: String, assigns: [String], revokes: [String]) {
        self.name = name
        self.roles = roles.split(separator: " ").map(String.init)
        self.assigns = assigns.map { line in
            let words = line.split(whereSeparator: { ": >".contains($0) }).map(String.init)
            let conditions = words.dropFirst().dropLast()
            return Assign(
                giver: words[0], needs: conditions.filter { !$0.hasPrefix("-") },
                bars: conditions.filter { $0.hasPrefix("-") }.map { String($0.dropFirst()) }, role: words[words.count - 1])
        }
        self.revokes = revokes.map { line in
            let words = line.split(whereSeparator: { ": ".contains($0) }).map(String.init)
            return (words[0], words[1])
        }
    }

    /// The policy as rules. What a user must not have, and what can be taken away, is left out.
    var rules: String {
        let assigned = assigns.map { assign in
            let conditions = ([assign.giver] + assign.needs).map { "has(?u, \"\($0)\")" }.joined(separator: " and ")
            return "has(?u, \"\(assign.role)\") if \(conditions)."
        }
        return """
            relation has(who, role). relation with(who, coalition).
            become(?u, ?r) if has(?u, ?r).
            become(?u, ?c) if with(?u, ?c). become(?c, ?u) if with(?u, ?c).
            \(assigned.joined(separator: "\n"))
            """
    }

    static let all = [
        RolePolicy(
            "hospital", "admin nurse patient doctor records",
            assigns: [
                "admin: > nurse", "admin: nurse -patient > doctor", "doctor: nurse -patient > records", "nurse: > patient",
            ],
            revokes: ["admin: patient"]),
        RolePolicy(
            "university", "dean student staff teaching grades",
            assigns: ["dean: -student > staff", "staff: student -staff > teaching", "dean: staff teaching > grades"],
            revokes: ["staff: student", "dean: staff"]),
        RolePolicy(
            "bank", "manager teller auditor loans vault",
            assigns: [
                "manager: -auditor > teller", "manager: -teller > auditor", "auditor: teller > loans", "loans: auditor > vault",
            ],
            revokes: ["manager: teller"]),
        RolePolicy(
            "separation", "boss one two both", assigns: ["boss: -two > one", "boss: -one > two", "boss: one two > both"],
            revokes: []),
        RolePolicy(
            "ladder", "a b c d e", assigns: ["a: > b", "b: b -a > c", "c: c -b > d", "d: d -c > e"],
            revokes: ["b: a", "c: b", "d: c"]),
        RolePolicy(
            "ring", "a b c d", assigns: ["a: > b", "b: > c", "c: -b > a", "c: a b c > d"], revokes: ["c: b"]),
        RolePolicy(
            "office", "admin hire guest member key safe",
            assigns: ["hire: -guest > member", "hire: > guest", "admin: member -guest > key", "key: member guest > safe"],
            revokes: ["key: guest", "admin: member"]),
        RolePolicy(
            "two hands", "giver asker left right open",
            assigns: [
                "giver: asker -right > left", "asker: giver -left > right", "giver: left right > open", "left: -asker > giver",
            ],
            revokes: ["giver: asker"]),
    ]
}

/// Users with roles, and what some of them who work together can get, found by trying every sequence of moves.
struct RoleWorld {
    let policy: RolePolicy
    private var roles: [UInt64]
    private let (assigns, revokes): ([(giver: UInt64, needs: UInt64, bars: UInt64, role: UInt64)], [(UInt64, UInt64)])

    init(_ policy: RolePolicy, users: Int) {
        func bits(_ names: [String]) -> UInt64 {
            policy.roles.indices.reduce(0) { names.contains(policy.roles[$1]) ? $0 | 1 << UInt64($1) : $0 }
        }
        self.policy = policy
        roles = Array(repeating: 0, count: users)
        assigns = policy.assigns.map { (bits([$0.giver]), bits($0.needs), bits($0.bars), bits([$0.role])) }
        revokes = policy.revokes.map { (bits([$0.taker]), bits([$0.role])) }
    }

    mutating func give(_ user: Int, _ role: Int) { roles[user] |= 1 << UInt64(role) }

    /// Whether somebody of these can come to have the target.
    func canGet(_ team: [Int]) -> Bool {
        let start = team.map { roles[$0] }
        let target: UInt64 = 1 << UInt64(policy.roles.count - 1)
        var (seen, waiting): (Set<[UInt64]>, [[UInt64]]) = ([start], [start])
        while let state = waiting.popLast() {
            if state.contains(where: { $0 & target != 0 }) { return true }
            for next in moves(state) where seen.insert(next).inserted { waiting.append(next) }
        }
        return false
    }

    private func moves(_ state: [UInt64]) -> [[UInt64]] {
        let had = state.reduce(0, |)
        var moves: [[UInt64]] = []
        for user in state.indices {
            var changed = state
            for assign in assigns where had & assign.giver != 0 {
                guard state[user] & assign.needs == assign.needs, state[user] & assign.bars == 0 else { continue }
                changed[user] = state[user] | assign.role
                moves.append(changed)
            }
            for (taker, role) in revokes where had & taker != 0 {
                changed[user] = state[user] & ~role
                moves.append(changed)
            }
        }
        return moves
    }
}
