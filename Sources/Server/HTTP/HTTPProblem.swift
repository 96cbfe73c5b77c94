import StrictJSON

/// A request that can't be served, as an HTTP answer.
struct HTTPProblem: Error {
    let status: Int
    let code: String
    let message: String
    var headers: [(String, String)] = []

    init(_ code: Code, _ message: String, headers: [(String, String)] = []) {
        self.init(code.status, code, message, headers: headers)
    }

    /// - Parameter code: of a closed set, whosever it is.
    init(_ status: Int, _ code: some RawRepresentable<String>, _ message: String, headers: [(String, String)] = []) {
        self.status = status
        self.code = code.rawValue
        self.message = message
        self.headers = headers
    }

    var answer: HTTPAnswer {
        HTTPAnswer(status, ["error": ["code": .string(code), "message": .string(message)]], headers: headers)
    }

    static let nothingHere = HTTPProblem(.notFound, "There is nothing at this path.")

    /// The code of JSON-RPC, for what is refused before a tool is called; a tool's own refusals are its result.
    var rpcCode: Int64 {
        switch status {
        case 400, 404: -32602
        case 401: 40101
        case 403: 40301
        case 409: 40901
        case 429: 42901
        case 503: -32603
        default: 40000
        }
    }
}

extension HTTPProblem {
    /// What a door refuses by itself, before the gateway is asked. Stable, for machines.
    enum Code: String, CaseIterable {
        case session = "auth.session"
        case sessionRefused = "auth.session_refused"
        case host = "http.host"
        case manyHosts = "http.many_hosts"
        case method = "http.method"
        case notFound = "http.not_found"
        case origin = "http.origin"
        case contentType = "input.content_type"
        case duplicateHeader = "input.duplicate_header"
        case tooLong = "input.too_long"
        case tooSlow = "input.too_slow"
        case unknownTool = "input.unknown_tool"
        case unreadable = "input.unreadable"
        case bytesInFlight = "limit.bytes_in_flight"
        case connections = "limit.connections"
        case inFlight = "limit.in_flight"
        case unavailable

        var status: Int {
            switch self {
            case .duplicateHeader, .manyHosts, .unknownTool, .unreadable: 400
            case .session, .sessionRefused: 401
            case .origin: 403
            case .notFound: 404
            case .method: 405
            case .tooSlow: 408
            case .tooLong: 413
            case .contentType: 415
            case .host: 421
            case .connections, .inFlight: 429
            case .bytesInFlight, .unavailable: 503
            }
        }
    }
}
