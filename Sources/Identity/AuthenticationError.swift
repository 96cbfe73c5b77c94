/// Why somebody was not taken for who they say they are. The code may go to the caller, the detail only to
/// the operator's log.
public struct AuthenticationError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case missing = "auth.missing_token"
        case malformed = "auth.malformed_token"
        case untrusted = "auth.untrusted_issuer"
        case algorithm = "auth.algorithm_not_allowed"
        case signature = "auth.bad_signature"
        case kind = "auth.not_an_access_token"
        case expired = "auth.expired"
        case tooLong = "auth.lives_too_long"
        case notYetValid = "auth.not_yet_valid"
        case audience = "auth.wrong_audience"
        case unregistered = "auth.unregistered"
        case unavailable = "auth.keys_unavailable"
        case signatureForm = "auth.bad_ssh_signature"
        case unknownKey = "auth.unknown_key"
        case noPresence = "auth.touch_required"
    }

    public let code: Code
    public let detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "\(detail) [\(code.rawValue)]" }
}
