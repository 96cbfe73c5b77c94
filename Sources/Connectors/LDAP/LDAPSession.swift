import CLDAP
import Glibc

/// One entry as the server gives it.
struct LDAPEntry {
    let dn: String
    /// By lower-cased attribute name.
    let attributes: [String: [[UInt8]]]

    func strings(_ name: String) -> [String] { (attributes[name.lowercased()] ?? []).map { String(decoding: $0, as: UTF8.self) } }
    func first(_ name: String) -> String? { strings(name).first }
}

/// One change of one attribute.
struct LDAPModification {
    let operation: Int32
    let attribute: String
    let values: [String]
}

/// One connection, used by one thread. It is closed when it goes.
final class LDAPSession {
    private let handle: OpaquePointer
    /// The longest one call to the server may take.
    private let limit: Duration
    /// When all of it must be over.
    private let end: ContinuousClock.Instant?

    /// Connects, with TLS when asked for, and binds.
    ///
    /// Without `CONNECT_ASYNC` a peer that accepts and then stays silent would hold the TLS handshake for ever: no other
    /// option bounds it.
    init(_ settings: LDAPSettings, dn: String, password: String, until end: ContinuousClock.Instant?) throws(LDAPError) {
        guard !password.isEmpty else { throw LDAPError(48, "an empty password would be an anonymous bind") }
        var opened: OpaquePointer?
        let code = ldap_initialize(&opened, settings.url)
        guard code == 0, let opened else { throw LDAPError(code, settings.url) }
        handle = opened
        limit = .seconds(settings.timeout)
        self.end = end
        try configure(settings)
        try begin()
        if settings.startTLS { try check(ldap_start_tls_s(handle, nil, nil)) }
        try begin()
        try check(withBerval(Array(password.utf8)) { ldap_sasl_bind_s(handle, dn, nil, $0, nil, nil, nil) })
    }

    deinit { ldap_unbind_ext_s(handle, nil, nil) }

