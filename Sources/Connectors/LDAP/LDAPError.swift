import Authority
import CLDAP

/// What the server or the library answered.
struct LDAPError: Error {
    let code: Int32
    let diagnostic: String

    init(_ code: Int32, _ diagnostic: String = "") {
        self.code = code
        self.diagnostic = diagnostic
    }

    var text: String { String(cString: ldap_err2string(code)) + (diagnostic.isEmpty ? "" : ": \(diagnostic)") }

    /// Negative codes are the library's own: no answer came.
    var asConnectorError: ConnectorError {
        switch code {
        case 122: ConnectorError(.conflict, "the entry changed since it was planned on (\(text))")
        case 32: ConnectorError(.notFound, text)
        case 16, 20, 65, 68, 19, 21: ConnectorError(.conflict, "the directory does not allow this now: \(text)")
        case 3, 11, 51, 52, 80, -1, -5, -11: ConnectorError(.unavailable, text)
        case ..<0: ConnectorError(.unavailable, text)
        default: ConnectorError(.refused, text)
        }
    }
}
