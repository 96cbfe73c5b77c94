public import StrictJSON

extension Request {
    /// Reads `{"principal": "T::\"id\"", "action": …, "resource": …, "context": {…}}`, the entities written as Cedar literals;
    /// the context may be absent.
    public init(line json: JSONValue) throws(FormatError) {
        var fields = try JSONFields(json, at: "")
        self.init(
            principal: try fields.literal("principal"), action: try fields.literal("action"),
            resource: try fields.literal("resource"))
        context = try Self.context(json: fields.optional("context") ?? [:])
        try fields.end()
    }

    /// Reads a context, untyped.
    public static func context(json: JSONValue) throws(FormatError) -> [ExactString: Value] {
        guard case .record(let context) = try Value(json: json, at: "/context") else {
            throw FormatError(path: "/context", message: "the context must be a record")
        }
        return context
    }
}

extension JSONFields {
    fileprivate mutating func literal(_ key: String) throws(FormatError) -> EntityUID {
        let text = try string(key)
        guard let uid = EntityUID(literal: text) else {
            throw FormatError(path: "/" + key, message: "an entity such as Type::\"id\" belongs here")
        }
        return uid
    }
}

extension EntityUID {
    /// Reads a Cedar literal such as `User::"alice"`; nil when the text is none.
    public init?(literal text: String) {
        let source = SourceText(text)
        let lexed = Lexer.tokens(of: source)
        var reader = TokenReader(source, lexed.tokens)
        guard lexed.problems.isEmpty, let type = try? reader.path(), reader.take(.doubleColon),
            let id = try? reader.string("an id"),
            reader.peek.kind == .end
        else { return nil }
        self.init(type: type, id: ExactString(id))
    }
}
