import Authority
import StrictJSON
import StrictYAML

/// Whether something is so in what was read.
struct Condition: Sendable {
    let at: Pointer
    /// The texts that it must be one of; nil where it must be there, and not one of ``not``.
    let isOne: [String]?
    let not: [String]

    func holds(in json: JSONValue) -> Bool {
        let found = (at.find(in: json)?.texts ?? []).filter { !$0.isEmpty }
        if let isOne { return found.contains(where: isOne.contains) }
        return !found.isEmpty && !found.contains(where: not.contains)
    }
}

/// How facts stand in what was read.
struct FactReading: Sendable {
    let relation: String
    /// Where the id of what stands first is; nil for the entity that is read itself.
    let from: Pointer?
    /// Where the id, or the ids, of what stands second are; nil for a fact about one entity.
    let to: Pointer?
    let condition: Condition?
}

/// A request whose answer lists things, page by page.
struct Listing: Sendable {
    let request: RequestTemplate
    /// Where the list is.
    let each: Pointer
    /// Where the answer has what the next page is asked with, and the query that takes it.
    let next: (at: Pointer, query: String)?
    /// The query that takes the number of a page, from 1.
    let page: String?
}

/// How entities of a kind are read.
struct KindReading: Sendable {
    /// All there are, where the host does not list them.
    let fixed: [String]?
    let get: RequestTemplate?
    let list: Listing?
    /// Whether the list has no more than ids, so that each is read by itself.
    let isBrief: Bool
    /// Nil where it is as it was asked for, or as a brief list has it.
    let id: Pointer?
    let name: Pointer?
    let values: [(attribute: String, at: Pointer)]
    let facts: [FactReading]
    /// Facts of an entity that are read by a request of their own.
    let more: [(listing: Listing, facts: [FactReading])]
}

/// What a write touches.
struct Touch: Sendable {
    enum New: Sendable {
        case set(TextTemplate)
        case clear
        case add(TextTemplate)
        case remove(TextTemplate)
        /// What can't be read: a password.
        case hidden

        var sources: [Source] {
            switch self {
            case .set(let template), .add(let template), .remove(let template): template.sources
            case .clear, .hidden: []
            }
        }
    }

    /// As people and policy call it: an attribute, or a relation without its kind's name.
    let name: String
    /// The request that reads it; the target's own where there is none.
    let read: RequestTemplate?
    let at: Pointer
    let new: New
}

/// How an operation is carried out.
struct HTTPStep: Sendable {
    let request: RequestTemplate
    let touches: [Touch]
    /// Whether the host itself compares what was planned on (RFC 9110, section 13.1.1).
    let usesETag: Bool
    /// What else must be as it was, in the target.
    let compares: [Pointer]
    /// Where the answer has a credential that is to be shown.
    let discloses: Pointer?
    /// The inverse's input.
    let inverse: [RequestTemplate.Pair]
}

// MARK: As configuration writes it

extension YAMLFields {
    mutating func pointer(_ key: String, default fallback: String? = nil) throws -> Pointer {
        let text = try optionalString(key) ?? fallback
        guard let text else { throw problem("`\(key)` is missing: a pointer such as /name") }
        guard let pointer = Pointer(text == "." ? "" : text) else {
            throw problem("`\(key)` is a JSON pointer such as /name, or `.` for the whole, not `\(text)`", of: key)
        }
        return pointer
    }

    mutating func request(_ key: String) throws -> RequestTemplate { try RequestTemplate(try mapping(key)) }

    mutating func optionalRequest(_ key: String) throws -> RequestTemplate? {
        try optionalMapping(key).map { try RequestTemplate($0) }
    }

    /// `{request: …, each: /items, next: {at: /next, query: cursor}}`
    mutating func listing() throws -> Listing {
        let (request, each) = (try request("request"), try pointer("each", default: ""))
        var next: (at: Pointer, query: String)?
        if var fields = try optionalMapping("next") {
            next = (try fields.pointer("at"), try fields.string("query"))
            try fields.end()
        }
        return Listing(request: request, each: each, next: next, page: try optionalString("page"))
    }

    mutating func condition() throws -> Condition? {
        guard var fields = try optionalMapping("where") else { return nil }
        let condition = Condition(
            at: try fields.pointer("at"), isOne: try fields.optionalStrings("is"), not: try fields.strings("not"))
        try fields.end()
        return condition
    }

    mutating func facts(_ prefix: String) throws -> [FactReading] {
        try mappings("facts").map { fields in
            var fields = fields
            let reading = FactReading(
                relation: prefix + (try fields.string("relation")),
                from: fields.left.contains("from") ? try fields.pointer("from") : nil,
                to: fields.left.contains("to") ? try fields.pointer("to") : nil, condition: try fields.condition())
            try fields.end()
            return reading
        }
    }
}

