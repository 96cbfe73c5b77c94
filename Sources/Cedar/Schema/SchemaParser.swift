import StrictJSON

/// Reads schemas in the human syntax by recursive descent over its grammar.
struct SchemaParser {
    static let maximumDepth = 100

    private var reader: TokenReader
    private var schema = SchemaSyntax()
    private var depth = 0
    private var problems: [Diagnostic] = []

    private init(_ text: SourceText, _ tokens: [Token]) { reader = TokenReader(text, tokens) }

    static func schema(_ text: SourceText) throws(Diagnostics) -> SchemaSyntax {
        let lexed = Lexer.tokens(of: text)
        var parser = SchemaParser(text, lexed.tokens)
        parser.problems = lexed.problems
        var bare = NamespaceSyntax(name: NameSyntax(path: ""))
        while parser.reader.peek.kind != .end {
            // What closes a namespace that could not be read.
            if !parser.problems.isEmpty, parser.reader.take(.rightBrace) { continue }
            parser.recovering { p throws(Diagnostic) in try p.item(&bare) }
        }
        guard parser.problems.isEmpty else { throw Diagnostics(parser.problems) }
        if bare != NamespaceSyntax(name: NameSyntax(path: "")) { parser.schema.namespaces.insert(bare, at: 0) }
        return parser.schema
    }

    /// One mistake does not hide those after it: reading goes on after the next `;`.
    private mutating func recovering(_ read: (inout SchemaParser) throws(Diagnostic) -> Void) {
        do throws(Diagnostic) { try read(&self) } catch {
            problems.append(error)
            depth = 0
            while reader.peek.kind != .end, reader.advance().kind != .semicolon {}
        }
    }

    private mutating func item(_ bare: inout NamespaceSyntax) throws(Diagnostic) {
        let annotations = try reader.annotations()
        guard reader.isNext("namespace") else { return try declaration(annotations, &bare) }
        reader.advance()
        let start = reader.peek.range
        let path = try reader.path("a namespace").string
        let name = NameSyntax(path: path, range: SourceRange(start, through: reader.previous.range))
        if schema.namespaces.contains(where: { $0.name == name }) {
            problems.append(
                reader.error(
                    "namespace `\(path)` is declared twice", code: "schema.duplicate", hint: "put all in one", in: name.range))
        }
        var namespace = NamespaceSyntax(name: name, annotations: annotations)
        try reader.expect(.leftBrace, "{")
        while reader.peek.kind != .rightBrace, reader.peek.kind != .end {
            recovering { p throws(Diagnostic) in try p.declaration(p.reader.annotations(), &namespace) }
        }
        if problems.isEmpty || reader.peek.kind != .end { try reader.expect(.rightBrace, "}") }
        schema.namespaces.append(namespace)
    }

    private mutating func declaration(_ annotations: [Annotation], _ namespace: inout NamespaceSyntax) throws(Diagnostic) {
        if reader.take(word: "entity") {
            namespace.entities += try entities(annotations)
        } else if reader.take(word: "action") {
            namespace.actions += try actions(annotations)
        } else if reader.take(word: "type") {
            let name = try identifier("a type's name")
            try reader.expect(.assign, "=")
            namespace.types.append(CommonTypeSyntax(name: name, annotations: annotations, type: try type()))
            try reader.expect(.semicolon, ";")
        } else {
            let hint = reader.isNext("namespace") ? "namespaces don't nest: write `namespace A::B { … }`" : nil
            throw reader.error("expected `entity`, `action` or `type`, found \(reader.name(reader.peek))", hint: hint)
        }
    }

    // MARK: Names

    private mutating func identifier(_ what: String) throws(Diagnostic) -> NameSyntax {
        let name = try reader.name(what)
        return NameSyntax(path: name, range: reader.previous.range)
    }

    /// A name or a string.
    private mutating func label(_ what: String) throws(Diagnostic) -> NameSyntax {
        guard reader.peek.kind == .string else { return try identifier(what) }
        let name = try reader.string(what)
        return NameSyntax(path: name, range: reader.previous.range)
    }

    private mutating func path(_ what: String) throws(Diagnostic) -> NameSyntax {
        let start = reader.peek.range
        let path = try schemaPath(what)
        return NameSyntax(path: path, range: SourceRange(start, through: reader.previous.range))
    }

    /// As elsewhere, but `__cedar` may stand first: it names the built-in types.
    private mutating func schemaPath(_ what: String) throws(Diagnostic) -> String {
        guard reader.isNext("__cedar") else { return try reader.path(what).string }
        var path = reader.text(reader.advance())
        while reader.peek.kind == .doubleColon, reader.following.kind == .identifier {
            reader.advance()
            path += "::" + (try reader.name(what))
        }
        return path
    }

    /// `element, element, …`, at least one.
    private mutating func list<T>(_ element: (inout SchemaParser) throws(Diagnostic) -> T) throws(Diagnostic) -> [T] {
        var elements = [try element(&self)]
        while reader.take(.comma) { elements.append(try element(&self)) }
        return elements
    }

    /// A path, or paths in brackets.
    private mutating func paths() throws(Diagnostic) -> [NameSyntax] {
        guard reader.take(.leftBracket) else { return [try path("an entity type")] }
        if reader.take(.rightBracket) { return [] }
        let paths = try list { p throws(Diagnostic) in try p.path("an entity type") }
        try reader.expect(.rightBracket, "]")
        return paths
    }

    // MARK: Declarations

