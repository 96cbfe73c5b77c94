public import Authority
import Crypto
import Foundation

/// A person's SSH key in memory: makes the signatures that `ssh-keygen -Y sign` makes (OpenSSH PROTOCOL.sshsig).
public struct TestSigner: Sendable {
    private let key = Curve25519.Signing.PrivateKey()

    public init() {}

    private var blob: [UInt8] { Self.string("ssh-ed25519".utf8) + Self.string(key.publicKey.rawRepresentation) }

    /// The line of an `authorized_keys` file.
    public var line: String { "ssh-ed25519 " + Data(blob).base64EncodedString() }

    public func sign(_ message: [UInt8], namespace: String) throws -> String {
        let hash = Array("sha512".utf8)
        let signed = [Array(namespace.utf8), [], hash, Array(SHA512.hash(data: message))].flatMap(Self.string)
        let raw = try key.signature(for: Array("SSHSIG".utf8) + signed)
        let signature = Self.string("ssh-ed25519".utf8) + Self.string(raw)
        let whole =
            Array("SSHSIG".utf8) + [0, 0, 0, 1] + [blob, Array(namespace.utf8), [], hash, signature].flatMap(Self.string)
        return "-----BEGIN SSH SIGNATURE-----\n\(Data(whole).base64EncodedString())\n-----END SSH SIGNATURE-----\n"
    }

    /// A statement on the change as it is stored, signed for approvals.
    public func statement(
        _ verdict: ApprovalStatement.Verdict, on change: Change, by person: String, at gateway: String = "test",
        issued: Instant, life: Int64 = 600,
        nonce: String = (0..<32).map { _ in String("0123456789abcdef".randomElement() ?? "0") }.joined(),
        reason: String? = nil
    ) throws -> SignedApproval {
        let statement = ApprovalStatement(
            verdict: verdict, gateway: gateway, change: change.id, terms: change.digest, assessment: change.shown.digest,
            requirement: change.requirement.digest, approver: person, issued: issued, expires: issued.adding(seconds: life),
            nonce: nonce, reason: reason)
        let signature = try sign(statement.bytes, namespace: "exequatur-approval")
        return SignedApproval(
            statement: statement, signature: signature, userVerified: false, taken: issued, requirement: change.requirement)
    }

    private static func string(_ bytes: some Collection<UInt8>) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + Array(bytes)
    }
}
