import Crypto
public import StrictJSON

/// The SHA-256 of something's canonical JSON.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    public let hex: String

    public init(of value: JSONValue) { self.init(of: JSONWriter.canonical(value)) }

    public init(of bytes: [UInt8]) {
        let hash = SHA256.hash(data: bytes)
        hex = String(unsafeUninitializedCapacity: 64) { text in
            for (place, byte) in hash.enumerated() {
                text[2 * place] = Self.digit(byte >> 4)
                text[2 * place + 1] = Self.digit(byte & 15)
            }
            return 64
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// Nil unless given 64 lowercase hexadecimal digits.
    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        self.hex = hex
    }

    public var description: String { hex }
}

extension Digest {
    /// - Throws: ``ShapeError``.
    init(json: JSONValue, at path: String) throws(ShapeError) {
        guard let digest = json.string.flatMap(Self.init(hex:)) else {
            throw ShapeError(.invalid, at: path, "64 lowercase hexadecimal digits belong here")
        }
        self = digest
    }
}

extension Fields {
    package mutating func digest(_ key: String) throws(ShapeError) -> Digest {
        try Digest(json: try required(key), at: path(key))
    }

    mutating func optionalDigest(_ key: String) throws(ShapeError) -> Digest? {
        guard let json = optional(key) else { return nil }
        return try Digest(json: json, at: path(key))
    }
}
