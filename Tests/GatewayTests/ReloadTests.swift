import Authority
import Cedar
import ConnectorEmbedded
import Gateway
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite("Reloading policies")
struct ReloadTests {
    @Test("A new set decides from the next request on; a bad one leaves the old in force")
    func reload() async throws {
        let fixture = try await GatewayFixture()
        defer { fixture.close() }
        let before = fixture.gateway.policies.digest
        #expect(throws: PolicyBundle.Refusal.self) {
            try Fixture.bundle("permit (principal, action, resource) when { resource.nope };", [fixture.directory.catalogue])
        }
        #expect(fixture.gateway.policies.digest == before)
        try await fixture.gateway.adopt(Fixture.bundle("", [fixture.directory.catalogue]))
        #expect(fixture.gateway.policies.digest != before && fixture.gateway.policies.policies.policies.isEmpty)
        #expect(fixture.gateway.policies.schemaText.contains("namespace Embedded"))
    }

    @Test("What was decided before the policies changed can't be granted after")
    func stale() async throws {
        let fixture = try await GatewayFixture()
        defer { fixture.close() }
        let before = try await fixture.store.locks().epoch
        try await fixture.gateway.adopt(fixture.gateway.policies)
        #expect(try await fixture.store.locks().epoch > before, "the epoch that grants are bound to must have moved")
    }
}
