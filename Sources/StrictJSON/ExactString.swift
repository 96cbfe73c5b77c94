extension String {
    /// Whether both have the same scalars. `==` would also take canonical equivalents, such as the Kelvin sign for K.
    public func isExactly(_ other: String) -> Bool { ExactString(self) == ExactString(other) }
}

/// A string that is what its scalars are: compared, hashed and sorted by UTF-8 bytes.
///
/// `String` compares by canonical equivalence, under which two different byte sequences can be one
/// identifier. Nothing that a decision rests on may be compared that way.
public struct ExactString: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let string: String

    public init(_ string: String) { self.string = string }
    public init(stringLiteral value: String) { string = value }

    public var description: String { string }

    public static func == (a: ExactString, b: ExactString) -> Bool {
        let (x, y) = (a.string.utf8, b.string.utf8)
        guard x.count == y.count else { return false }
        // As blocks of memory, which is much faster than byte by byte.
        let same = x.withContiguousStorageIfAvailable { x in
            y.withContiguousStorageIfAvailable { y in isSame(UnsafeRawBufferPointer(x), UnsafeRawBufferPointer(y)) }
        }
        return (same ?? nil) ?? x.elementsEqual(y)
    }

    /// Of the same length; eight bytes at a time.
    private static func isSame(_ x: UnsafeRawBufferPointer, _ y: UnsafeRawBufferPointer) -> Bool {
        let whole = x.count & ~7
        for place in stride(from: 0, to: whole, by: 8)
        where x.loadUnaligned(fromByteOffset: place, as: UInt64.self) != y.loadUnaligned(fromByteOffset: place, as: UInt64.self) {
            return false
        }
        return x[whole...].elementsEqual(y[whole...])
    }

    public static func < (a: ExactString, b: ExactString) -> Bool {
        a.string.utf8.lexicographicallyPrecedes(b.string.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        let bytes = string.utf8
        let isWhole: Void? = bytes.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isWhole == nil { for byte in bytes { hasher.combine(byte) } }
        hasher.combine(0xFF as UInt8)
    }
}
