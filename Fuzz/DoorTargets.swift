import Authority
import Crypto
import Dispatch
import Foundation
import HTTPTypes
import Identity
import StrictJSON

/// What comes in at the doors: signed statements, signatures, tokens and HTTP heads.
let doorTargets: [String: Target] = [
    "configuration-text": configurationText,
    "http-head": httpHead,
    "mcp-json": mcpJSON,
    "ssh-signature": sshSignature,
    "statement-json": statementJSON,
    "token-json": tokenJSON,
]

/// A statement that is taken is canonical, is taken again, and its dates can be reckoned with.
private func statementJSON(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let statement = try? ApprovalStatement(text: text) else { return }
    guard statement.bytes == Array(text.utf8) else { fatalError("a statement that is not canonical was taken") }
    for seconds in [Int64.min, -900, 900, .max] {
        _ = (statement.issued.adding(seconds: seconds), statement.expires.adding(seconds: seconds))
    }
}

private func sshSignature(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = SSHPublicKey(line: text)
    let blob = Data(bytes).base64EncodedString()
    for armoured in [text, "-----BEGIN SSH SIGNATURE-----\n\(blob)\n-----END SSH SIGNATURE-----\n"] {
        guard let signature = try? SSHSignature(armoured: armoured) else { continue }
        _ = try? signature.verify(bytes, namespace: "exequatur-approval")
    }
}

/// An issuer of the fuzzer's own: what it signs gets as far as its claims let it.
private enum TokenIssuer {
    static let now = Instant(milliseconds: 1_790_000_000_000)
    private static let key = Curve25519.Signing.PrivateKey()

    static let authenticator: TokenAuthenticator? = {
        let x = text(key.publicKey.rawRepresentation)
        let jwks = #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"}]}"#
        let olga = PersonRegistration(
            id: "olga", teams: [], keys: [], aliases: [], subjects: [(issuer: "i", subject: "olga")])
        let agent = WorkloadRegistration(id: "agent", issuer: "i", subject: "agent", owner: "olga", expires: .max, groups: [])
        return Issuer(name: "i", audiences: ["us"], algorithms: ["EdDSA"], trustDomain: "td").map { issuer in
            TokenAuthenticator(
                issuers: [(issuer: issuer, keys: KeySource { Array(jwks.utf8) })],
                registry: Registry(workloads: [agent], people: [olga]))
        }
    }()

    static func token(_ claims: [UInt8]) -> String {
        let signed = text(Data(#"{"alg":"EdDSA","kid":"k"}"#.utf8)) + "." + text(Data(claims))
        return signed + "." + text((try? key.signature(for: Data(signed.utf8))) ?? Data())
    }

    private static func text(_ bytes: Data) -> String {
        bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// Claims of any shape, rightly signed, and the bytes as a token by themselves. Only the one workload is ever taken.
private func tokenJSON(_ bytes: [UInt8]) {
    let done = DispatchSemaphore(value: 0)
    _Concurrency.Task.detached {
        for token in [TokenIssuer.token(bytes), String(decoding: bytes, as: UTF8.self)] {
            let accepted = try? await TokenIssuer.authenticator?.authenticate(token, now: TokenIssuer.now)
            if let accepted, accepted.workload.id != "agent" || accepted.expires <= TokenIssuer.now {
                fatalError("a token was taken that must not be")
            }
        }
        done.signal()
    }
    done.wait()
}

/// The head as lines: method and path, then a header each.
private func httpHead(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let first = (lines.first ?? "").split(separator: " ", maxSplits: 1)
    var headers = HTTPFields()
    for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let name = HTTPField.Name(parts[0]) else { continue }
        headers.append(HTTPField(name: name, value: parts[1]))
    }
    let path = HTTPCall.segments(of: first.last.map(String.init) ?? "")
    let call = HTTPCall(method: .post, path: path, host: headers[.contentType], headers: headers) { _ in bytes }
    _ = (call.bearer, call.isJSON, try? call.single("Idempotency-Key"))
    if let value = headers[.contentType] { _ = MCPHeaders.decode(value) }
}

private func mcpJSON(_ bytes: [UInt8]) {
    guard let json = try? JSONReader.read(bytes), let message = try? MCPMessage(json) else { return }
    let call = HTTPCall(method: .post, path: ["mcp"], host: nil, headers: HTTPFields()) { _ in bytes }
    try? MCPHeaders.check(call, message)
    try? MCPHeaders.checkGiven(call, message)
}
