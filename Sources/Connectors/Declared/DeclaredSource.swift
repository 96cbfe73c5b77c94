package import Authority
package import StrictJSON
package import StrictYAML

/// A request that reads, as a kind of declared system writes it: of HTTP a method and a path, of MCP a tool and its arguments.
package protocol DeclaredRequest: Sendable {
    /// What the next page is asked with, as the catalogue calls it: `query` of HTTP.
    static var pageKey: String { get }
    /// Why a request can't be one that reads, for people.
    static var mustRead: String { get }

    init(_ fields: YAMLFields) throws

    /// Whether it may be sent to read.
    var mayRead: Bool { get }
    /// All that it takes values from.
    var sources: [Source] { get }
}

/// What a system answered.
package struct Found: Sendable {
    /// Nil for an answer that is empty, or no JSON.
    package let json: JSONValue?
    /// The version that the system gives it; nil where it gives none.
    package let etag: String?

    package init(json: JSONValue?, etag: String? = nil) { (self.json, self.etag) = (json, etag) }
}

/// A declared system, as far as it is asked.
package protocol DeclaredSource: Sendable {
    associatedtype Request: DeclaredRequest

    /// Asks, changing nothing.
    ///
    /// - Parameters:
    ///   - isOwn: whether the values came from the system itself, and not from whoever asks.
    ///   - page: what is asked besides, by the name that the catalogue gives it.
    /// - Throws: `ConnectorError`; `notFound` where what is asked for is not there.
    func ask(_ request: Request, _ values: Values, isOwn: Bool, page: (name: String, value: String)?)
        async throws(ConnectorError) -> Found
}

/// A name with a template for its value.
package struct NamedTemplate: Hashable, Sendable {
    package let name: String
    package let value: TextTemplate

    package init(name: String, value: TextTemplate) { (self.name, self.value) = (name, value) }
}

/// A declared system, as its catalogue says.
package struct Declared<Request: DeclaredRequest>: Sendable {
    package let catalogue: Catalogue
    package let kinds: [String: KindReading<Request>]
    /// Relations that no entity's own document has.
    package let reads: [MoreReading<Request>]
    package let steps: [String: DeclaredStep<Request>]
    /// The rules for its relations.
    package let rules: String
    /// The kinds and relations that nothing reads all of: without them nobody can say what a step makes possible.
    package let unread: [String]
    /// By kind.
    package var labels: [String: [(entry: String, label: String)]] = [:]

    /// Whether what steps make possible can be told: all that it declares is read, and it declares something.
    package var isReadWhole: Bool { unread.isEmpty && !catalogue.kinds.isEmpty }

    /// All requests that read, with where each is written.
    package var requests: [(place: String, request: Request)] {
        let ofKinds = kinds.keys.sorted().flatMap { kind -> [(String, Request)] in
            guard let reading = kinds[kind] else { return [] }
            let single = [("get", reading.get), ("list", reading.list?.request)].compactMap { key, request in
                request.map { ("kinds.\(kind).\(key)", $0) }
            }
            return single + reading.more.map { ("kinds.\(kind).more", $0.listing.request) }
        }
        let ofSteps = steps.keys.sorted().flatMap { name in
            (steps[name]?.touches ?? []).compactMap { touch in
                touch.read.map { ("operations.\(name).touches.\(touch.name)", $0) }
            }
        }
        return ofKinds + reads.map { ("reads", $0.listing.request) } + ofSteps
    }
}
