import CLDAP

/// Bytes lent to the library for the length of a call.
func withBerval<T>(_ bytes: [UInt8], _ body: (UnsafeMutablePointer<berval>) throws -> T) rethrows -> T {
    var bytes = bytes.map { CChar(bitPattern: $0) } + [0]
    return try bytes.withUnsafeMutableBufferPointer { buffer in
        var value = berval(bv_len: ber_len_t(buffer.count - 1), bv_val: buffer.baseAddress)
        return try body(&value)
    }
}

extension berval {
    var bytes: [UInt8] {
        guard let start = bv_val else { return [] }
        return UnsafeBufferPointer(start: start, count: Int(bv_len)).map { UInt8(bitPattern: $0) }
    }
}

/// Text in the forms LDAP wants it, escaped by the library.
enum LDAPText {
    /// A value inside a filter (RFC 4515).
    static func filterValue(_ text: String) -> String {
        withBerval(Array(text.utf8)) { input in
            var output = berval()
            guard ldap_bv2escaped_filter_value(input, &output) == 0, let start = output.bv_val else { return "" }
            defer { ldap_memfree(start) }
            return String(decoding: output.bytes, as: UTF8.self)
        }
    }

    /// The name of the entry below `base` with this naming attribute (RFC 4514).
    static func child(_ attribute: String, _ value: String, of base: String) throws(LDAPError) -> String {
        var name: UnsafeMutablePointer<CChar>?
        let code = withBerval(Array(attribute.utf8)) { type in
            withBerval(Array(value.utf8)) { text in
                var assertion = LDAPAVA(
                    la_attr: type.pointee, la_value: text.pointee, la_flags: UInt32(LDAP_AVA_STRING), la_private: nil)
                return withUnsafeMutablePointer(to: &assertion) { pointer in
                    var parts: [UnsafeMutablePointer<LDAPAVA>?] = [pointer, nil]
                    return parts.withUnsafeMutableBufferPointer {
                        ldap_rdn2str($0.baseAddress, &name, UInt32(LDAP_DN_FORMAT_LDAPV3))
                    }
                }
            }
        }
        guard code == 0, let name else { throw LDAPError(code) }
        defer { ldap_memfree(name) }
        return String(cString: name) + "," + base
    }

    /// A name in the one form in which equal names are equal: as the library writes it, in lower case.
    ///
    /// - Throws: when it is no name (RFC 4514).
    static func normalized(_ name: String) throws(LDAPError) -> String {
        var parts: LDAPDN?
        let code = ldap_str2dn(name, &parts, UInt32(LDAP_DN_FORMAT_LDAPV3))
        guard code == 0 else { throw LDAPError(code, name) }
        defer { ldap_dnfree(parts) }
        var text: UnsafeMutablePointer<CChar>?
        let written = ldap_dn2str(parts, &text, UInt32(LDAP_DN_FORMAT_LDAPV3))
        guard written == 0, let text else { throw LDAPError(written, name) }
        defer { ldap_memfree(text) }
        return String(cString: text).lowercased()
    }
}
