public import Authority
import CLDAP
import Crypto
import DirectoryKit
import Foundation
import StrictJSON

/// A just-in-time account in hand. Its password is nowhere else.
struct LDAPLease: Lease {
    let reference: LeaseReference
    let password: String
}

extension LDAPDirectory {
    public func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        LeaseReference(id: id, change: change, system: system, account: "cn=\(id),\(settings.grants)", expires: expires)
    }

    public func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        let native = try native(grant.plan)
        let lease = LDAPLease(reference: reference, password: Secrets.token())
        return try await run(.stepping) { session in
            try readiness.check { try ServerCheck(session: session, settings: settings).run() }
            var attributes: [(String, [String])] = [
                ("objectClass", ["device", "simpleSecurityObject", "dynamicObject"]), ("cn", [reference.id]),
                ("seeAlso", [native.dn]), ("description", [native.rule]),
                ("userPassword", [Secrets.hash(lease.password)]),
                ("pwdEndTime", [GeneralizedTime.text(reference.expires)]),
            ]
            if let member = native.member { attributes.append(("owner", [member])) }
            if case .replace(let attribute, let value?) = native.right {
                attributes.append(("l", [Self.pin(value, attribute)]))
            }
            try session.add(reference.account, attributes)
            return lease
        }
    }

    /// Telephone numbers are compared without blanks and hyphens (RFC 4517, section 4.2.29).
    private static func pin(_ value: String, _ attribute: String) -> String {
        attribute.lowercased() == "telephonenumber" ? value.filter { $0 != " " && $0 != "-" } : value
    }

    public func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied {
        let (name, input, decided, reference) = (grant.operation, grant.input, grant.plan, lease.reference)
        guard let operation = catalogue[name], let lease = lease as? LDAPLease else {
            throw ConnectorError(.invalid, "no operation \(name)")
        }
        let fresh: Plan
        do { fresh = try await plan(operation, input) } catch {
            throw error.code == .unavailable
                ? ConnectorError(.conflict, "the target can't be read before writing") : ConnectorError(.conflict, "\(error)")
        }
        guard fresh.version == decided.version, fresh.native == decided.native, fresh.obstacle == nil else {
            throw ConnectorError(.conflict, "the target changed since it was planned on")
        }
        let native = try native(fresh)
        return try await run(.stepping, dn: reference.account, password: lease.password) { session in
            Applied(try Step(session: session, plan: fresh, native: native, input: input).perform())
        }
    }

    private func native(_ plan: Plan) throws(ConnectorError) -> LDAPPlan {
        do { return try LDAPPlan(json: plan.native) } catch {
            throw ConnectorError(.invalid, "the plan can't be read: \(error)")
        }
    }

    public func revoke(_ reference: LeaseReference) async throws(ConnectorError) {
        try await run(.stepping) { session in
            do { try session.delete(reference.account, assertion: nil) } catch let error as LDAPError where error.code == 32 {
                // Already gone, or expired: that is what was wanted.
            }
        }
    }

    public func leftovers() async throws(ConnectorError) -> [LeaseReference] {
        try await run(.stepping) { session in
            let found = try session.search(
                settings.grants, scope: LDAP_SCOPE_ONELEVEL, filter: "(&(objectClass=dynamicObject)(cn=lease-*))",
                attributes: ["cn", "pwdEndTime"])
            return found.map { entry in
                LeaseReference(
                    id: entry.first("cn") ?? "", change: "", system: system, account: entry.dn,
                    expires: entry.first("pwdEndTime").flatMap(GeneralizedTime.instant) ?? Instant(milliseconds: 0))
            }
        }
    }
}

/// Carries out one planned step as the just-in-time account.
private struct Step {
    let session: LDAPSession
    let plan: Plan
    let native: LDAPPlan
    let input: Input

    private var assertion: String { "(entryCSN=\(LDAPText.filterValue(plan.revision)))" }

    func perform() throws -> Disclosure? {
        switch native.right {
        case .addMember(let member): try modify(LDAP_MOD_ADD, "member", [member])
        case .deleteMember(let member): try modify(LDAP_MOD_DELETE, "member", [member])
        case .disable: try modify(LDAP_MOD_ADD, "pwdAccountLockedTime", [DirectoryEntry.locked])
        case .enable: try modify(LDAP_MOD_DELETE, "pwdAccountLockedTime", [DirectoryEntry.locked])
        case .create(let name): try create(name)
        case .delete: try session.delete(native.dn, assertion: assertion)
        case .resetPassword: return try resetPassword()
        case .replace(let attribute, let value): try modify(LDAP_MOD_REPLACE, attribute, value.map { [$0] } ?? [])
        }
        return nil
    }

    private func modify(_ operation: Int32, _ attribute: String, _ values: [String]) throws {
        try session.modify(
            native.dn, [LDAPModification(operation: operation, attribute: attribute, values: values)], assertion: assertion)
    }

    private func create(_ name: String) throws {
        let rest = plan.touched.filter { $0.attribute != TouchedValue.whole }.map { ($0.attribute, $0.after) }
        let classes = ["top", "person", "organizationalPerson", "inetOrgPerson"]
        try session.add(native.dn, [("objectClass", classes), ("uid", [name]), ("cn", [input["displayName"] ?? name])] + rest)
    }

    private func resetPassword() throws -> Disclosure {
        let password = ReadablePassword.make { .random(in: 0...255) }
        try modify(LDAP_MOD_REPLACE, "userPassword", [Secrets.hash(password)])
        return Disclosure(label: "new password of \(plan.targetName)", value: password)
    }
}
