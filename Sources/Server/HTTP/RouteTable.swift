import HTTPTypes
import StrictJSON

/// What a door serves: one table from which calls are routed, the description is made, and the tests go through all there is.
struct RouteTable<Caller: Sendable>: Sendable {
    /// The first segments of every path, before those of a route's pattern.
    let base: [String]
    let routes: [Route<Caller>]

    /// Serves the call by the route for it.
    ///
    /// - Throws: ``HTTPProblem`` 404 where there is none, 405 where there is one by another method; what the route throws.
    func answer(_ call: HTTPCall, _ caller: Caller) async throws -> HTTPAnswer {
        let fitting = routes.compactMap { route in route.parameters(of: call.path, after: base).map { (route, $0) } }
        guard let (route, parameters) = fitting.first(where: { $0.0.method == call.method }) else {
            guard !fitting.isEmpty else { throw HTTPProblem.nothingHere }
            let methods = Set(fitting.map(\.0.method.rawValue)).sorted().joined(separator: ", ")
            throw HTTPProblem(
                .method, "This method is not served at this path; \(methods) is.", headers: [("Allow", methods)])
        }
        return try await route.serve(RoutedCall(call: call, caller: caller, parameters: parameters))
    }

    /// Whether there is a route at this path, by whatever method.
    func knows(_ path: [String]) -> Bool { routes.contains { $0.parameters(of: path, after: base) != nil } }

    /// The paths of the description (OpenAPI 3.1).
    var paths: [JSONObject.Member] {
        var paths: [JSONObject.Member] = []
        for route in routes {
            for (path, description) in route.described(base.map { "/\($0)" }.joined()) {
                let entry = JSONObject.Member(key: route.method.rawValue.lowercased(), value: description)
                if let place = paths.firstIndex(where: { $0.key == path }), case .object(var known) = paths[place].value {
                    known[entry.key] = entry.value
                    paths[place] = .init(key: path, value: .object(known))
                } else {
                    paths.append(.init(key: path, value: .object(JSONObject([entry]))))
                }
            }
        }
        return paths
    }
}

/// One thing that a door serves.
struct Route<Caller: Sendable>: Sendable {
    let method: HTTPRequest.Method
    /// Such as `changes/{id}/rollback`: a segment in braces stands for any, and `{name...}` at the end for one and all after it.
    let pattern: String
    private let segments: [Substring]
    let summary: String
    /// The JSON Schema of the body; nil where there is none.
    let body: JSONValue?
    /// The headers and query parameters that it reads, as the description names them.
    let reads: [JSONValue]
    /// What it answers when it succeeds.
    let answers: OpenAPI.Success
    /// Whether anybody may ask.
    let isOpen: Bool
    /// What it is described as, by path, where one pattern stands for several things.
    let each: [(path: String, description: JSONValue)]?
    let serve: @Sendable (RoutedCall<Caller>) async throws -> HTTPAnswer

    init(
        _ method: HTTPRequest.Method, _ pattern: String, _ summary: String, body: JSONValue? = nil, reads: [JSONValue] = [],
        answers: OpenAPI.Success, isOpen: Bool = false,
        each: [(path: String, description: JSONValue)]? = nil,
        serve: @escaping @Sendable (RoutedCall<Caller>) async throws -> HTTPAnswer
    ) {
        self.method = method
        self.pattern = pattern
        segments = pattern.split(separator: "/")
        self.summary = summary
        self.body = body
        self.reads = reads
        self.answers = answers
        self.isOpen = isOpen
        self.each = each
        self.serve = serve
    }

    /// The values of the pattern's parameters; nil when the path is another's.
    func parameters(of path: [String], after base: [String]) -> [String: String]? {
        let isOpen = segments.last?.hasSuffix("...}") == true
        guard path.count == base.count + segments.count || isOpen && path.count > base.count + segments.count,
            path.starts(with: base)
        else { return nil }
        var values: [String: String] = [:]
        for (place, segment) in segments.enumerated() {
            let given = path[base.count + place]
            if isOpen, place == segments.count - 1 {
                values[String(segment.dropFirst().dropLast(4))] = path[(base.count + place)...].joined(separator: "/")
            } else if segment.hasPrefix("{") {
                values[String(segment.dropFirst().dropLast())] = given
            } else if !segment.utf8.elementsEqual(given.utf8) {
                return nil
            }
        }
        return values
    }

    private static func name(_ segment: Substring) -> String { String(segment.dropFirst().dropLast()).replacing("...", with: "") }

    func described(_ prefix: String) -> [(path: String, description: JSONValue)] {
        if let each { return each.map { ("\(prefix)/\($0.path)", $0.description) } }
        let named = segments.filter { $0.hasPrefix("{") }.map { OpenAPI.parameter(Self.name($0), in: "path") }
        return [
            (
                "\(prefix)/\(pattern.replacing("...", with: ""))",
                OpenAPI.operation(summary, parameters: named + reads, body: body, answers: answers, isOpen: isOpen)
            )
        ]
    }
}

/// A call on its way to what serves it.
struct RoutedCall<Caller: Sendable>: Sendable {
    let call: HTTPCall
    let caller: Caller
    fileprivate let parameters: [String: String]

    /// The value of one of the pattern's parameters.
    subscript(name: String) -> String { parameters[name] ?? "" }
}
