import HTTPTypes
import StrictJSON

/// One JSON-RPC request or notification (JSON-RPC 2.0), checked in shape.
struct MCPMessage {
    let id: JSONValue?
    let method: String
    let params: JSONObject
    let meta: JSONObject

    static let modern = "2026-07-28"
    /// Newest first.
    static let legacy = ["2025-11-25", "2025-06-18", "2025-03-26"]

    /// - Throws: ``MCPProblem``.
    init(_ json: JSONValue) throws {
        guard case .object(let object) = json else {
            throw MCPProblem(400, -32600, "One JSON-RPC request is expected; batches are not served.")
        }
        guard object["jsonrpc"] == "2.0", let method = object["method"]?.string else {
            throw MCPProblem(400, -32600, "Not a JSON-RPC 2.0 request.")
        }
        switch object["id"] {
        case nil: id = nil
        case .string(let text)? where text.utf8.count <= 256: id = .string(text)
        case .integer(let number)?: id = .integer(number)
        default: throw MCPProblem(400, -32600, "An id is a short string or an integer.")
        }
        switch object["params"] {
        case nil: params = JSONObject()
        case .object(let params)?: self.params = params
        default: throw MCPProblem(400, -32600, "`params` is an object.")
        }
        switch params["_meta"] {
        case nil: meta = JSONObject()
        case .object(let meta)?: self.meta = meta
        default: throw MCPProblem(400, -32602, "`_meta` is an object.")
        }
        self.method = method
    }

    /// The revision the body says it speaks; only the modern era says so.
    var protocolVersion: String? { meta["io.modelcontextprotocol/protocolVersion"]?.string }
}

/// A JSON-RPC error with the HTTP status it travels under.
struct MCPProblem: Error {
    let status: Int
    let code: Int64
    let message: String
    var data: JSONValue?
    var headers: [(String, String)] = []

    init(_ status: Int, _ code: Int64, _ message: String, data: JSONValue? = nil, headers: [(String, String)] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.data = data
        self.headers = headers
    }

    func answer(_ id: JSONValue?) -> HTTPAnswer {
        var error: JSONValue = ["code": .integer(code), "message": .string(message)]
        if let data, case .object(var object) = error {
            object["data"] = data
            error = .object(object)
        }
        return HTTPAnswer(status, ["jsonrpc": "2.0", "id": id ?? .null, "error": error], headers: headers)
    }
}
