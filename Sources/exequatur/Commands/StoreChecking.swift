import Gateway
import Logging
import ServiceLifecycle

/// Holds what a start left unread against what the gateway wrote, little by little: about a tenth of one processor.
struct StoreChecking: Service {
    let gateway: Gateway
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do {
                let found = try await gateway.checkStore { try await Task.sleep(for: .milliseconds(20)) }
                log.info("the store is what the gateway wrote: \(found.entries) entries, \(found.records) records")
            } catch is CancellationError {} catch { log.error("the store could not be checked whole: \(error)") }
        }
        try? await gracefulShutdown()
    }
}
