import StrictJSON

/// Reads policy texts by recursive descent over the grammar of the Cedar language.
struct PolicyParser {
    /// Deeper nesting, and longer chains of one operator, are refused: both become stack at evaluation.
    static let maximumDepth = 100

    var reader: TokenReader
    var depth = 0
    private let text: SourceText

    private init(_ text: SourceText, _ tokens: [Token]) {
        self.text = text
        reader = TokenReader(text, tokens)
    }

    /// All policies and templates of the text, with the ids `policy0`, `policy1` and so on, in order.
    static func policies(_ source: String) throws(Diagnostics) -> [Policy] {
        let text = SourceText(source)
        let lexed = Lexer.tokens(of: text)
        var parser = PolicyParser(text, lexed.tokens)
        var policies: [Policy] = []
        var problems = lexed.problems
        while parser.reader.peek.kind != .end {
            do throws(Diagnostic) {
                policies.append(try parser.policy("policy\(policies.count)"))
            } catch {
                problems.append(error)
                parser.recover()
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return policies
    }

    /// Goes on after the next `;`, so that one mistake does not hide those after it.
    private mutating func recover() {
        depth = 0
        while reader.peek.kind != .end, reader.advance().kind != .semicolon {}
    }

    private mutating func policy(_ id: String) throws(Diagnostic) -> Policy {
        let first = reader.peek
        let annotations = try reader.annotations()
        let effect = try effect()
        try reader.expect(.leftParenthesis, "(")
        let principal = try entityScope(.principal)
        try comma(before: "action")
        let action = try actionScope()
        try comma(before: "resource")
        let resource = try entityScope(.resource)
        _ = reader.take(.comma)
        try reader.expect(.rightParenthesis, ")")
        let conditions = try conditions()
        try reader.expect(.semicolon, ";")
        return Policy(
            id: id, effect: effect, annotations: annotations, template: nil, text: text,
            range: SourceRange(first.range, through: reader.previous.range), principal: principal, action: action,
            resource: resource, conditions: conditions)
    }

    private mutating func comma(before variable: String) throws(Diagnostic) {
        guard reader.take(.comma) else {
            let found = reader.name(reader.peek)
            throw reader.error(
                "expected `,` and `\(variable)`, found \(found)", hint: "a head is `(principal, action, resource)`")
        }
    }

    private mutating func effect() throws(Diagnostic) -> Effect {
        if reader.take(word: "permit") { return .permit }
        if reader.take(word: "forbid") { return .forbid }
        throw reader.error("expected `permit` or `forbid`, found \(reader.name(reader.peek))")
    }

    private mutating func conditions() throws(Diagnostic) -> [Condition] {
        var conditions: [Condition] = []
        while true {
            let isUnless = reader.isNext("unless")
            guard reader.take(word: "when") || reader.take(word: "unless") else { return conditions }
            try reader.expect(.leftBrace, "{")
            conditions.append(Condition(isUnless: isUnless, body: try expression()))
            try reader.expect(.rightBrace, "}")
        }
    }

    // MARK: The head

    private mutating func entityScope(_ variable: Variable) throws(Diagnostic) -> ScopeConstraint {
        let start = reader.peek
        try variable == .principal ? reader.expect(word: "principal") : reader.expect(word: "resource")
        let kind = try entityScopeKind(variable)
        return ScopeConstraint(kind, at: SourceRange(start.range, through: reader.previous.range))
    }

    private mutating func entityScopeKind(_ variable: Variable) throws(Diagnostic) -> ScopeConstraint.Kind {
        if reader.take(.equal) { return .equal(try reference(variable)) }
        if reader.take(word: "in") { return .in(try reference(variable)) }
        guard reader.take(word: "is") else { return .any }
        let type = try reader.path("an entity type")
        return reader.take(word: "in") ? .isIn(type, try reference(variable)) : .is(type)
    }

    private mutating func reference(_ variable: Variable) throws(Diagnostic) -> EntityReference {
        let start = reader.peek
        guard start.kind == .slot else { return try entityReference() }
        let slot: Slot = variable == .principal ? .principal : .resource
        guard reader.text(start).isExactly(slot.rawValue) else {
            throw reader.error("the slot here must be `\(slot.rawValue)`, not `\(reader.text(start))`", code: "policy.wrong_slot")
        }
        reader.advance()
        return EntityReference(.slot(slot), at: start.range)
    }

    private mutating func entityReference() throws(Diagnostic) -> EntityReference {
        let start = reader.peek
        guard start.kind == .identifier else {
            throw reader.error("expected an entity such as `Type::\"id\"`, found \(reader.name(start))")
        }
        let type = try reader.path()
        guard reader.take(.doubleColon) else {
            throw reader.error(
                "expected an entity such as `\(type)::\"id\"`", in: SourceRange(start.range, through: reader.previous.range))
        }
        let id = ExactString(try reader.string("the entity's id"))
        return EntityReference(
            .entity(EntityUID(type: type, id: id)), at: SourceRange(start.range, through: reader.previous.range))
    }

    private mutating func actionScope() throws(Diagnostic) -> ActionConstraint {
        try reader.expect(word: "action")
        if reader.take(.equal) { return .equal(try actionReference()) }
        guard reader.take(word: "in") else {
            guard !reader.isNext("is") else {
                throw reader.error("`is` can't be asked of the action", hint: "use `in` and an action group")
            }
            return .any
        }
        guard reader.take(.leftBracket) else { return .in([try actionReference()]) }
        var actions: [EntityReference] = []
        while !reader.take(.rightBracket) {
            actions.append(try actionReference())
            try separator(.rightBracket, "]")
        }
        return .in(actions)
    }

    private mutating func actionReference() throws(Diagnostic) -> EntityReference {
        if reader.peek.kind == .slot {
            throw reader.error("the action can't be a slot: a template fixes its actions", code: "policy.wrong_slot")
        }
        let reference = try entityReference()
        guard case .entity(let uid) = reference.kind, uid.isAction else {
            throw reader.error("the action must be an entity of the type `Action`", in: reference.range)
        }
        return reference
    }

    /// A comma, or the closing mark next.
    mutating func separator(_ closing: Token.Kind, _ shown: String) throws(Diagnostic) {
        guard reader.take(.comma) || reader.peek.kind == closing else {
            throw reader.error("expected `,` or `\(shown)`, found \(reader.name(reader.peek))")
        }
    }
}

extension TokenReader {
    /// `@name` and `@name("value")`, any number of them.
    mutating func annotations() throws(Diagnostic) -> [Annotation] {
        var annotations: [Annotation] = []
        while take(.at) {
            let name = try anyName("an annotation's name")
            guard !annotations.contains(where: { $0.name == name }) else {
                throw error("annotation `\(name)` is given twice", code: "text.duplicate_annotation", at: previous)
            }
            var value: String?
            if take(.leftParenthesis) {
                value = try string("the annotation's value")
                try expect(.rightParenthesis, ")")
            }
            annotations.append(Annotation(name: name, value: value))
        }
        return annotations
    }
}

extension EntityUID {
    /// Whether its type is `Action`, in whatever namespace.
    public var isAction: Bool { type == "Action" || type.string.utf8.suffix(8).elementsEqual("::Action".utf8) }
}
