package import Authority
import Synchronization

/// What is being written: of two changes that read the same entity and then write it whole, the second would undo the first.
package final class InHand: Sendable {
    private let nodes = Mutex<Set<NodeID>>([])
    /// How long one waits for another, in seconds.
    private let patience: Int64

    package init(patience: Int64) { self.patience = patience }

    /// Has these entities to itself while it reads and writes.
    ///
    /// - Throws: `ConnectorError`: `conflict` when others have not let go of them in time, and what the body throws.
    package func with<T>(_ wanted: Set<NodeID>, _ body: () async throws(ConnectorError) -> T) async throws(ConnectorError) -> T {
        let deadline = ContinuousClock.now + .seconds(patience)
        while !take(wanted) {
            guard ContinuousClock.now < deadline, (try? await ContinuousClock().sleep(for: .milliseconds(20))) != nil else {
                throw ConnectorError(.conflict, "another change of the same entity is still being carried out")
            }
        }
        defer { nodes.withLock { $0.subtract(wanted) } }
        return try await body()
    }

    private func take(_ wanted: Set<NodeID>) -> Bool {
        nodes.withLock { nodes in
            guard nodes.isDisjoint(with: wanted) else { return false }
            nodes.formUnion(wanted)
            return true
        }
    }
}
