import StrictJSON

/// Tells access tokens from what looks like them: an issuer signs other things with the same key.
enum TokenKind {
    /// Media types of `typ` (RFC 7519, section 5.1; RFC 9068, section 2.1; JWT-SVID, section 2.3).
    private static let types: Set<String> = ["jwt", "at+jwt", "application/at+jwt", "jose"]

    /// Claims that only other kinds have.
    private static let foreign = [
        ("cnf", "it is bound to a key, and comes without that key's proof (RFC 7800)"),
        ("events", "it is a security event or logout token (RFC 8417)"),
        ("at_hash", "it is an ID token"), ("c_hash", "it is an ID token"),
        ("htm", "it is a DPoP proof (RFC 9449)"), ("htu", "it is a DPoP proof (RFC 9449)"),
    ]

    /// - Throws: ``AuthenticationError``.
    static func check(header: JSONValue, claims: JSONValue) throws {
        if let type = header["typ"] {
            guard let name = type.string, types.contains(name.lowercased()) else {
                throw AuthenticationError(.kind, "`typ` \(type.string ?? "(no string)") is not that of an access token")
            }
        }
        // Some issuers copy the nonce into access tokens, and then say that they are such.
        let isMarked = header["typ"]?.string?.lowercased().hasSuffix("at+jwt") == true
        let isID = claims["token_use"] == "id" || claims["nonce"] != nil && !isMarked
        guard !isID else { throw AuthenticationError(.kind, "not an access token: it is an ID token") }
        // Keycloak names the kind in a claim: Bearer, ID, Refresh, Offline, Logout.
        if let kind = claims["typ"]?.string, kind.lowercased() != "bearer" {
            throw AuthenticationError(.kind, "not an access token: it is of the kind \(kind)")
        }
        for (claim, reason) in foreign where claims[claim] != nil {
            throw AuthenticationError(.kind, "not an access token: \(reason)")
        }
    }
}
