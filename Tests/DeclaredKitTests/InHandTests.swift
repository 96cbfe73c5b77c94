import Authority
import Synchronization
import Testing

@testable import DeclaredKit

@Suite("Entities that are being written")
struct InHandTests {
    private final class Together: Sendable {
        let count = Mutex((now: 0, most: 0))
    }

    private let ann = NodeID(system: "s", kind: "user", id: "ann")
    private let bo = NodeID(system: "s", kind: "user", id: "bo")

    @Test("Two changes of one entity are carried out one after the other")
    func oneByOne() async throws {
        let inHand = InHand(patience: 30)
        let together = Together()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for wanted: Set<NodeID> in [[ann], [ann, bo], [ann]] {
                group.addTask {
                    try await inHand.with(wanted) { () throws(ConnectorError) in
                        together.count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        try? await ContinuousClock().sleep(for: .milliseconds(30))
                        together.count.withLock { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(together.count.withLock { $0.most } == 1)
    }

    @Test("One that can't have its entity in time is a conflict; another entity is free meanwhile, and so is it afterwards")
    func patience() async throws {
        let inHand = InHand(patience: 0)
        try await inHand.with([ann]) { () throws(ConnectorError) in
            let error = await #expect(throws: ConnectorError.self) {
                try await inHand.with([ann, bo]) { () throws(ConnectorError) in }
            }
            #expect(error?.code == .conflict)
            try await inHand.with([bo]) { () throws(ConnectorError) in }
        }
        let error = await #expect(throws: ConnectorError.self) {
            try await inHand.with([ann]) { () throws(ConnectorError) in throw ConnectorError(.refused, "no") }
        }
        #expect(error?.code == .refused)
        try await inHand.with([ann]) { () throws(ConnectorError) in }
    }
}
