import StrictJSON

extension Parser {
    mutating func entityScope(_ variable: Variable) throws(SyntaxError) -> ScopeConstraint {
        try expect(variable.rawValue)
        if take("==") { return .equal(try scopeEntity()) }
        if take("in") { return .in(try scopeEntity()) }
        guard take("is") else { return .any }
        let start = peek
        let type = try path()
        note(.entityType(type), at: start)
        return take("in") ? .isIn(type, try scopeEntity()) : .is(type)
    }

    mutating func actionScope() throws(SyntaxError) -> ActionConstraint {
        try expect("action")
        if take("==") { return .equal(try actionEntity()) }
        guard take("in") else { return .any }
        guard take("[") else { return .in([try actionEntity()]) }
        var actions: [EntityUID] = []
        while !take("]") {
            actions.append(try actionEntity())
            guard take(",") || peek.kind == .symbol("]") else { throw error("expected `,` or `]`, found \(peek.name)") }
        }
        return .in(actions)
    }

    private mutating func actionEntity() throws(SyntaxError) -> EntityUID {
        let start = peek
        let uid = try scopeEntity()
        guard uid.type == "Action" || uid.type.string.hasSuffix("::Action") else {
            throw error("the action must be an entity of type `Action`, not `\(uid.type)`", at: start)
        }
        return uid
    }

    private mutating func scopeEntity() throws(SyntaxError) -> EntityUID {
        if case .slot(let name) = peek.kind {
            throw error("templates are not accepted here: `\(name)` must be an entity")
        }
        let start = peek
        let type = try path()
        guard take("::") else { throw error("expected an entity such as `\(type)::\"id\"`", at: start) }
        return try entity(type, start)
    }

    /// A path of names; stops before `::` that a string follows.
    mutating func path() throws(SyntaxError) -> EntityType {
        var parts = [try name("a name")]
        while peek.kind == .symbol("::"), case .identifier = following.kind {
            advance()
            parts.append(try name("a name"))
        }
        return ExactString(parts.joined(separator: "::"))
    }

    mutating func name(_ what: String) throws(SyntaxError) -> String {
        guard case .identifier(let word) = peek.kind else { throw error("expected \(what), found \(peek.name)") }
        guard !Token.reserved.contains(word) else { throw error("`\(word)` is a reserved word and can't be \(what)") }
        advance()
        return word
    }

    mutating func entity(_ type: EntityType, _ start: Token) throws(SyntaxError) -> EntityUID {
        let uid = EntityUID(type: type, id: ExactString(try string("the entity's id")))
        note(.entity(uid), at: start)
        return uid
    }
}
