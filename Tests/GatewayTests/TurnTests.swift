import Synchronization
import Testing

@testable import Gateway

@Suite("Turns")
struct TurnTests {
    @Test("Who stops or ends something goes before all others that wait, and these in the order of asking")
    func order() async throws {
        let (turn, order) = (Turn(), Order())
        await turn.take()
        try await withThrowingTaskGroup { group in
            for (place, name) in ["a", "b", "lock", "c", "refusal"].enumerated() {
                group.addTask {
                    await turn.take(isUrgent: name.count > 1)
                    order.note(name)
                    turn.pass()
                }
                // Each waits before the next one asks.
                while turn.waitingCount <= place { try await Task.sleep(for: .milliseconds(1)) }
            }
            turn.pass()
            try await group.waitForAll()
        }
        #expect(order.names == ["lock", "refusal", "a", "b", "c"])
    }
}

private final class Order: Sendable {
    private let all = Mutex<[String]>([])
    func note(_ name: String) { all.withLock { $0.append(name) } }
    var names: [String] { all.withLock { $0 } }
}
