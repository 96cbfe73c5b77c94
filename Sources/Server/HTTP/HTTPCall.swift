public import HTTPTypes
public import StrictJSON

/// One HTTP request, its body read whole.
public struct HTTPCall: Sendable {
    public let method: HTTPRequest.Method
    /// The path's segments, percent-decoded.
    public let path: [String]
    public let host: String?
    public let headers: HTTPFields
    public let body: [UInt8]

    public init(method: HTTPRequest.Method, path: [String], host: String?, headers: HTTPFields, body: [UInt8]) {
        self.method = method
        self.path = path
        self.host = host
        self.headers = headers
        self.body = body
    }

    /// The token of `Authorization: Bearer …`.
    var bearer: String? {
        let values = headers[values: .authorization]
        guard values.count == 1, let value = values.first, value.lowercased().hasPrefix("bearer ") else { return nil }
        return String(value.dropFirst("bearer ".count))
    }

    var isJSON: Bool {
        guard let type = headers[.contentType] else { return false }
        return type.split(separator: ";").first?.lowercased() == "application/json"
    }

    func has(_ name: String) -> Bool { HTTPField.Name(name).map { headers.contains($0) } ?? false }

    /// The value of a header that is given once; nil when it is absent.
    ///
    /// - Throws: ``HTTPProblem`` when it is given more than once.
    func single(_ name: String) throws(HTTPProblem) -> String? {
        guard let field = HTTPField.Name(name) else { return nil }
        let values = headers[values: field]
        guard values.count <= 1 else {
            throw HTTPProblem(400, "input.duplicate_header", "The header \(name) is given more than once.")
        }
        return values.first
    }

    /// The body as JSON, read strictly.
    func json(fractions: Bool = false) throws -> JSONValue {
        guard isJSON else { throw HTTPProblem(415, "input.content_type", "The body must be application/json.") }
        do { return try JSONReader.read(body, limits: .init(fractions: fractions)) } catch {
            throw HTTPProblem(400, error.code.rawValue, "\(error)")
        }
    }
}

/// What is sent back.
public struct HTTPAnswer: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    public var body: JSONValue?
    /// Sent instead of ``body`` when set.
    public var text: String?

    init(_ status: Int, _ body: JSONValue? = nil, headers: [(String, String)] = [], text: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.text = text
    }
}

/// A request that can't be served, as an HTTP answer.
struct HTTPProblem: Error {
    let status: Int
    let code: String
    let message: String
    var headers: [(String, String)] = []

    init(_ status: Int, _ code: String, _ message: String, headers: [(String, String)] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    var answer: HTTPAnswer {
        HTTPAnswer(status, ["error": ["code": .string(code), "message": .string(message)]], headers: headers)
    }
}