    private mutating func entities(_ annotations: [Annotation]) throws(Diagnostic) -> [EntitySyntax] {
        let names = try list { p throws(Diagnostic) in try p.identifier("an entity type's name") }
        var entity = EntitySyntax(name: names[0], annotations: annotations)
        if reader.take(word: "enum") {
            try reader.expect(.leftBracket, "[")
            entity.enumeration = try list { p throws(Diagnostic) in try p.reader.string("an entity's id") }
            try reader.expect(.rightBracket, "]")
        } else {
            if reader.take(word: "in") { entity.parents = try paths() }
            let assigned = reader.take(.assign)
            if assigned || reader.peek.kind == .leftBrace { entity.shape = try record() }
            if reader.take(word: "tags") { entity.tags = try type() }
        }
        try reader.expect(.semicolon, ";")
        return names.map { name in
            var copy = entity
            copy.name = name
            return copy
        }
    }

    private mutating func actions(_ annotations: [Annotation]) throws(Diagnostic) -> [ActionSyntax] {
        let names = try list { p throws(Diagnostic) in try p.label("an action's name") }
        var action = ActionSyntax(name: names[0], annotations: annotations)
        if reader.take(word: "in") {
            let isList = reader.take(.leftBracket)
            action.parents =
                isList
                ? try list { p throws(Diagnostic) in try p.actionReference() } : [try actionReference()]
            if isList { try reader.expect(.rightBracket, "]") }
        }
        if reader.take(word: "appliesTo") { action.appliesTo = try appliesTo(names[0]) }
        if reader.take(word: "attributes") {
            try reader.expect(.leftBrace, "{")
            try reader.expect(.rightBrace, "}")
        }
        try reader.expect(.semicolon, ";")
        return names.map { name in
            var copy = action
            copy.name = name
            return copy
        }
    }

    private mutating func actionReference() throws(Diagnostic) -> ActionReferenceSyntax {
        if reader.peek.kind == .string { return ActionReferenceSyntax(id: try label("an action")) }
        let path = try path("an action")
        if reader.take(.doubleColon) {
            return ActionReferenceSyntax(type: path, id: try label("an action's id"))
        }
        guard !path.isQualified else { throw reader.error("expected `::` and the action's id in quotes") }
        return ActionReferenceSyntax(id: path)
    }

    private mutating func appliesTo(_ action: NameSyntax) throws(Diagnostic) -> AppliesToSyntax {
        var appliesTo = AppliesToSyntax()
        var seen: Set<String> = []
        try reader.expect(.leftBrace, "{")
        repeat {
            let token = reader.peek
            let key = try reader.anyName("`principal`, `resource` or `context`")
            guard seen.insert(key).inserted else {
                throw reader.error("`\(key)` is given twice", code: "schema.duplicate", at: token)
            }
            try reader.expect(.colon, ":")
            switch key {
            case "principal": appliesTo.principals = try applicable(key, action)
            case "resource": appliesTo.resources = try applicable(key, action)
            case "context": appliesTo.context = reader.peek.kind == .leftBrace ? try record() : try contextName()
            default: throw reader.error("expected `principal`, `resource` or `context`, found `\(key)`", at: token)
            }
        } while reader.take(.comma) && reader.peek.kind != .rightBrace
        try reader.expect(.rightBrace, "}")
        for key in ["principal", "resource"] where !seen.contains(key) {
            throw reader.error(
                "`\(key)` is missing from what action `\(action.path)` applies to", code: "schema.applies_to",
                hint: "an action that applies to nothing has no `appliesTo`", in: action.range)
        }
        return appliesTo
    }

    private mutating func contextName() throws(Diagnostic) -> TypeSyntax {
        let name = try path("a type")
        return TypeSyntax(.name(name), at: name.range)
    }

    private mutating func applicable(_ key: String, _ action: NameSyntax) throws(Diagnostic) -> [NameSyntax] {
        let start = reader.peek
        let paths = try paths()
        guard !paths.isEmpty else {
            throw reader.error(
                "`\(key)` of action `\(action.path)` is empty", code: "schema.applies_to",
                hint: "an action that applies to nothing has no `appliesTo`", at: start)
        }
        return paths
    }

    // MARK: Types

    private mutating func type() throws(Diagnostic) -> TypeSyntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw reader.error("types nest deeper than \(Self.maximumDepth) levels", code: "text.too_deep")
        }
        let start = reader.peek
        if start.kind == .leftBrace { return try record() }
        if reader.isNext("Set"), reader.following.kind == .less {
            reader.advance()
            reader.advance()
            let element = try type()
            try reader.expect(.greater, ">")
            return TypeSyntax(.set(element), at: SourceRange(start.range, through: reader.previous.range))
        }
        let name = try path("a type")
        return TypeSyntax(.name(name), at: name.range)
    }

    private mutating func record() throws(Diagnostic) -> TypeSyntax {
        let start = reader.peek.range
        try reader.expect(.leftBrace, "{")
        var attributes: [AttributeSyntax] = []
        var names: Set<ExactString> = []
        while !reader.take(.rightBrace) {
            let annotations = try reader.annotations()
            let name = try label("an attribute's name")
            if !names.insert(ExactString(name.path)).inserted {
                problems.append(
                    reader.error("attribute `\(name.path)` is declared twice", code: "schema.duplicate", in: name.range))
            }
            let isOptional = reader.take(.question)
            try reader.expect(.colon, ":")
            attributes.append(AttributeSyntax(name: name, annotations: annotations, isRequired: !isOptional, type: try type()))
            guard reader.take(.comma) || reader.peek.kind == .rightBrace else {
                throw reader.error("expected `,` or `}`, found \(reader.name(reader.peek))")
            }
        }
        return TypeSyntax(.record(attributes), at: SourceRange(start, through: reader.previous.range))
    }
}
