import Crypto
import Foundation

/// An SSH public key of a kind that signatures are accepted from: Ed25519, ECDSA, and both on security keys.
public struct SSHPublicKey: Hashable, Sendable {
    /// The key's encoding, which identifies it.
    let blob: [UInt8]
    public let type: String

    static let types: Set<String> = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    public var isSecurityKey: Bool { type.hasPrefix("sk-") }

    /// Reads a line of an `authorized_keys` or `.pub` file: type, base64, comment. Nil when it is none, or of a kind
    /// that is not accepted.
    public init?(line: String) {
        let parts = line.split(separator: " ")
        guard parts.count >= 2, let data = Data(base64Encoded: String(parts[1])) else { return nil }
        try? self.init(blob: Array(data))
        guard type == parts[0] else { return nil }
    }

    /// The line that ``init(line:)`` reads.
    public var line: String { "\(type) \(Data(blob).base64EncodedString())" }

    init(blob: [UInt8]) throws {
        var reader = SSHReader(blob)
        type = try reader.text()
        guard Self.types.contains(type) else {
            throw AuthenticationError(.signatureForm, "keys of type \(type) are not accepted")
        }
        self.blob = blob
    }

    /// Whether `signature`, an encoded SSH signature, is this key's over `message`. Returns the flags of a security
    /// key, or 0.
    func verify(_ signature: [UInt8], over message: [UInt8]) throws -> UInt8 {
        var reader = SSHReader(signature)
        guard try reader.text() == type else { throw AuthenticationError(.signatureForm, "key and signature differ in type") }
        let raw = try reader.bytes()
        guard isSecurityKey else {
            try reader.end()
            try check(raw, over: message)
            return 0
        }
        let (flags, counter) = (try reader.byte(), try reader.take(4))
        try reader.end()
        let application = Array(SHA256.hash(data: try self.application()))
        try check(raw, over: application + [flags] + counter + Array(SHA256.hash(data: message)))
        return flags
    }

    private func check(_ raw: [UInt8], over message: [UInt8]) throws {
        var reader = SSHReader(blob)
        _ = try reader.text()
        let valid: Bool
        if type.hasSuffix("ed25519") || type == "sk-ssh-ed25519@openssh.com" {
            valid = try Curve25519.Signing.PublicKey(rawRepresentation: reader.bytes()).isValidSignature(raw, for: message)
        } else {
            let curve = try reader.text()
            valid = try ecdsa(curve, point: reader.bytes(), raw, message)
        }
        guard valid else { throw AuthenticationError(.signature, "the signature does not verify") }
    }

    private func ecdsa(_ curve: String, point: [UInt8], _ raw: [UInt8], _ message: [UInt8]) throws -> Bool {
        var reader = SSHReader(raw)
        func signature(_ size: Int) throws -> [UInt8] {
            let (r, s) = (try reader.integer(size), try reader.integer(size))
            try reader.end()
            return r + s
        }
        switch curve {
        case "nistp256":
            return try P256.Signing.PublicKey(x963Representation: point)
                .isValidSignature(.init(rawRepresentation: signature(32)), for: message)
        case "nistp384":
            return try P384.Signing.PublicKey(x963Representation: point)
                .isValidSignature(.init(rawRepresentation: signature(48)), for: message)
        case "nistp521":
            return try P521.Signing.PublicKey(x963Representation: point)
                .isValidSignature(.init(rawRepresentation: signature(66)), for: message)
        default: throw AuthenticationError(.signatureForm, "curve \(curve) is not accepted")
        }
    }

    /// The application a security key's signatures are made for: the last field of the key.
    private func application() throws -> [UInt8] {
        var reader = SSHReader(blob)
        _ = try reader.text()
        if type.hasPrefix("sk-ecdsa") { _ = try reader.bytes() }
        _ = try reader.bytes()
        return try reader.bytes()
    }
}