extension KindReading {
    init(_ fields: inout YAMLFields, _ prefix: String) throws {
        fixed = try fields.optionalStrings("fixed")
        get = try fields.optionalRequest("get")
        var list = try fields.optionalMapping("list")
        self.list = try list?.listing()
        isBrief = try list?.flag("brief") ?? false
        try list?.end()
        id = fields.left.contains("id") ? try fields.pointer("id") : nil
        name = fields.left.contains("name") ? try fields.pointer("name") : id
        facts = try fields.facts(prefix)
        more = try fields.mappings("more").map { one in
            var one = one
            let read = (listing: try one.listing(), facts: try one.facts(prefix))
            try one.end()
            return read
        }
        var values: [(attribute: String, at: Pointer)] = []
        if var all = try fields.optionalMapping("values") {
            for name in all.left { values.append((name, try all.pointer(name))) }
            try all.end()
        }
        self.values = values
        guard fixed != nil || get != nil else {
            throw fields.problem("`\(fields.path)` says how one is read: `get`, or `fixed` with all there are")
        }
        guard list == nil || isBrief || id != nil else { throw fields.problem("`id` says where the list has ids", of: "list") }
        guard !isBrief || get != nil else { throw fields.problem("a brief list needs `get`", of: "list") }
        let requests = [get].compactMap { $0 } + more.map(\.listing.request)
        for request in requests + [self.list?.request].compactMap({ $0 }) where !request.mayRead {
            throw fields.problem("what reads is a GET or a POST")
        }
        guard requests.allSatisfy({ $0.sources.allSatisfy { $0 == .id } }), self.list?.request.sources.isEmpty ?? true else {
            throw fields.problem("what reads a `\(fields.path)` takes {id} and nothing else, and what lists them takes nothing")
        }
    }
}

extension HTTPStep {
    /// - Parameter input: what values may be taken from.
    init(_ fields: inout YAMLFields, _ input: [InputField]) throws {
        request = try fields.request("request")
        usesETag = try fields.flag("etag")
        compares = try fields.strings("compare").map { text in
            guard let pointer = Pointer(text) else { throw fields.problem("`compare` lists pointers", of: "compare") }
            return pointer
        }
        discloses = fields.left.contains("discloses") ? try fields.pointer("discloses") : nil
        var inverse: [RequestTemplate.Pair] = []
        if var all = try fields.optionalMapping("inverseInput") {
            do { inverse = try all.left.map { .init(name: $0, value: try TextTemplate(try all.string($0))) } } catch let unfit
                as Unfit
            {
                throw fields.problem(unfit.message, of: "inverseInput")
            }
            try all.end()
        }
        self.inverse = inverse
        var touches: [Touch] = []
        if var all = try fields.optionalMapping("touches") {
            for name in all.left {
                var one = try all.mapping(name)
                touches.append(try Touch(name, &one))
                try one.end()
            }
            try all.end()
        }
        self.touches = touches
        let known = Set(input.map(\.name))
        let touched = Set(touches.map(\.name))
        for source in request.sources + touches.flatMap({ $0.read?.sources ?? [] }) {
            switch source {
            case .input(let name) where !known.contains(name): throw fields.problem("there is no input `\(name)`", of: "request")
            case .after(let name) where !touched.contains(name), .before(let name) where !touched.contains(name):
                throw fields.problem("`touches` has no `\(name)`", of: "request")
            case .id, .token: throw fields.problem("a step takes inputs, not {id} or {token}", of: "request")
            case .input, .after, .before, .current, .generated: break
            }
        }
        for read in touches.compactMap(\.read) where !read.mayRead {
            throw fields.problem("what reads is a GET or a POST", of: "touches")
        }
        for touch in touches {
            for source in touch.new.sources {
                guard case .input(let name) = source, known.contains(name) else {
                    throw fields.problem("`touches.\(touch.name)` takes an input", of: "touches")
                }
            }
        }
        for template in request.path {
            for case .input(let name) in template.sources where input.first(where: { $0.name == name })?.isRequired == false {
                throw fields.problem("`\(name)` stands in the path, and is optional", of: "request")
            }
        }
    }
}

extension Touch {
    init(_ name: String, _ fields: inout YAMLFields) throws {
        self.name = name
        read = try fields.optionalRequest("read")
        at = try fields.pointer("at", default: "")
        do {
            switch fields.left.first {
            case "set": new = .set(try TextTemplate(try fields.string("set")))
            case "add": new = .add(try TextTemplate(try fields.string("add")))
            case "remove": new = .remove(try TextTemplate(try fields.string("remove")))
            case "hidden", "clear":
                let isHidden = fields.left.first == "hidden"
                guard try fields.flag(isHidden ? "hidden" : "clear") else { throw Unfit("it is true, or not there") }
                new = isHidden ? .hidden : .clear
            default:
                throw fields.problem("`\(fields.path)` says what becomes of it: set, add, remove, clear: true, or hidden: true")
            }
        } catch let unfit as Unfit { throw fields.problem(unfit.message) }
    }
}
