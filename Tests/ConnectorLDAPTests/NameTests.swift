import Authority
import StrictJSON
import TestSupport
import Testing

@testable import ConnectorLDAP

@Suite("Names in a directory", .enabled(if: Slapd.isAvailable, "slapd is not installed"))
struct NameTests {
    @Test("A user is not created under a name that any entry has, whatever that entry is called")
    func taken() async throws {
        let slapd = try Slapd(
            """
            dn: cn=Somebody Else,ou=people,dc=ex,dc=org
            objectClass: inetOrgPerson
            cn: Somebody Else
            sn: Else
            uid: taken

            """)
        defer { slapd.stop() }
        let connector = LDAPDirectory(system: "corp", settings: slapd.settings)
        let create = try #require(connector.catalogue["user.create"])
        func obstacle(_ name: String) async throws -> ConnectorError? {
            let input: JSONValue = ["user": .string(name), "displayName": "N", "surname": "N"]
            return try await connector.plan(create, try Input(input, for: create)).obstacle
        }
        #expect(try await obstacle("taken")?.code == .invalid)
        #expect(try await obstacle("TAKEN")?.code == .invalid, "the server knows no case here")
        #expect(try await obstacle("free") == nil)
    }
}
