/// How a tile is asked for (c2sp.org/tlog-tiles): `<L>/<N>[.p/<W>]`, or `entries/<N>[.p/<W>]` for the entries under a tile of leaves.
/// `N` is written in groups of three digits, all but the last with an `x` before them.
public struct TilePath: Hashable, Sendable, CustomStringConvertible {
    /// Nil for entries.
    public let level: Int?
    public let index: Int64
    /// How many hashes or entries: 256 of a full one.
    public let width: Int

    private static let last = Int64.max / 256 - 1

    public init(level: Int?, index: Int64, width: Int = Tile.width) {
        self.level = level
        self.index = index
        self.width = width
    }

    /// Reads the form of ``description``; nil when it is not exactly that.
    public init?(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, parts.count <= 9 else { return nil }
        let first = parts.removeFirst()
        level = first == "entries" ? nil : Int(first)
        guard first == "entries" || level.map({ (0...63).contains($0) }) == true else { return nil }
        var width = Tile.width
        if parts.count >= 2, parts[parts.count - 2].hasSuffix(".p") {
            guard let given = Int(parts.removeLast()), (1..<Tile.width).contains(given) else { return nil }
            width = given
            parts[parts.count - 1].removeLast(2)
        }
        let digits = parts.map { $0.drop { $0 == "x" } }.joined()
        // No log has so many entries that a tile's could not be numbered.
        guard digits.utf8.count <= 18, let index = Int64(digits), (0...Self.last).contains(index) else { return nil }
        (self.index, self.width) = (index, width)
        guard description == text else { return nil }
    }

    public var description: String {
        var (groups, rest): ([String], Int64) = ([], index)
        repeat {
            let group = String(rest % 1000)
            groups.insert(String(repeating: "0", count: 3 - group.count) + group, at: 0)
            rest /= 1000
        } while rest > 0
        let number = groups.dropLast().map { "x\($0)/" }.joined() + (groups.last ?? "")
        return "\(level.map(String.init) ?? "entries")/\(number)" + (width < Tile.width ? ".p/\(width)" : "")
    }

    /// The paths of all that there is of a log of that size, each at its full width.
    public static func all(size: Int64) -> [TilePath] {
        var paths: [TilePath] = []
        var (level, count) = (0, size)
        while count > 0 {
            for index in 0...(count - 1) / 256 {
                let width = Int(min(256, count - index * 256))
                paths.append(TilePath(level: level, index: index, width: width))
                if level == 0 { paths.append(TilePath(level: nil, index: index, width: width)) }
            }
            (level, count) = (level + 1, count >> 8)
        }
        return paths
    }

    /// The entries in the form in which they are handed out: each with its length before it, in two bytes.
    ///
    /// - Returns: nil when one is too long for that: it is none that was written.
    public static func bundle(_ entries: [[UInt8]]) -> [UInt8]? {
        guard entries.allSatisfy({ $0.count <= UInt16.max }) else { return nil }
        return entries.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
    }
}
