/// A regular expression as JSON Schema writes it (ECMA-262), matched in time that grows with the text and the pattern only: it
/// comes from somebody else's server, and what it is matched with from an agent. What would need backtracking (back references,
/// looking around) is refused.
struct LinearPattern: Sendable {
    struct Problem: Error, Hashable { let message: String }

    /// One step of the machine; `next` is where it goes on.
    enum State: Sendable {
        case scalar(ScalarSet, next: Int)
        case split(Int, Int)
        case start(next: Int)
        case end(next: Int)
        case match
    }

    let text: String
    private let states: [State]
    private let first: Int

    /// - Throws: ``Problem``.
    init(_ text: String) throws(Problem) {
        self.text = text
        var parser = PatternParser(text)
        let tree = try parser.pattern()
        var builder = PatternBuilder()
        first = try builder.build(tree, next: builder.match)
        states = builder.states
    }

    /// Whether it is found anywhere in the text; nil when that takes more steps than there are.
    func matches(_ text: String, steps: inout Int, of most: Int) -> Bool? {
        var current = StateSet(states.count)
        let scalars = Array(text.unicodeScalars)
        for position in 0...scalars.count {
            add(first, &current, position, scalars.count)
            if current.isMatched { return true }
            guard position < scalars.count else { return false }
            var next = StateSet(states.count)
            for number in current.members {
                steps += 1
                if case .scalar(let set, let target) = states[number], set.contains(scalars[position]) {
                    add(target, &next, position + 1, scalars.count)
                }
            }
            steps += 1 + states.count / 64
            guard steps < most else { return nil }
            if next.isMatched { return true }
            current = next
        }
        return false
    }

    /// Adds a state, and all that can be reached from it without a character.
    private func add(_ start: Int, _ set: inout StateSet, _ position: Int, _ length: Int) {
        var waiting = [start]
        while let number = waiting.popLast() {
            guard set.insert(number) else { continue }
            switch states[number] {
            case .scalar: break
            case .split(let a, let b): waiting += [b, a]
            case .start(let next): if position == 0 { waiting.append(next) }
            case .end(let next): if position == length { waiting.append(next) }
            case .match: set.isMatched = true
            }
        }
    }

    private struct StateSet {
        private(set) var members: [Int] = []
        private var has: [Bool]
        var isMatched = false

        init(_ count: Int) { has = Array(repeating: false, count: count) }

        mutating func insert(_ number: Int) -> Bool {
            guard !has[number] else { return false }
            has[number] = true
            members.append(number)
            return true
        }
    }
}

/// Characters by ranges.
struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } != isNegated }

    static let digits = ScalarSet(ranges: [48...57])
    static let words = ScalarSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let spaces = ScalarSet(ranges: [
        9...13, 32...32, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F,
        0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    /// All but the ends of lines.
    static let any = ScalarSet(ranges: [10...10, 13...13, 0x2028...0x2029], isNegated: true)

    /// Those that are not in it, as ranges.
    var complement: ScalarSet { ScalarSet(ranges: ranges, isNegated: !isNegated) }

    /// The same set without a negation.
    var positive: [ClosedRange<UInt32>] {
        guard isNegated else { return ranges }
        var (result, next): ([ClosedRange<UInt32>], UInt32) = ([], 0)
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        return next <= 0x10FFFF ? result + [next...0x10FFFF] : result
    }
}

/// What a pattern is made of.
indirect enum PatternTree {
    case empty, start, end
    case set(ScalarSet)
    case sequence([PatternTree])
    case choice([PatternTree])
    case repeated(PatternTree, least: Int, most: Int?)
}

/// Makes the machine of a tree, from its end to its beginning.
struct PatternBuilder {
    private static let most = 4_000
    private(set) var states: [LinearPattern.State] = [.match]
    let match = 0

    /// - Returns: where the tree begins that goes on at `next`.
    mutating func build(_ tree: PatternTree, next: Int) throws(LinearPattern.Problem) -> Int {
        switch tree {
        case .empty: return next
        case .start: return try add(.start(next: next))
        case .end: return try add(.end(next: next))
        case .set(let set): return try add(.scalar(set, next: next))
        case .sequence(let all):
            var place = next
            for one in all.reversed() { place = try build(one, next: place) }
            return place
        case .choice(let all):
            var place = try build(all[all.count - 1], next: next)
            for one in all.dropLast().reversed() { place = try add(.split(try build(one, next: next), place)) }
            return place
        case .repeated(let one, let least, let most): return try build(one, least, most, next: next)
        }
    }

    private mutating func build(_ one: PatternTree, _ least: Int, _ most: Int?, next: Int) throws(LinearPattern.Problem) -> Int {
        var place = next
        if let most {
            for _ in least..<max(least, most) { place = try add(.split(try build(one, next: place), next)) }
        } else {
            let loop = try add(.match)
            states[loop] = .split(try build(one, next: loop), next)
            place = loop
        }
        for _ in 0..<least { place = try build(one, next: place) }
        return place
    }

    private mutating func add(_ state: LinearPattern.State) throws(LinearPattern.Problem) -> Int {
        guard states.count < Self.most else { throw .init(message: "it stands for too many steps") }
        states.append(state)
        return states.count - 1
    }
}
