import Authority
import Synchronization
import Testing

@testable import Server

@Suite("Callers who are refused")
struct BrakeTests {
    @Test("Twenty a second are answered at once; those beyond wait")
    func twenty() async {
        let (now, waits) = (Box(Instant(milliseconds: 1_000_000)), Box(0))
        let brake = Brake(now: { now.value }, wait: { _ in waits.value += 1 })
        for _ in 0..<20 { await brake.hold() }
        #expect(waits.value == 0)
        for _ in 0..<5 { await brake.hold() }
        #expect(waits.value == 5)
        now.value = now.value.adding(seconds: 1)
        await brake.hold()
        #expect(waits.value == 5)
    }
}

private final class Box<T: Sendable>: Sendable {
    private let held: Mutex<T>
    init(_ value: T) { held = Mutex(value) }
    var value: T {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}
