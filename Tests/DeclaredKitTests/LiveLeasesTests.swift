import Authority
import Synchronization
import Testing

@testable import DeclaredKit

@Suite("Leases of an account that all steps share")
struct LiveLeasesTests {
    private func lease(_ id: String) -> LeaseReference {
        LeaseReference(id: id, change: "chg", system: "web", account: "shared/\(id)", expires: Instant(milliseconds: 1_000))
    }

    @Test("Nothing is sent under one that was ended, is over, or never was")
    func ended() throws {
        let now = Mutex(Instant(milliseconds: 0))
        let leases = LiveLeases { now.withLock { $0 } }
        #expect(throws: ConnectorError.self) { try leases.require("a") }
        leases.begin(lease("a"))
        leases.begin(lease("b"))
        #expect(throws: Never.self) { try leases.require("a") }
        leases.end(lease("a"))
        #expect(throws: ConnectorError.self) { try leases.require("a") }
        now.withLock { $0 = Instant(milliseconds: 1_000) }
        #expect(throws: ConnectorError.self) { try leases.require("b") }
    }
}
