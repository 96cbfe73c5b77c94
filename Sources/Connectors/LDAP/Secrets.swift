import Authority
import Crypto
import Foundation
import Glibc

/// Passwords and their hashes, from the system's generator.
enum Secrets {
    /// For an account no person will ever type: 256 bits.
    static func token() -> String { Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString() }

    /// `{SSHA}`: what every OpenLDAP understands. Both kinds of password above are random, so that the weakness of SHA-1
    /// against guessing does not matter.
    static func hash(_ password: String) -> String {
        let salt = (0..<16).map { _ in UInt8.random(in: 0...255) }
        let digest = Array(Insecure.SHA1.hash(data: Array(password.utf8) + salt))
        return "{SSHA}" + Data(digest + salt).base64EncodedString()
    }
}

/// Times as LDAP writes them (RFC 4517, section 3.3.13).
enum GeneralizedTime {
    /// `YYYYMMDDhhmmssZ`.
    static func text(_ instant: Instant) -> String {
        var (seconds, parts) = (time_t(instant.milliseconds / 1000), tm())
        gmtime_r(&seconds, &parts)
        let fields = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
        return fields.map { ($0 < 10 ? "0" : "") + String($0) }.joined() + "Z"
    }

    static func instant(_ text: String) -> Instant? {
        let digits = Array(text.utf8)
        guard digits.count >= 15, digits.last == UInt8(ascii: "Z") else { return nil }
        let t = String(text.prefix(14))
        func part(_ from: Int, _ count: Int) -> String { String(t.dropFirst(from).prefix(count)) }
        let iso = "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z"
        return (try? Date(iso, strategy: .iso8601)).map { Instant(milliseconds: Int64($0.timeIntervalSince1970 * 1000)) }
    }
}
