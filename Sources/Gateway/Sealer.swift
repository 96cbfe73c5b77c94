public import Crypto
import FoundationEssentials
public import StrictJSON
import TransparencyLog

/// Encrypts what must be kept but not read in passing: prompts, and whatever else a model wrote.
///
/// HPKE (RFC 9180) to a public key. The gateway does not have the private key, so that taking the gateway
/// does not give up what it sealed.
public struct Sealer: Sendable {
    static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
    private let key: Curve25519.KeyAgreement.PublicKey

    public init(key: Curve25519.KeyAgreement.PublicKey) { self.key = key }

    /// The text sealed under the id of its request, or the statement that there was none.
    public func seal(_ text: String?, request: String) throws -> JSONValue {
        guard let text else { return ["state": "not supplied"] }
        var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Self.suite, info: Self.info)
        let sealed = try sender.seal(Array(text.utf8), authenticating: Array(request.utf8))
        return [
            "state": "as claimed", "encapsulated": .string(Base64.encode(Array(sender.encapsulatedKey))),
            "ciphertext": .string(Base64.encode(Array(sealed))),
        ]
    }

    /// Opens what ``seal(_:request:)`` made; nil when nothing was supplied.
    public static func open(_ sealed: JSONValue, request: String, key: Curve25519.KeyAgreement.PrivateKey) throws -> String? {
        guard let encapsulated = sealed["encapsulated"]?.string.flatMap(Base64.decode),
            let ciphertext = sealed["ciphertext"]?.string.flatMap(Base64.decode)
        else { return nil }
        var recipient = try HPKE.Recipient(privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: Data(encapsulated))
        return String(decoding: try recipient.open(ciphertext, authenticating: Array(request.utf8)), as: UTF8.self)
    }

    private static let info = Data("exequatur-evidence-v1".utf8)
}
