import Authority
import CLDAP

/// Whether the server can hold a just-in-time account to its step and its end. Checked before the first one is made.
struct ServerCheck {
    let session: LDAPSession
    let settings: LDAPSettings

    func run() throws {
        try checkAssertions()
        try checkPasswordPolicy()
        try checkAttributes()
    }

    private func checkAssertions() throws {
        let controls = try session.entry("", attributes: ["supportedControl"])?.strings("supportedControl") ?? []
        guard controls.contains(LDAP_CONTROL_ASSERT) else {
            throw ConnectorError(.refused, "the server does not offer the assertion control (RFC 4528)")
        }
    }

    /// Without `pwdLockout` in the default policy, `pwdEndTime` and `pwdAccountLockedTime` do nothing at all.
    private func checkPasswordPolicy() throws {
        let policy = try session.entry(settings.passwordPolicy, attributes: ["pwdLockout"])
        guard policy?.first("pwdLockout")?.uppercased() == "TRUE" else {
            throw ConnectorError(.refused, "\(settings.passwordPolicy) must have pwdLockout TRUE, or accounts would not end")
        }
    }

    /// Every configured attribute must be one the server's schema knows by that very name and lets users write.
    private func checkAttributes() throws {
        let known = try writableNames()
        for attribute in settings.attributes where !known.contains(attribute.name) {
            throw ConnectorError(
                .refused, "the server's schema has no user attribute whose first name is `\(attribute.name)`, spelled so")
        }
    }

    private func writableNames() throws -> Set<String> {
        let schema = try session.entry("cn=Subschema", filter: "(objectClass=subschema)", attributes: ["attributeTypes"])
        var names: Set<String> = []
        for text in schema?.strings("attributeTypes") ?? [] {
            var (code, place): (Int32, UnsafePointer<CChar>?) = (0, nil)
            guard let type = ldap_str2attributetype(text, &code, &place, UInt32(LDAP_SCHEMA_ALLOW_ALL)) else { continue }
            defer { ldap_attributetype_free(type) }
            // The first name only: by a second one, what is said of the first could be passed by.
            guard type.pointee.at_no_user_mod == 0, let name = type.pointee.at_names?.pointee else { continue }
            names.insert(String(cString: name))
        }
        return names
    }
}
