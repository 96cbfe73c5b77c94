/// Reads a regular expression.
struct PatternParser {
    typealias Problem = LinearPattern.Problem

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func next() throws(Problem) -> Unicode.Scalar {
        guard let scalar = peek else { throw Problem(message: "it ends too early") }
        place += 1
        return scalar
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[place...].starts(with: wanted) else { return false }
        place += wanted.count
        return true
    }

    mutating func pattern() throws(Problem) -> PatternTree {
        guard scalars.count <= 2_000 else { throw Problem(message: "it is too long") }
        let tree = try choice()
        guard place == scalars.count else { throw Problem(message: "`)` without `(`") }
        return tree
    }

    private mutating func choice() throws(Problem) -> PatternTree {
        var all = [try sequence()]
        while take("|") { all.append(try sequence()) }
        return all.count == 1 ? all[0] : .choice(all)
    }

    private mutating func sequence() throws(Problem) -> PatternTree {
        var all: [PatternTree] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            let one = try atom()
            all.append(try repeated(one))
        }
        return .sequence(all)
    }

    private mutating func repeated(_ one: PatternTree) throws(Problem) -> PatternTree {
        let bounds: (Int, Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if peek == "{", let counted = try counted() {
            bounds = counted
        } else {
            return one
        }
        // How much is taken first does not change whether there is a match.
        _ = take("?")
        if let scalar = peek, "*+?".unicodeScalars.contains(scalar) { throw Problem(message: "a repetition of a repetition") }
        return .repeated(one, least: bounds.0, most: bounds.1)
    }

    /// `{2}`, `{2,}` or `{2,5}`.
    private mutating func counted() throws(Problem) -> (Int, Int?)? {
        guard let end = scalars[place...].firstIndex(of: "}") else { throw Problem(message: "`{` without `}`") }
        let parts = String(String.UnicodeScalarView(scalars[(place + 1)..<end])).split(
            separator: ",", omittingEmptySubsequences: false)
        guard let least = Int(parts[0]), (0...1_000).contains(least), parts.count <= 2 else {
            throw Problem(message: "`{` is no repetition, or one of more than 1000")
        }
        place = end + 1
        guard parts.count == 2 else { return (least, least) }
        guard !parts[1].isEmpty else { return (least, nil) }
        guard let most = Int(parts[1]), (least...1_000).contains(most) else {
            throw Problem(message: "the repetition's bounds can't be")
        }
        return (least, most)
    }

    private mutating func atom() throws(Problem) -> PatternTree {
        switch try next() {
        case "^": return .start
        case "$": return .end
        case ".": return .set(.any)
        case "(": return try group()
        case "[": return .set(try classOfScalars())
        case "\\": return .set(try escape())
        case let scalar where "*+?{".unicodeScalars.contains(scalar): throw Problem(message: "`\(scalar)` repeats nothing")
        case let scalar: return .set(ScalarSet(ranges: [scalar.value...scalar.value]))
        }
    }

    private mutating func group() throws(Problem) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth < 50 else { throw Problem(message: "it is nested too deep") }
        if take("?"), !take(":") {
            guard take("<"), peek != "=", peek != "!", let end = scalars[place...].firstIndex(of: ">") else {
                throw Problem(message: "looking around can't be done")
            }
            place = end + 1
        }
        let tree = try choice()
        guard take(")") else { throw Problem(message: "`(` without `)`") }
        return tree
    }

    private mutating func escape() throws(Problem) -> ScalarSet {
        func one(_ value: UInt32) -> ScalarSet { ScalarSet(ranges: [value...value]) }
        switch try next() {
        case "d": return .digits
        case "D": return ScalarSet.digits.complement
        case "w": return .words
        case "W": return ScalarSet.words.complement
        case "s": return .spaces
        case "S": return ScalarSet.spaces.complement
        case "n": return one(10)
        case "r": return one(13)
        case "t": return one(9)
        case "f": return one(12)
        case "v": return one(11)
        case "0": return one(0)
        case "x": return one(try hexadecimal(2))
        case "u": return one(try hexadecimal(4))
        case let scalar where scalar.properties.isAlphabetic || ("0"..."9").contains(scalar):
            throw Problem(message: "`\\\(scalar)` can't be used")
        case let scalar: return one(scalar.value)
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(Problem) -> UInt32 {
        let digits = scalars[place...].prefix(count)
        guard digits.count == count, let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16) else {
            throw Problem(message: "a character's number is not one")
        }
        place += count
        return value
    }

    private mutating func classOfScalars() throws(Problem) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let low = try member()
            guard peek == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
                ranges += low.positive
                continue
            }
            place += 1
            let high = try member()
            guard let from = low.single, let to = high.single, from <= to else { throw Problem(message: "a range that is none") }
            ranges.append(from...to)
        }
        return ScalarSet(ranges: ranges, isNegated: isNegated)
    }

    private mutating func member() throws(Problem) -> ScalarSet {
        let scalar = try next()
        if scalar == "\\" {
            // In a class it is the backspace.
            return take("b") ? ScalarSet(ranges: [8...8]) : try escape()
        }
        return ScalarSet(ranges: [scalar.value...scalar.value])
    }
}

extension ScalarSet {
    /// The one character that it is.
    fileprivate var single: UInt32? {
        !isNegated && ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil
    }
}