    private func configure(_ settings: LDAPSettings) throws(LDAPError) {
        var (version, demand, minimum, client): (Int32, Int32, Int32, Int32) = (3, 2, 0x303, 0)
        ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version)
        ldap_set_option(handle, LDAP_OPT_REFERRALS, nil)
        ldap_set_option(handle, LDAP_OPT_CONNECT_ASYNC, &version)
        guard settings.startTLS || settings.url.hasPrefix("ldaps") else { return }
        if let ca = settings.ca { ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, ca) }
        ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand)
        ldap_set_option(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &minimum)
        guard ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client) == 0 else {
            throw LDAPError(-1, "the certificate authorities in \(settings.ca ?? "the system") can't be used")
        }
    }

    /// Before each call to the server: gives it what is left of the time.
    ///
    /// - Throws: ``LDAPError`` -5, timed out, when nothing is left.
    @discardableResult
    private func begin() throws(LDAPError) -> timeval {
        let left = min(limit, end.map { $0 - ContinuousClock.now } ?? limit)
        guard left > .zero else { throw LDAPError(-5, "the time for it is over") }
        let (seconds, fraction) = left.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(fraction / 1_000_000_000_000) + (seconds == 0 ? 1 : 0))
        ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &time)
        ldap_set_option(handle, LDAP_OPT_TIMEOUT, &time)
        return time
    }

    private func check(_ code: Int32) throws(LDAPError) {
        guard code != 0 else { return }
        var text: UnsafeMutablePointer<CChar>?
        if code > 0 { ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) }
        defer { if let text { ldap_memfree(text) } }
        throw LDAPError(code, text.map { String(cString: $0) } ?? "")
    }

    // MARK: Reading

    /// The entries found, read page by page (RFC 2696).
    func search(_ base: String, scope: Int32, filter: String, attributes: [String]) throws(LDAPError) -> [LDAPEntry] {
        var entries: [LDAPEntry] = []
        try forEachPage(base, scope: scope, filter: filter, attributes: attributes) { entries += $0 }
        return entries
    }

    func forEachPage(
        _ base: String, scope: Int32, filter: String, attributes: [String], _ body: ([LDAPEntry]) -> Void
    ) throws(LDAPError) {
        var cookie: [UInt8] = []
        repeat {
            let (page, next) = try page(base, scope, filter, attributes, cookie)
            body(page)
            cookie = next
        } while !cookie.isEmpty
    }

    /// The entry itself, when it is there and matches.
    func entry(_ dn: String, filter: String = "(objectClass=*)", attributes: [String]) throws(LDAPError) -> LDAPEntry? {
        do { return try search(dn, scope: LDAP_SCOPE_BASE, filter: filter, attributes: attributes).first } catch {
            if error.code == 32 { return nil }
            throw error
        }
    }

    private func page(_ base: String, _ scope: Int32, _ filter: String, _ attributes: [String], _ cookie: [UInt8])
        throws(LDAPError)
        -> ([LDAPEntry], [UInt8])
    {
        var control: UnsafeMutablePointer<LDAPControl>?
        let made = withBerval(cookie) { ldap_create_page_control(handle, 500, $0, 0, &control) }
        try check(made)
        defer { ldap_control_free(control) }
        var names: [UnsafeMutablePointer<CChar>?] = attributes.map { strdup($0) } + [nil]
        defer { names.forEach { free($0) } }
        var controls = [control, nil]
        var result: OpaquePointer?
        var timeout = try begin()
        let code = ldap_search_ext_s(handle, base, scope, filter, &names, 0, &controls, nil, &timeout, 0, &result)
        defer { if let result { ldap_msgfree(result) } }
        try check(code)
        return (read(result), try nextCookie(result))
    }

    private func nextCookie(_ result: OpaquePointer?) throws(LDAPError) -> [UInt8] {
        var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
        try check(ldap_parse_result(handle, result, nil, nil, nil, nil, &controls, 0))
        defer { if let controls { ldap_controls_free(controls) } }
        guard let control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nil) else { return [] }
        var (estimate, cookie): (ber_int_t, berval) = (0, berval())
        try check(ldap_parse_pageresponse_control(handle, control, &estimate, &cookie))
        defer { if let start = cookie.bv_val { ldap_memfree(start) } }
        return cookie.bytes
    }

    private func read(_ result: OpaquePointer?) -> [LDAPEntry] {
        var entries: [LDAPEntry] = []
        var next = ldap_first_entry(handle, result)
        while let message = next {
            entries.append(read(entry: message))
            next = ldap_next_entry(handle, message)
        }
        return entries
    }

    private func read(entry message: OpaquePointer) -> LDAPEntry {
        let dn = ldap_get_dn(handle, message)
        defer { ldap_memfree(dn) }
        var attributes: [String: [[UInt8]]] = [:]
        var ber: OpaquePointer?
        var name = ldap_first_attribute(handle, message, &ber)
        while let current = name {
            if let values = ldap_get_values_len(handle, message, current) {
                attributes[String(cString: current).lowercased()] = (0..<Int(ldap_count_values_len(values))).compactMap {
                    values[$0]?.pointee.bytes
                }
                ldap_value_free_len(values)
            }
            ldap_memfree(current)
            name = ldap_next_attribute(handle, message, ber)
        }
        if let ber { ber_free(ber, 0) }
        return LDAPEntry(dn: dn.map { String(cString: $0) } ?? "", attributes: attributes)
    }

    // MARK: Writing

    /// - Parameter assertion: a filter the entry must match for anything to happen (RFC 4528).
    func modify(_ dn: String, _ modifications: [LDAPModification], assertion: String?) throws(LDAPError) {
        let controls = try assertionControls(assertion)
        defer { ldap_controls_free(controls) }
        let mods = ModificationList(modifications)
        defer { mods.free() }
        try begin()
        try check(ldap_modify_ext_s(handle, dn, mods.pointer, controls, nil))
    }

    func add(_ dn: String, _ attributes: [(String, [String])]) throws(LDAPError) {
        let mods = ModificationList(attributes.map { LDAPModification(operation: LDAP_MOD_ADD, attribute: $0.0, values: $0.1) })
        defer { mods.free() }
        try begin()
        try check(ldap_add_ext_s(handle, dn, mods.pointer, nil, nil))
    }

    func delete(_ dn: String, assertion: String?) throws(LDAPError) {
        let controls = try assertionControls(assertion)
        defer { ldap_controls_free(controls) }
        try begin()
        try check(ldap_delete_ext_s(handle, dn, controls, nil))
    }

    private typealias Controls = UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>

    /// A list the library can free: nil, or one critical assertion control.
    private func assertionControls(_ assertion: String?) throws(LDAPError) -> Controls? {
        guard let assertion else { return nil }
        var value = berval()
        let filter = strdup(assertion)
        defer { free(filter) }
        try check(ldap_create_assertion_control_value(handle, filter, &value))
        defer { ldap_memfree(value.bv_val) }
        var control: UnsafeMutablePointer<LDAPControl>?
        try check(ldap_control_create(LDAP_CONTROL_ASSERT, 1, &value, 1, &control))
        let list = ldap_memalloc(ber_len_t(2 * MemoryLayout<UnsafeMutablePointer<LDAPControl>?>.stride))
        guard let controls = list?.bindMemory(to: UnsafeMutablePointer<LDAPControl>?.self, capacity: 2) else {
            throw LDAPError(-10)
        }
        controls[0] = control
        controls[1] = nil
        return controls
    }
}

/// `LDAPMod **`, owned until freed.
private struct ModificationList {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<LDAPMod>?>
    private let count: Int

    init(_ modifications: [LDAPModification]) {
        count = modifications.count
        pointer = .allocate(capacity: count + 1)
        for (index, modification) in modifications.enumerated() {
            let mod = UnsafeMutablePointer<LDAPMod>.allocate(capacity: 1)
            mod.initialize(to: LDAPMod())
            mod.pointee.mod_op = modification.operation | LDAP_MOD_BVALUES
            mod.pointee.mod_type = strdup(modification.attribute)
            mod.pointee.mod_vals.modv_bvals = Self.values(modification.values)
            pointer[index] = mod
        }
        pointer[count] = nil
    }

    /// Nil for no values: with `replace` that clears the attribute.
    private static func values(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<berval>?>? {
        guard !texts.isEmpty else { return nil }
        let list = UnsafeMutablePointer<UnsafeMutablePointer<berval>?>.allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            let value = UnsafeMutablePointer<berval>.allocate(capacity: 1)
            value.initialize(to: berval(bv_len: ber_len_t(text.utf8.count), bv_val: strdup(text)))
            list[index] = value
        }
        list[texts.count] = nil
        return list
    }

    func free() {
        for index in 0..<count {
            guard let mod = pointer[index] else { continue }
            Glibc.free(mod.pointee.mod_type)
            if let list = mod.pointee.mod_vals.modv_bvals {
                var place = 0
                while let value = list[place] {
                    Glibc.free(value.pointee.bv_val)
                    value.deallocate()
                    place += 1
                }
                list.deallocate()
            }
            mod.deallocate()
        }
        pointer.deallocate()
    }
}
