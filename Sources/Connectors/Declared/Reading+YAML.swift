package import Authority
import StrictJSON
package import StrictYAML

extension YAMLFields {
    package mutating func pointer(_ key: String, default fallback: String? = nil) throws -> Pointer {
        let text = try optionalString(key) ?? fallback
        guard let text else { throw problem("`\(key)` is missing: a pointer such as /name") }
        guard let pointer = Pointer(text == "." ? "" : text) else {
            throw problem("`\(key)` is a JSON pointer such as /name, or `.` for the whole, not `\(text)`", of: key)
        }
        return pointer
    }

    package mutating func request<Request: DeclaredRequest>(_ key: String) throws -> Request { try Request(try mapping(key)) }

    package mutating func optionalRequest<Request: DeclaredRequest>(_ key: String) throws -> Request? {
        try optionalMapping(key).map { try Request($0) }
    }

    /// `{request: …, each: /items, next: {at: /next, query: cursor}}`
    mutating func listing<Request>() throws -> Listing<Request> {
        let (request, each): (Request, Pointer) = (try request("request"), try pointer("each", default: ""))
        var next: (at: Pointer, query: String)?
        if var fields = try optionalMapping("next") {
            next = (try fields.pointer("at"), try fields.string(Request.pageKey))
            try fields.end()
        }
        return Listing(
            request: request, each: each, next: next, page: try optionalString("page"),
            cut: left.contains("cut") ? try pointer("cut") : nil)
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

extension YAMLFields {
    mutating func more<Request>(_ key: String, _ prefix: String) throws -> [MoreReading<Request>] {
        try mappings(key).map { one in
            var one = one
            let read = MoreReading<Request>(listing: try one.listing(), facts: try one.facts(prefix))
            try one.end()
            return read
        }
    }
}

extension KindReading {
    init(_ fields: inout YAMLFields, _ prefix: String) throws {
        isNamed = try fields.flag("named")
        fixed = try fields.optionalStrings("fixed")
        get = try fields.optionalRequest("get")
        var list = try fields.optionalMapping("list")
        self.list = try list?.listing()
        isBrief = try list?.flag("brief") ?? false
        briefID = list?.left.contains("id") == true ? try list?.pointer("id") : nil
        try list?.end()
        id = fields.left.contains("id") ? try fields.pointer("id") : nil
        name = fields.left.contains("name") ? try fields.pointer("name") : id
        facts = try fields.facts(prefix)
        more = try fields.more("more", prefix)
        var values: [(attribute: String, at: Pointer)] = []
        if var all = try fields.optionalMapping("values") {
            for name in all.left { values.append((name, try all.pointer(name))) }
            try all.end()
        }
        self.values = values
        guard [fixed != nil, get != nil, isNamed].count(where: \.self) == 1 else {
            throw fields.problem(
                "`\(fields.path)` says how one is read: `get`, `fixed` with all there are, or `named: true` for what is known by "
                    + "its name only")
        }
        guard !isNamed || list == nil && id == nil && values.isEmpty && facts.isEmpty && more.isEmpty else {
            throw fields.problem("of what is known by its name only, nothing is read")
        }
        guard list == nil || isBrief || id != nil else { throw fields.problem("`id` says where the list has ids", of: "list") }
        guard !isBrief || get != nil else { throw fields.problem("a brief list needs `get`", of: "list") }
        let requests = [get].compactMap { $0 } + more.map(\.listing.request)
        for request in requests + [self.list?.request].compactMap({ $0 }) where !request.mayRead {
            throw fields.problem(Request.mustRead)
        }
        guard requests.allSatisfy({ $0.sources.allSatisfy { $0 == .id } }), self.list?.request.sources.isEmpty ?? true else {
            throw fields.problem("what reads a `\(fields.path)` takes {id} and nothing else, and what lists them takes nothing")
        }
    }
}

extension DeclaredStep {
    /// - Parameters:
    ///   - input: what values may be taken from.
    ///   - sources: what the request that carries it out takes values from.
    package init(_ fields: inout YAMLFields, _ input: [InputField], _ sources: [Source]) throws {
        usesETag = try fields.flag("etag")
        compares = try fields.strings("compare").map { text in
            guard let pointer = Pointer(text) else { throw fields.problem("`compare` lists pointers", of: "compare") }
            return pointer
        }
        discloses = fields.left.contains("discloses") ? try fields.pointer("discloses") : nil
        inverse = try Self.inverse(&fields)
        var touches: [Touch<Request>] = []
        if var all = try fields.optionalMapping("touches") {
            for name in all.left {
                var one = try all.mapping(name)
                touches.append(try Touch(name, &one))
                try one.end()
            }
            try all.end()
        }
        self.touches = touches
        try requireKnown(fields, input, sources)
    }

    private static func inverse(_ fields: inout YAMLFields) throws -> [NamedTemplate] {
        guard var all = try fields.optionalMapping("inverseInput") else { return [] }
        let inverse: [NamedTemplate]
        do { inverse = try all.left.map { .init(name: $0, value: try TextTemplate(try all.string($0))) } } catch let unfit
            as Unfit
        {
            throw fields.problem(unfit.message, of: "inverseInput")
        }
        try all.end()
        return inverse
    }

    /// Whatever is taken from somewhere is there.
    private func requireKnown(_ fields: YAMLFields, _ input: [InputField], _ sources: [Source]) throws {
        let known = Set(input.map(\.name))
        let touched = Set(touches.map(\.name))
        for source in sources + touches.flatMap({ $0.read?.sources ?? [] }) {
            switch source {
            case .input(let name) where !known.contains(name): throw fields.problem("there is no input `\(name)`", of: "request")
            case .after(let name) where !touched.contains(name), .before(let name) where !touched.contains(name):
                throw fields.problem("`touches` has no `\(name)`", of: "request")
            case .id, .token: throw fields.problem("a step takes inputs, not {id} or {token}", of: "request")
            case .input, .after, .before, .current, .generated: break
            }
        }
        for read in touches.compactMap(\.read) where !read.mayRead { throw fields.problem(Request.mustRead, of: "touches") }
        for touch in touches {
            for source in touch.new.sources {
                guard case .input(let name) = source, known.contains(name) else {
                    throw fields.problem("`touches.\(touch.name)` takes an input", of: "touches")
                }
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
