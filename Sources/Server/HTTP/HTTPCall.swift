import Foundation
public import HTTPTypes
public import StrictJSON

/// One HTTP request. Its body is read when it is asked for: who calls is to be known by then.
public struct HTTPCall: Sendable {
    public let method: HTTPRequest.Method
    /// The path's segments, percent-decoded.
    public let path: [String]
    /// The query's parameters, percent-decoded; of one given twice the last.
    public let query: [String: String]
    public let host: String?
    public let headers: HTTPFields
    /// Larger bodies are refused with 413.
    public static let bodyLimit = 1 << 20

    /// To be called once the caller is known, with who it is: the connection is theirs from then on. False when they have as many
    /// as one may.
    let recognize: @Sendable (_ holder: String) -> Bool
    /// To be called when the caller is only kept waiting: others may have the connection's place.
    let rest: @Sendable () -> Void
    private let load: @Sendable (_ limit: Int) async throws -> [UInt8]

    /// - Parameters:
    ///   - recognize: called when the caller is known.
    ///   - rest: called when nothing is served on the connection.
    ///   - load: reads the body, up to so many bytes. Called once at most.
    public init(
        method: HTTPRequest.Method, path: [String], query: [String: String] = [:], host: String?, headers: HTTPFields,
        recognize: @escaping @Sendable (_ holder: String) -> Bool = { _ in true }, rest: @escaping @Sendable () -> Void = {},
        load: @escaping @Sendable (_ limit: Int) async throws -> [UInt8]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.headers = headers
        self.recognize = recognize
        self.rest = rest
        self.load = load
    }

    /// The segments of a path, percent-decoded. One that is no text is a name that nothing has.
    static func segments(of path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: true).map { String($0).removingPercentEncoding ?? "\u{FFFD}" }
    }

    /// Reads the body whole; good for one call.
    func body(limit: Int = HTTPCall.bodyLimit) async throws -> [UInt8] { try await load(limit) }

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
            throw HTTPProblem(.duplicateHeader, "The header \(name) is given more than once.")
        }
        return values.first
    }

    /// The body as JSON, read strictly; `empty` when there is none.
    func json(fractions: Bool = false, limit: Int = HTTPCall.bodyLimit, empty: JSONValue? = nil) async throws -> JSONValue {
        if empty == nil { try requireJSON() }
        let body = try await body(limit: limit)
        if body.isEmpty, let empty { return empty }
        try requireJSON()
        do { return try JSONReader.read(body, limits: .init(fractions: fractions)) } catch {
            throw HTTPProblem(400, error.code, "\(error)")
        }
    }

    private func requireJSON() throws {
        guard isJSON else { throw HTTPProblem(.contentType, "The body must be application/json.") }
    }
}

/// What is sent back.
public struct HTTPAnswer: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    public var body: JSONValue?
    /// Sent instead of ``body`` when set.
    public var text: String?
    /// JSON written before, sent instead of ``body`` when set.
    var written: [UInt8]?
    /// Sent as it is instead of ``body`` when set.
    var octets: [UInt8]?
    /// Sent as a stream of events (HTML, section 9.2) when set: each the data of one.
    var events: AsyncStream<[UInt8]>?

    init(_ status: Int, _ body: JSONValue? = nil, headers: [(String, String)] = [], text: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.text = text
    }

    /// - Parameter bytes: of no text.
    init(_ status: Int, bytes: [UInt8]) {
        self.init(status)
        octets = bytes
    }

    /// - Parameter json: canonical JSON.
    init(_ status: Int, json: [UInt8]) {
        self.init(status)
        written = json
    }

    /// Its body as JSON.
    var bytes: [UInt8]? { written ?? body.map(JSONWriter.canonical) }
}
