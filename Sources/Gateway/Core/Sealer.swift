public import Crypto
import FoundationEssentials
public import Authority
import TransparencyLog

/// Encrypts what must be kept but not read in passing: prompts, and whatever else a model wrote.
///
/// HPKE (RFC 9180) to a public key. The gateway does not have the private key, so that taking the gateway
/// does not give up what it sealed.
public struct Sealer: Sendable {
    static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
    private let key: Curve25519.KeyAgreement.PublicKey

    public init(key: Curve25519.KeyAgreement.PublicKey) { self.key = key }

    /// What the model said, each text sealed by itself.
    func seal(_ evidence: Evidence, request: String) throws -> SealedEvidence {
        SealedEvidence(
            prompt: try seal(evidence.prompt, request: request),
            justification: try seal(evidence.justification, request: request),
            classification: try seal(evidence.classification, request: request))
    }

    /// The text sealed under the id of its request, or the statement that there was none.
    func seal(_ text: String?, request: String) throws -> SealedText {
        guard let text else { return .notSupplied }
        var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Self.suite, info: Self.info)
        let sealed = try sender.seal(Array(text.utf8), authenticating: Array(request.utf8))
        return .asClaimed(
            encapsulated: Base64.encode(Array(sender.encapsulatedKey)), ciphertext: Base64.encode(Array(sealed)))
    }

    /// Opens what ``seal(_:request:)`` made; nil when nothing was supplied.
    public static func open(_ sealed: SealedText, request: String, key: Curve25519.KeyAgreement.PrivateKey) throws -> String? {
        guard case .asClaimed(let encapsulated, let text) = sealed, let encapsulated = Base64.decode(encapsulated),
            let ciphertext = Base64.decode(text)
        else { return nil }
        var recipient = try HPKE.Recipient(privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: Data(encapsulated))
        return String(decoding: try recipient.open(ciphertext, authenticating: Array(request.utf8)), as: UTF8.self)
    }

    private static let info = Data("exequatur-evidence-v1".utf8)
}
