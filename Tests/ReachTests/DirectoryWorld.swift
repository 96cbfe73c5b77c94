@testable import Reach

/// A small directory as it really works, without rules: accounts log in, members act as their groups, owners change who is
/// in their groups. What an attacker can get to is found by trying every sequence of moves.
///
/// Principals are numbers: accounts from 0, groups from 4, and one name that memberships wait for, 8.
struct DirectoryWorld {
    static let (firstGroup, waitingName, principals) = (4, 8, 9)
    static let target = firstGroup

    let (users, groups): (Int, Int)
    var facts: Set<NamedFact> = []

    /// The account, group or name by its number.
    static func name(_ principal: Int) -> String {
        principal < firstGroup ? "u\(principal)" : principal < waitingName ? "g\(principal - firstGroup)" : "name"
    }

    static func number(_ name: String) -> Int {
        guard let digit = name.dropFirst().first?.wholeNumberValue else { return waitingName }
        return name.hasPrefix("u") ? digit : firstGroup + digit
    }

    /// Whether the person who has the account can come to act with the rights of the target.
    func canAct(_ person: Int) -> Bool {
        var search = Search(facts, person: person)
        return search.run()
    }

    /// The accounts that can.
    var takers: Set<Int> { Set((0..<users).filter(canAct)) }

    /// What an attacker has: which accounts it has the credentials of, and who is in which group by now.
    private struct State: Hashable {
        var known: UInt32
        /// By account, then group: four bits each.
        var members: UInt32
    }

    private struct Search {
        private var passes = [UInt32](repeating: 0, count: principals)
        private var owns = [UInt32](repeating: 0, count: principals)
        private var administers = [UInt32](repeating: 0, count: principals)
        private var keys = [UInt32](repeating: 0, count: principals)
        private var enabled: UInt32 = 0b1111
        private var start = State(known: 0, members: 0)

        init(_ facts: Set<NamedFact>, person: Int) {
            for fact in facts {
                let a = DirectoryWorld.number(fact.subject)
                let b = fact.object.map(DirectoryWorld.number) ?? 0
                switch fact.relation {
                case "directory.disabled": enabled &= ~(1 << UInt32(a))
                case "directory.member" where a < firstGroup: start.members |= 1 << UInt32(a * 4 + b - firstGroup)
                case "directory.member", "directory.namedAs": passes[a] |= 1 << UInt32(b)
                case "directory.owner": owns[a] |= 1 << UInt32(b)
                case "directory.manages": administers[a] |= 1 << UInt32(b)
                default: keys[b] |= 1 << UInt32(a)
                }
            }
            // The person has the keys that the person chose, whether or not the account of that person is open.
            start.known = 1 << UInt32(person) | keys[person]
        }

        mutating func run() -> Bool {
            var (seen, waiting): (Set<State>, [State]) = ([start], [start])
            while let state = waiting.popLast() {
                let acting = acting(state)
                if acting & (1 << UInt32(DirectoryWorld.target)) != 0 { return true }
                for next in moves(state, acting) where seen.insert(next).inserted { waiting.append(next) }
            }
            return false
        }

        /// Who the attacker acts as: the accounts it can log in to, and what they pass on to.
        private func acting(_ state: State) -> UInt32 {
            var (acting, waiting): (UInt32, UInt32) = (0, state.known & enabled)
            while waiting != 0 {
                let one = waiting.trailingZeroBitCount
                waiting &= waiting - 1
                acting |= 1 << UInt32(one)
                var next = passes[one]
                if one < firstGroup { next |= (state.members >> UInt32(one * 4) & 0b1111) << UInt32(firstGroup) }
                waiting |= next & ~acting
            }
            return acting
        }

        private func moves(_ state: State, _ acting: UInt32) -> [State] {
            var moves: [State] = []
            for one in 0..<principals where acting & (1 << UInt32(one)) != 0 {
                var taken = state
                taken.known |= administers[one] | (one < firstGroup ? keys[one] : 0)
                if taken != state { moves.append(taken) }
                guard owns[one] != 0 else { continue }
                // An owner puts an account it has into the group, or takes it out.
                for group in 0..<4 where owns[one] & (1 << UInt32(firstGroup + group)) != 0 {
                    for user in 0..<firstGroup where state.known & enabled & (1 << UInt32(user)) != 0 {
                        moves.append(State(known: state.known, members: state.members ^ (1 << UInt32(user * 4 + group))))
                    }
                }
            }
            return moves
        }
    }
}

/// Random directories.
extension DirectoryWorld {
    /// - Parameter isPlain: whether there are memberships, owners, administrators and closed accounts only; or keys and
    ///   waiting names too.
    init(isPlain: Bool, using random: inout SeededGenerator) {
        (users, groups) = (Int.random(in: 2...4, using: &random), Int.random(in: 2...4, using: &random))
        for _ in 0..<Int.random(in: 2...9, using: &random) { facts.insert(fact(isPlain, &random)) }
        for user in 0..<users where random.chance(20) { facts.insert(NamedFact("directory.disabled", Self.name(user))) }
    }

    /// A fact that means something in a directory.
    func fact(_ isPlain: Bool, _ random: inout SeededGenerator) -> NamedFact {
        let user = Self.name(Int.random(in: 0..<users, using: &random))
        let group = Self.name(Self.firstGroup + Int.random(in: 0..<groups, using: &random))
        let other = Self.name(Int.random(in: 0..<users, using: &random))
        let inner = Self.name(Self.firstGroup + Int.random(in: 0..<groups, using: &random))
        let who = random.chance(65) ? user : inner
        switch Int.random(in: 0..<(isPlain ? 8 : 12), using: &random) {
        case 0, 1, 2: return NamedFact("directory.member", who, group)
        case 3, 4, 5: return NamedFact("directory.owner", who, group)
        case 6, 7: return NamedFact("directory.manages", who, other)
        case 8, 9: return NamedFact("directory.loginKeySetBy", user, other)
        case 10: return NamedFact("directory.namedAs", user, "name")
        default: return NamedFact("directory.member", "name", group)
        }
    }
}
