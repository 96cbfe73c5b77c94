import Authority
import Synchronization
import Testing

@testable import Gateway

@Suite("Deadlines")
struct DeadlineTests {
    /// A call that goes on until it is cancelled, and says that it was.
    private final class Call: Sendable {
        private let state = Mutex((hasBegun: false, isCancelled: false))
        var hasBegun: Bool { state.withLock { $0.hasBegun } }
        var isCancelled: Bool { state.withLock { $0.isCancelled } }

        func run() async {
            state.withLock { $0.hasBegun = true }
            while !_Concurrency.Task.isCancelled { try? await _Concurrency.Task.sleep(for: .milliseconds(5)) }
            state.withLock { $0.isCancelled = true }
        }

        func until(_ condition: (Call) -> Bool) async throws {
            for _ in 0..<2000 where !condition(self) { try await _Concurrency.Task.sleep(for: .milliseconds(5)) }
            #expect(condition(self))
        }
    }

    @Test("A call that nobody waits for any more is cancelled, and its caller is told at once")
    func cancelled() async throws {
        let call = Call()
        let caller = _Concurrency.Task { try await withDeadline(.seconds(3600)) { await call.run() } }
        try await call.until(\.hasBegun)
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
        try await call.until(\.isCancelled)
    }

    @Test("A call that takes too long is cancelled, and one that is done in time gives what it gives")
    func late() async throws {
        let call = Call()
        let error = await #expect(throws: ConnectorError.self) { try await withDeadline(.milliseconds(60)) { await call.run() } }
        #expect(error?.code == .unavailable)
        try await call.until(\.isCancelled)
        #expect(try await withDeadline(.seconds(3600)) { 7 } == 7)
    }
}
