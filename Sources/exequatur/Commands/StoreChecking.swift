import Gateway
import Logging
import ServiceLifecycle

/// Holds what a start left unread against what the gateway wrote, little by little: about a tenth of one processor.
struct StoreChecking: Service {
    let gateway: Gateway
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, await !check() { try? await Task.sleep(for: .seconds(60)) }
        }
        try? await gracefulShutdown()
    }

    /// - Returns: whether it came to its end. What is found altered ends the process; a store that can't be read is tried again.
    private func check() async -> Bool {
        do {
            let found = try await gateway.checkStore { try await Task.sleep(for: .milliseconds(20)) }
            log.info("the store is what the gateway wrote: \(found.entries) entries, \(found.records) records")
            return true
        } catch {
            if !Task.isCancelled { log.error("the store could not be checked whole; it is tried again in a minute: \(error)") }
            return false
        }
    }
}
