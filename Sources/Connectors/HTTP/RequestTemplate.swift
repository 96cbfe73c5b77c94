import DeclaredKit
import StrictJSON
import StrictYAML

/// A request with places for values. What a value is put into can't be ended by it: each place has an encoder of its own.
struct RequestTemplate: DeclaredRequest, Hashable {
    static let pageKey = "query"
    static let mustRead = "what reads is a GET or a POST"

    enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    enum Body: Hashable, Sendable {
        case none
        case json(JSONTemplate)
        case form([Pair])
    }

    typealias Pair = NamedTemplate

    let method: Method
    /// The segments of the path.
    let path: [TextTemplate]
    let query: [Pair]
    let headers: [Pair]
    let body: Body

    // MARK: Reading

    /// A request as configuration writes it: `{method: PUT, path: /users/{user}, json: {…}}`. Without a method it reads.
    init(_ fields: YAMLFields) throws {
        var fields = fields
        method = fields.left.contains("method") ? try fields.method() : .get
        do {
            path = try Self.path(try fields.string("path"))
            query = try fields.pairs("query")
            headers = try fields.pairs("headers")
            let (json, form) = (fields.node("json"), try fields.pairs("form"))
            guard json == nil || form.isEmpty else { throw Unfit("a body is `json` or `form`") }
            body = try json.map { .json(try JSONTemplate($0.json(fields.file))) } ?? (form.isEmpty ? .none : .form(form))
        } catch let unfit as Unfit { throw fields.problem(unfit.message) }
        for header in headers where !Self.mayBeSet(header.name) {
            throw fields.problem("the header `\(header.name)` is the gateway's own to set, or none", of: "headers")
        }
        guard method != .get || body == .none else { throw fields.problem("a GET has no body", of: "method") }
        try fields.end()
    }

