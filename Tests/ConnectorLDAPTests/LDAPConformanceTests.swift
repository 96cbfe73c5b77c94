import ConnectorConformance
import ConnectorLDAP
import TestSupport
import Testing

@Suite("LDAP, on a real slapd")
struct LDAPConformanceTests {
    @Test(
        "conforms", .enabled(if: Slapd.isAvailable, "slapd is not installed; scripts/bootstrap installs it"),
        arguments: ConnectorConformance.allCases)
    func conforms(check: ConnectorConformance) async throws {
        let slapd = try Slapd()
        defer { slapd.stop() }
        let directory = LDAPDirectory(system: "corp-ldap", settings: slapd.settings)
        try await check.run(
            on: .init(
                connector: directory, user: "alice", other: "carol", group: "staff", outer: "eng", label: "tier-0",
                labelled: "root0"))
    }
}
