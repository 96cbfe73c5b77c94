import Authority
import Logging
import Synchronization
import GatewayWorld
import TestSupport
import Testing

@testable import Gateway

@Suite("What is logged of callers whom nobody knows")
struct StrangerLogTests {
    @Test("Twenty lines a second and 256 characters each, whatever they send; the others are counted")
    func bounded() {
        let (lines, clock) = (Lines(), TestClock())
        let log = StrangerLog(log: Logger(label: "test") { _ in lines }, now: { clock.now })
        for _ in 0..<1000 {
            log.note(Refusal(.denied, String(repeating: "x", count: 16_000)), path: String(repeating: "/y", count: 8000))
        }
        #expect(lines.all.count == 20 && lines.all.allSatisfy { $0.count < 600 })
        clock.advance(seconds: 1)
        log.note(Refusal(.denied, "short"))
        #expect(lines.all.suffix(2) == ["980 more callers whom nobody knows were refused", "short [denied]"])
        for _ in 0..<30 { log.note(Refusal(.denied, "short")) }
        log.flush()
        log.flush()
        #expect(lines.all.suffix(1) == ["11 more callers whom nobody knows were refused"] && lines.all.count == 42)
    }
}

/// Keeps what is logged, with its metadata.
private final class Lines: LogHandler {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }
    var logLevel: Logger.Level {
        get { .trace }
        set { _ = newValue }
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set { _ = newValue }
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set { _ = newValue }
    }

    func log(event: LogEvent) {
        kept.withLock {
            $0.append(([event.message.description] + (event.metadata ?? [:]).values.map(\.description)).joined(separator: " "))
        }
    }
}
