import Authority
import Synchronization
import Testing

@testable import Server

@Suite("Callers who are refused")
struct BrakeTests {
    @Test("Twenty a second are answered at once; those beyond wait")
    func twenty() {
        let now = Mutex(Instant(milliseconds: 1_000_000))
        let brake = Brake { now.withLock { $0 } }
        #expect((0..<25).map { _ in brake.isBusy() } == Array(repeating: false, count: 20) + Array(repeating: true, count: 5))
        now.withLock { $0 = $0.adding(seconds: 1) }
        #expect(!brake.isBusy())
    }
}
