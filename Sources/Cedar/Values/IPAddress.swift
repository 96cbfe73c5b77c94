/// An IPv4 or IPv6 address with a prefix length. Two are equal when address and prefix are.
public struct IPAddress: Hashable, Sendable {
    /// Most significant byte first: 4 or 16 of them.
    let bytes: [UInt8]
    let prefix: Int

    public var isIPv4: Bool { bytes.count == 4 }
    public var isIPv6: Bool { bytes.count == 16 }

    /// Reads an address with an optional `/prefix`; nil when malformed. An IPv4 address inside an IPv6
    /// one, leading zeros and zone ids are malformed.
    public init?(_ text: String) {
        guard text.utf8.count <= 43 else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        let address = String(Substring(parts[0]))
        guard let bytes = address.utf8.contains(UInt8(ascii: ":")) ? Self.v6(address) : Self.v4(address) else { return nil }
        self.bytes = bytes
        guard parts.count == 2 else {
            prefix = bytes.count * 8
            return
        }
        guard let length = Self.plain(parts[1], digits: 1...3), length <= bytes.count * 8 else { return nil }
        prefix = length
    }

    /// Whether every address of this range is also in `other`.
    public func isInRange(_ other: IPAddress) -> Bool {
        guard bytes.count == other.bytes.count, other.prefix <= prefix else { return false }
        return (0..<other.prefix).allSatisfy { bit($0) == other.bit($0) }
    }

    public var isLoopback: Bool { isInRange(isIPv4 ? Self.loopback4 : Self.loopback6) }
    public var isMulticast: Bool { isInRange(isIPv4 ? Self.multicast4 : Self.multicast6) }

    private init(_ bytes: [UInt8], prefix: Int) {
        self.bytes = bytes
        self.prefix = prefix
    }

    private static let loopback4 = IPAddress([127, 0, 0, 0], prefix: 8)
    private static let loopback6 = IPAddress(Array(repeating: 0, count: 15) + [1], prefix: 128)
    private static let multicast4 = IPAddress([224, 0, 0, 0], prefix: 4)
    private static let multicast6 = IPAddress([0xFF] + Array(repeating: 0, count: 15), prefix: 8)

    private func bit(_ index: Int) -> Bool { bytes[index / 8] & (0x80 >> UInt8(index % 8)) != 0 }

    /// A decimal number without leading zeros.
    private static func plain(_ text: some Collection<UInt8>, digits: ClosedRange<Int>) -> Int? {
        guard digits.contains(text.count), text.allSatisfy(isDigit), text.first != UInt8(ascii: "0") || text.count == 1
        else { return nil }
        return text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func v4(_ text: String) -> [UInt8]? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let bytes = parts.compactMap { plain($0, digits: 1...3).flatMap { UInt8(exactly: $0) } }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func v6(_ text: String) -> [UInt8]? {
        guard let gap = text.firstRange(of: "::") else {
            guard let groups = groups(text), groups.count == 8 else { return nil }
            return bytes(groups)
        }
        let (left, right) = (String(text[..<gap.lowerBound]), String(text[gap.upperBound...]))
        guard let before = left.isEmpty ? [] : groups(left), let after = right.isEmpty ? [] : groups(right),
            before.count + after.count < 8
        else { return nil }
        return bytes(before + Array(repeating: 0, count: 8 - before.count - after.count) + after)
    }

    private static func groups(_ text: String) -> [UInt16]? {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let groups = parts.compactMap { part -> UInt16? in
            guard (1...4).contains(part.count), part.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
            return UInt16(String(Substring(part)), radix: 16)
        }
        return groups.count == parts.count ? groups : nil
    }

    private static func bytes(_ groups: [UInt16]) -> [UInt8] { groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }
}
