import Foundation

/// Addresses that never leave this machine.
public enum Loopback {
    /// Whether the URL's host is this machine itself, exactly.
    public static func isHost(of url: String) -> Bool {
        ["127.0.0.1", "localhost", "::1", "[::1]"].contains(URLComponents(string: url)?.host ?? "")
    }
}
