import Authority
import StrictJSON

/// A message of JSON-RPC 2.0, as a server sent it.
enum Message: Sendable {
    /// To a request of ours.
    case answer(id: Int64, Reply)
    /// An error of nobody's: the server could not tell what it was sent.
    case complaint(code: Int64, message: String)
    /// The server asks the client for something.
    case question(id: JSONValue, method: String)
    case notification(method: String, params: SystemDocument?)

    /// - Throws: `ConnectorError` `unavailable` for what is no such message.
    init(_ bytes: [UInt8], largest: Int) throws(ConnectorError) {
        do {
            let limits = JSONReader.Limits(bytes: largest)
            let json = try JSONReader.read(bytes, limits: limits)
            guard json["jsonrpc"] == "2.0" else { throw ConnectorError(.unavailable, "what the server says is no JSON-RPC 2.0") }
            let parts = try JSONReader.members(of: bytes, limits: limits)
            func part(_ key: String) throws -> SystemDocument? {
                try parts.first { $0.key.utf8.elementsEqual(key.utf8) }.map {
                    try SystemDocument(Array($0.value), limits: limits)
                }
            }
            if let method = json["method"]?.string {
                if let id = json["id"] {
                    self = .question(id: id, method: method)
                } else {
                    self = .notification(method: method, params: try part("params"))
                }
                return
            }
            self = try Self.answer(json, result: part("result"))
        } catch let error as ConnectorError { throw error } catch {
            throw ConnectorError(.unavailable, "what the server says can't be read: \(error)")
        }
    }

    private static func answer(_ json: JSONValue, result: SystemDocument?) throws -> Message {
        switch (json["id"], result, json["error"]) {
        case (.integer(let id)?, let result?, nil):
            guard result.json.object != nil else { throw ConnectorError(.unavailable, "the server's result is no object") }
            return .answer(id: id, .result(result))
        case (let id, nil, let error?):
            let code = error["code"]?.integer ?? -32603
            let message = String(Printable.text(error["message"]?.string ?? "").prefix(300))
            if case .integer(let id)? = id { return .answer(id: id, .error(code: code, message: message)) }
            return .complaint(code: code, message: message)
        default: throw ConnectorError(.unavailable, "the server's message is neither a result nor an error")
        }
    }
}

/// What a request came to.
enum Reply: Sendable {
    case result(SystemDocument)
    case error(code: Int64, message: String)
    /// The server has ended the session before it looked at the request: it is asked anew, in another.
    case sessionOver
    /// It was never sent.
    case notSent(ConnectorError)
}

/// Asked right before a call is sent, when nothing can come between any more: throws where it is not to be.
typealias LastWord = @Sendable () throws(ConnectorError) -> Void

/// A request as it is sent.
struct Call: Sendable {
    let id: Int64
    let method: String
    var params: JSONValue
    /// What the routing header `Mcp-Name` says: a tool's or a prompt's name, a resource's URI.
    var name: String?
    /// What `Mcp-Param-*` say, by the whole name of the header.
    var mirrored: [(name: String, value: String)] = []

    var bytes: [UInt8] {
        JSONWriter.canonical(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
    }
}

/// Which Model Context Protocol a server speaks.
enum Era: Sendable, Equatable {
    /// Revision 2026-07-28: no session, all in every request.
    case modern
    /// One that begins with `initialize`.
    case older(String)

    static let current = "2026-07-28"
    /// Newest first.
    static let known = ["2025-11-25", "2025-06-18", "2025-03-26"]

    var version: String { if case .older(let version) = self { version } else { Self.current } }
}
