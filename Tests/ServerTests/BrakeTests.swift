import Authority
import Synchronization
import Testing

@testable import Server

@Suite("Callers who are refused")
struct BrakeTests {
    @Test("Twenty a second are answered at once; those beyond wait")
    func twenty() async {
        let (now, waits) = (Box(Instant(milliseconds: 1_000_000)), Box(0))
        let brake = Brake(now: { now.value }, wait: { _ in waits.add(1) })
        for _ in 0..<20 { await brake.hold() }
        #expect(waits.value == 0)
        for _ in 0..<5 { await brake.hold() }
        #expect(waits.value == 5)
        now.value = now.value.adding(seconds: 1)
        await brake.hold()
        #expect(waits.value == 5)
    }

    @Test("Only so many wait at a time: each holds what its caller has sent")
    func bounded() async {
        let (begun, gate) = (Box(0), AsyncStream.makeStream(of: Void.self))
        let brake = Brake(now: { Instant(milliseconds: 1_000_000) }) { _ in
            begun.add(1)
            for await _ in gate.stream {}
        }
        await withTaskGroup { group in
            for _ in 0..<(20 + Brake.most) { group.addTask { await brake.hold() } }
            while begun.value < Brake.most { await _Concurrency.Task.yield() }
            // One more does not wait.
            await brake.hold()
            #expect(begun.value == Brake.most)
            gate.continuation.finish()
        }
    }
}

private final class Box<T: Sendable>: Sendable {
    private let held: Mutex<T>
    init(_ value: T) { held = Mutex(value) }
    var value: T {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    func add(_ more: T) where T == Int { held.withLock { $0 += more } }
}