    private static func path(_ text: String) throws -> [TextTemplate] {
        guard text.hasPrefix("/"), !text.contains("//") else {
            throw Unfit("`path` begins with `/` and has no empty segment: `\(text)`")
        }
        // Places may hold what segments may not.
        return try text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init).joinedInBraces.map {
            let segment = try TextTemplate($0)
            for case .literal(let text) in segment.parts {
                guard text.utf8.allSatisfy({ PercentCoding.isUnreserved($0) || "!$&'()*+,;=:@".utf8.contains($0) }) else {
                    throw Unfit("a path is written without `%`, `?`, `#` and blanks, not `\($0)`")
                }
            }
            guard segment.parts != [.literal(".")], segment.parts != [.literal("..")] else {
                throw Unfit("a path goes down only: `\($0)`")
            }
            return segment
        }
    }

    private static func mayBeSet(_ header: String) -> Bool {
        let own: Set = [
            "host", "authorization", "cookie", "content-length", "content-type", "transfer-encoding", "connection", "upgrade",
            "if-match", "accept", "te", "trailer", "expect", "proxy-authorization",
        ]
        return header.wholeMatch(of: /[A-Za-z][A-Za-z0-9-]*/) != nil && !own.contains(header.lowercased())
    }

    /// Whether it may be sent to read: what changes things by another method is no reading.
    var mayRead: Bool { method == .get || method == .post }

    /// All that it takes values from.
    var sources: [Source] {
        let bodies: [Source] =
            switch body {
            case .none: []
            case .json(let template): template.sources
            case .form(let pairs): pairs.flatMap(\.value.sources)
            }
        return path.flatMap(\.sources) + (query + headers).flatMap(\.value.sources) + bodies
    }

    // MARK: Filling

    /// The request with its values.
    ///
    /// - Parameter isChecked: false for ids that the host itself gave, which may have a `%` in them.
    /// - Throws: ``Unfit`` where a value can't stand at its place.
    func filled(_ values: Values, isChecked: Bool = true) throws -> FilledRequest {
        var target = "/" + (try path.map { try segment($0, values, isChecked: isChecked) }.joined(separator: "/"))
        let query = try pairs(query, values)
        if !query.isEmpty { target += "?" + query }
        let headers = try headers.compactMap { header -> (String, String)? in
            guard try isGiven(header, values) else { return nil }
            return (header.name, try header.value.filled(values, Self.headerValue))
        }
        switch body {
        case .none: return FilledRequest(method: method, target: target, headers: headers, body: nil)
        case .json(let template):
            let json = try template.filled(values) ?? .null
            return FilledRequest(
                method: method, target: target, headers: headers + [("Content-Type", "application/json")],
                body: Array(JSONWriter.canonical(json)))
        case .form(let form):
            return FilledRequest(
                method: method, target: target, headers: headers + [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(try pairs(form, values).utf8))
        }
    }

    private func segment(_ template: TextTemplate, _ values: Values, isChecked: Bool) throws -> String {
        let text = try template.filled(values) { value in
            // Who decodes before they route would go elsewhere: also by `%`, when that is decoded twice.
            let parts = value.split { $0 == "/" || $0 == "\\" }.map { $0.prefix { $0 != ";" } }
            guard !parts.contains("."), !parts.contains(".."), !value.contains("\\"), !value.hasPrefix("//") else {
                throw Unfit("`..` and `\\` can't stand in a path")
            }
            if isChecked, value.utf8.contains(UInt8(ascii: "%")) { throw Unfit("`%` can't stand in a path") }
            return PercentCoding.encode(value)
        }
        guard !text.isEmpty || template.parts.isEmpty, text.split(separator: ";").first.map({ $0 != "." && $0 != ".." }) ?? true
        else {
            throw Unfit("`\(text)` can't be a segment of a path")
        }
        return text
    }

    private func pairs(_ pairs: [Pair], _ values: Values) throws -> String {
        try pairs.filter { try isGiven($0, values) }.map { pair in
            PercentCoding.encode(pair.name) + "="
                + (try pair.value.parts.map { part in
                    switch part {
                    case .literal(let text): return PercentCoding.encode(text)
                    case .place(let source): return PercentCoding.encode(try values.text(source))
                    }
                }.joined())
        }.joined(separator: "&")
    }

    /// A pair that is all of an input that was not given is left out.
    private func isGiven(_ pair: Pair, _ values: Values) throws -> Bool {
        guard let whole = pair.value.whole else { return true }
        return try values.value(whole) != nil
    }

    private static func headerValue(_ text: String) throws -> String {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) || $0 == 0x20 }), text.utf8.first != 0x20, text.utf8.last != 0x20
        else { throw Unfit("a header holds visible ASCII only") }
        return text
    }
}

/// A request as it is sent.
struct FilledRequest: Sendable {
    let method: RequestTemplate.Method
    /// Path and query.
    let target: String
    var headers: [(String, String)]
    let body: [UInt8]?
}

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentCoding {
    static func isUnreserved(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._~".utf8.contains(byte)
    }

    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return encoded
    }
}

extension [String] {
    /// The segments of a path, those put together again that a place was cut into: `{current /a/b}` has slashes of its own.
    fileprivate var joinedInBraces: [String] {
        reduce(into: []) { segments, part in
            if let last = segments.last, last.count(where: { $0 == "{" }) > last.count(where: { $0 == "}" }) {
                segments[segments.count - 1] = last + "/" + part
            } else {
                segments.append(part)
            }
        }
    }
}

extension YAMLFields {
    fileprivate mutating func method() throws -> RequestTemplate.Method {
        let text = try string("method")
        guard let method = RequestTemplate.Method(rawValue: text) else {
            throw problem(
                "`method` is one of \(RequestTemplate.Method.allCases.map(\.rawValue).joined(separator: ", "))", of: "method")
        }
        return method
    }

    fileprivate mutating func pairs(_ key: String) throws -> [RequestTemplate.Pair] {
        guard var all = try optionalMapping(key) else { return [] }
        let pairs = try all.left.map { name in
            RequestTemplate.Pair(name: name, value: try TextTemplate(try all.string(name)))
        }
        try all.end()
        return pairs
    }
}
