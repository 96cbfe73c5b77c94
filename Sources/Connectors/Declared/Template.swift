package import StrictJSON

/// Where a placeholder's value comes from.
package enum Source: Hashable, Sendable {
    case input(String)
    /// How the entity that is read is called.
    case id
    /// The new values of something that the operation touches.
    case after(String)
    /// The values of it before.
    case before(String)
    /// What stands now in the target, as it was read.
    case current(Pointer)
    /// A password that is made for the step, and shown to a person.
    case generated
    /// The token of a session.
    case token
}

extension Source {
    package var isInput: Bool { if case .input = self { true } else { false } }
}

/// Why a request can't be made of an input.
package struct Unfit: Error, Hashable {
    package let message: String
    package init(_ message: String) { self.message = message }
}

/// A text with places for values: `/users/{user}`.
package struct TextTemplate: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        case literal(String)
        case place(Source)
    }

    package let parts: [Part]

    /// - Throws: ``Unfit`` for a brace without its partner, or a place that is none.
    package init(_ text: String) throws {
        var (parts, literal): ([Part], String) = ([], "")
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "}" || character == "{", rest.first == character {
                literal.append(rest.removeFirst())
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Unfit("`{` without `}` in `\(text)`; a brace itself is `{{`")
                }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.place(try Source(String(rest[..<end]))))
                rest = rest[rest.index(after: end)...]
            } else if character == "}" {
                throw Unfit("`}` without `{` in `\(text)`; a brace itself is `}}`")
            } else {
                literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    package var sources: [Source] { parts.compactMap { if case .place(let source) = $0 { source } else { nil } } }

    /// The one source that it is all of; nil where there is more to it.
    package var whole: Source? {
        if parts.count == 1, case .place(let source) = parts[0] { source } else { nil }
    }

    /// The text with all its values.
    ///
    /// - Parameter encode: writes a value so that it stays one at that place.
    package func filled(_ values: Values, _ encode: (String) throws -> String) throws -> String {
        try parts.map { part in
            switch part {
            case .literal(let text): return text
            case .place(let source): return try encode(try values.text(source))
            }
        }.joined()
    }
}

extension Source {
    init(_ text: String) throws {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch (words.first ?? "", words.count) {
        case ("id", 1): self = .id
        case ("generated", 1): self = .generated
        case ("token", 1): self = .token
        case ("after", 2): self = .after(words[1])
        case ("before", 2): self = .before(words[1])
        case ("current", 2):
            guard let pointer = Pointer(words[1]) else { throw Unfit("`{\(text)}`: a pointer begins with `/`") }
            self = .current(pointer)
        case (let name, 1) where name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_-]*/) != nil: self = .input(name)
        default:
            throw Unfit("`{\(text)}` is no place: write {an input}, {id}, {after ATTRIBUTE}, {current /POINTER} or {generated}")
        }
    }
}

/// What stands for each source, once a request is made.
package struct Values {
    /// Nil for an input that was not given.
    package let value: (Source) throws -> JSONValue?

    package init(_ value: @escaping (Source) throws -> JSONValue?) { self.value = value }

    package func text(_ source: Source) throws -> String {
        switch try value(source) {
        case .string(let text)?: text
        case .integer(let number)?: "\(number)"
        case .bool(let value)?: "\(value)"
        case nil, .null?: throw Unfit("a value that the request needs is not there")
        case .array?, .object?, .number?: throw Unfit("a list or an object can't stand inside a text")
        }
    }
}

/// A JSON value with places: a text that is one place takes the value as it is.
package indirect enum JSONTemplate: Hashable, Sendable {
    case fixed(ExactString)
    case text(TextTemplate)
    case array([JSONTemplate])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: JSONTemplate
    }

    package init(_ json: JSONValue) throws {
        switch json {
        case .string(let text): self = .text(try TextTemplate(text))
        case .array(let all): self = .array(try all.map { try JSONTemplate($0) })
        case .object(let object):
            self = .object(try object.members.map { Member(key: $0.key, value: try JSONTemplate($0.value)) })
        case .null, .bool, .integer, .number: self = .fixed(ExactString(JSONWriter.canonicalText(json)))
        }
    }

    package var sources: [Source] {
        switch self {
        case .fixed: []
        case .text(let text): text.sources
        case .array(let all): all.flatMap(\.sources)
        case .object(let members): members.flatMap(\.value.sources)
        }
    }

    /// - Returns: nil for a place whose input was not given: the member that it is the value of is left out.
    package func filled(_ values: Values) throws -> JSONValue? {
        switch self {
        case .fixed(let text): return try JSONReader.read(text.string)
        case .text(let text):
            if let whole = text.whole {
                let value = try values.value(whole)
                // Only an input may be left out: what is to be written back as it was must be there.
                guard value != nil || whole.isInput else { throw Unfit("a value that the request needs is not there") }
                return value
            }
            return .string(try text.filled(values) { $0 })
        case .array(let all): return .array(try all.compactMap { try $0.filled(values) })
        case .object(let members):
            return .object(
                JSONObject(
                    try members.compactMap { member in
                        try member.value.filled(values).map { .init(key: member.key, value: $0) }
                    }))
        }
    }
}
