import Crypto
import Foundation

/// A signature as `ssh-keygen -Y sign` makes it (OpenSSH PROTOCOL.sshsig).
public struct SSHSignature: Sendable {
    public let key: SSHPublicKey
    let namespace: String
    let hash: String
    let signature: [UInt8]

    /// Reads the armoured form. Strict: nothing may stand before, between or after.
    ///
    /// - Throws: ``AuthenticationError``.
    public init(armoured text: String) throws {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        guard text.utf8.count <= 16384, lines.count >= 3, lines.first == "-----BEGIN SSH SIGNATURE-----",
            lines.last == "-----END SSH SIGNATURE-----",
            let data = Data(base64Encoded: lines[1..<(lines.count - 1)].joined())
        else { throw AuthenticationError(.signatureForm, "not an armoured SSH signature") }
        var reader = SSHReader(data)
        guard try reader.take(6) == Array("SSHSIG".utf8), try reader.uint32() == 1 else {
            throw AuthenticationError(.signatureForm, "not an SSH signature of version 1")
        }
        key = try SSHPublicKey(blob: try reader.bytes())
        namespace = try reader.text()
        guard try reader.bytes().isEmpty else { throw AuthenticationError(.signatureForm, "the reserved field is not empty") }
        hash = try reader.text()
        signature = try reader.bytes()
        try reader.end()
    }

    /// Verifies the signature over `message` in that namespace; a security key must have been touched.
    ///
    /// - Returns: whether a security key also verified its user.
    /// - Throws: ``AuthenticationError``.
    public func verify(_ message: [UInt8], namespace: String) throws -> Bool {
        guard self.namespace == namespace else {
            throw AuthenticationError(.signatureForm, "signed for the namespace \(self.namespace), not \(namespace)")
        }
        let digest: [UInt8]
        switch hash {
        case "sha256": digest = Array(SHA256.hash(data: message))
        case "sha512": digest = Array(SHA512.hash(data: message))
        default: throw AuthenticationError(.signatureForm, "hash \(hash) is not accepted")
        }
        let fields = [Array(namespace.utf8), [], Array(hash.utf8), digest].flatMap(SSHReader.string)
        let flags = try key.verify(signature, over: Array("SSHSIG".utf8) + fields)
        guard !key.isSecurityKey || flags & 0x01 != 0 else {
            throw AuthenticationError(.noPresence, "the security key was not touched")
        }
        return flags & 0x04 != 0
    }
}
