import Logging
import StrictJSON

/// Writes what it is given on one line and with nothing in it that a terminal would obey: names and claims in it may be an
/// attacker's.
struct PlainLogHandler: LogHandler {
    private var inner: StreamLogHandler
    /// Unicode scalars of one text.
    private static let limit = 4096

    init(label: String) { inner = StreamLogHandler.standardError(label: label) }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(Self.plain(event.message.description))"
        event.metadata = event.metadata?.mapValues { .string(Self.plain($0.description)) }
        inner.log(event: event)
    }

    /// Backslashes stay as they are where nothing else is escaped: values that were made printable before come through.
    static func plain(_ text: String) -> String {
        text.unicodeScalars.allSatisfy(Printable.isVisible) && text.unicodeScalars.count <= limit
            ? text : Printable.text(text, limit: limit)
    }
}
