import Crypto

/// A SHA-256 hash of a leaf or of an inner node (RFC 6962, section 2.1).
public struct Hash: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// Nil unless given 32 bytes.
    public init?(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        guard self.bytes.count == 32 else { return nil }
    }

    private init(digest: SHA256.Digest) { bytes = Array(digest) }

    /// The hash of a log entry: SHA-256(0x00 ‖ entry).
    public static func leaf(_ entry: some Sequence<UInt8>) -> Hash { Hash(digest: SHA256.hash(data: [0x00] + Array(entry))) }

    /// The hash of two subtrees: SHA-256(0x01 ‖ left ‖ right).
    public static func node(_ left: Hash, _ right: Hash) -> Hash {
        Hash(digest: SHA256.hash(data: [0x01] + left.bytes + right.bytes))
    }

    /// The hash of the tree without leaves.
    public static let empty = Hash(digest: SHA256.hash(data: [UInt8]()))

    /// Lowercase hexadecimal.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
