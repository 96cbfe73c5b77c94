import Authority
import StrictJSON

/// A way to a server: a process, or an address.
///
/// What comes in without having been asked for goes to the listener that it was made with.
protocol Connection: Sendable {
    /// Whether anything can still come of it.
    var isOpen: Bool { get }
    /// Whether the server has ended it in good order, such as a session that was too old.
    var isOver: Bool { get }

    /// Sends a request and waits for its answer, within the time that a call may take.
    ///
    /// - Throws: `ConnectorError` `unavailable` when there is none: the server may have done what it was asked all the same.
    func ask(_ call: Call, _ era: Era?, _ progress: ProgressListener?, before: LastWord?) async throws(ConnectorError) -> Reply

    /// Sends a notification.
    func tell(_ method: String, _ params: JSONValue, _ era: Era) async

    /// Waits for what the server tells by itself, as long as the connection is open.
    func listen(_ call: Call, _ era: Era) async

    func close() async
}

/// Takes what a server tells by itself.
struct Listener: Sendable {
    /// Its list of tools, resources or prompts is another now.
    let listChanged: @Sendable () -> Void

    func hear(_ method: String) {
        switch method {
        case "notifications/tools/list_changed", "notifications/resources/list_changed", "notifications/prompts/list_changed":
            listChanged()
        default: break
        }
    }
}

extension Message {
    /// What a server is answered that asks its client: whether it is there. A model, a person or a file system to look at it does
    /// not get here.
    ///
    /// - Returns: nil for an id that no request of anybody's has: it is answered with as many bytes.
    static func response(to id: JSONValue, _ method: String) -> [UInt8]? {
        guard JSONWriter.canonical(id).count <= 256 else { return nil }
        let answer: JSONValue =
            method == "ping"
            ? ["jsonrpc": "2.0", "id": id, "result": [:]]
            : ["jsonrpc": "2.0", "id": id, "error": ["code": -32601, "message": "This client offers nothing of the kind."]]
        return JSONWriter.canonical(answer)
    }
}
