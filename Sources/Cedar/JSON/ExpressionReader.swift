import StrictJSON

/// Reads expressions in the JSON form of the language.
struct ExpressionReader {
    private var depth = 0

    static func read(_ json: JSONValue, at path: String) throws(FormatError) -> Expression {
        var reader = ExpressionReader()
        return try reader.read(json, path)
    }

    private mutating func read(_ json: JSONValue, _ path: String) throws(FormatError) -> Expression {
        guard let object = json.object, object.members.count == 1, let member = object.members.first else {
            throw FormatError(path: path, message: "an expression is an object with one member, its operator")
        }
        let node = Expression(try kind(member.key, member.value, "\(path)/\(member.key)"))
        guard node.height <= Expression.maximumHeight, node.size <= Expression.maximumSize else {
            throw FormatError(path: path, message: Expression.tooLarge)
        }
        return node
    }

    /// An operand that a text would put in parentheses; the left one of a chain would not be.
    private mutating func nested(_ json: JSONValue, _ path: String) throws(FormatError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth < PolicyParser.maximumDepth else {
            throw FormatError(path: path, message: "nested deeper than \(PolicyParser.maximumDepth) levels")
        }
        return try read(json, path)
    }

    private static let chains: Set<String> = ["&&", "||", "+", "-", "*"]

    private mutating func kind(_ key: String, _ json: JSONValue, _ path: String) throws(FormatError) -> Expression.Kind {
        switch key {
        case "Value": return try literal(json, path).kind
        case "Var":
            guard let variable = json.string.flatMap(Variable.init) else {
                throw FormatError(path: path, message: "the variables are principal, action, resource and context")
            }
            return .variable(variable)
        case "Slot": throw FormatError(path: path, message: "a slot may stand only in a template's head")
        case "Set": return .set(try list(json, path))
        case "Record": return try record(json, path)
        case "!", "neg", "isEmpty":
            var fields = try JSONFields(json, at: path)
            let operand = try nested(fields.required("arg"), path + "/arg")
            try fields.end()
            return .unary(UnaryOperator(rawValue: key) ?? .not, operand)
        case ".", "has", "like", "is", "if-then-else": return try special(key, json, path)
        default:
            if key == "&&" || key == "||" || BinaryOperator(rawValue: key) != nil { return try pair(key, json, path) }
            return try call(key, json, path)
        }
    }

    private mutating func pair(_ key: String, _ json: JSONValue, _ path: String) throws(FormatError) -> Expression.Kind {
        var fields = try JSONFields(json, at: path)
        let first = try fields.required("left")
        let left = Self.chains.contains(key) ? try read(first, path + "/left") : try nested(first, path + "/left")
        let right = try nested(fields.required("right"), path + "/right")
        try fields.end()
        switch key {
        case "&&": return .and(left, right)
        case "||": return .or(left, right)
        default: return .binary(BinaryOperator(rawValue: key) ?? .equal, left, right)
        }
    }

    private mutating func special(_ key: String, _ json: JSONValue, _ path: String) throws(FormatError) -> Expression.Kind {
        var fields = try JSONFields(json, at: path)
        let kind: Expression.Kind
        if key == "if-then-else" {
            let test = try nested(fields.required("if"), path + "/if")
            let then = try nested(fields.required("then"), path + "/then")
            kind = .ifThenElse(test, then: then, else: try nested(fields.required("else"), path + "/else"))
        } else {
            let left =
                try key == "." ? read(fields.required("left"), path + "/left") : nested(fields.required("left"), path + "/left")
            switch key {
            case ".": kind = .attribute(left, ExactString(try fields.string("attr")))
            case "has": kind = try has(left, fields.required("attr"), path + "/attr")
            case "like": kind = .like(left, try pattern(fields.requiredArray("pattern"), path + "/pattern"))
            default:
                let type = try fields.typeName("entity_type")
                var group: Expression?
                if let inner = fields.optional("in") { group = try nested(inner, path + "/in") }
                kind = .is(left, type, in: group)
            }
        }
        try fields.end()
        return kind
    }

    /// One name, or the names of `a has b.c`.
    private func has(_ left: Expression, _ json: JSONValue, _ path: String) throws(FormatError) -> Expression.Kind {
        if let name = json.string { return .has(left, ExactString(name)) }
        let names = (json.array ?? []).compactMap(\.string)
        guard let first = names.first, names.count == json.array?.count else {
            throw FormatError(path: path, message: "a name, or an array of one or more names, belongs here")
        }
        var (subject, result) = (left, Expression(.has(left, ExactString(first))))
        for (previous, name) in zip(names, names.dropFirst()) {
            subject = Expression(.attribute(subject, ExactString(previous)))
            result = Expression(.and(result, Expression(.has(subject, ExactString(name)))))
        }
        return result.kind
    }

    private func pattern(_ pieces: [JSONValue], _ path: String) throws(FormatError) -> Pattern {
        var elements: [Pattern.Element] = []
        for piece in pieces {
            if piece.string == "Wildcard" {
                elements.append(.wildcard)
            } else if let object = piece.object, object.keys == ["Literal"], let text = object["Literal"]?.string {
                elements += text.unicodeScalars.map { .scalar($0) }
            } else {
                throw FormatError(path: path, message: "a pattern is made of \"Wildcard\" and {\"Literal\": …}")
            }
        }
        return Pattern(elements)
    }

    private mutating func list(_ json: JSONValue, _ path: String) throws(FormatError) -> [Expression] {
        guard let array = json.array else { throw FormatError(path: path, message: "an array belongs here") }
        var elements: [Expression] = []
        for (index, element) in array.enumerated() { elements.append(try nested(element, "\(path)/\(index)")) }
        return elements
    }

    private mutating func record(_ json: JSONValue, _ path: String) throws(FormatError) -> Expression.Kind {
        guard let object = json.object else { throw FormatError(path: path, message: "an object belongs here") }
        var members: [(ExactString, Expression)] = []
        for member in object.members {
            members.append((ExactString(member.key), try nested(member.value, "\(path)/\(member.key)")))
        }
        return .record(members)
    }

    private mutating func call(_ name: String, _ json: JSONValue, _ path: String) throws(FormatError) -> Expression.Kind {
        guard let function = ExtensionFunction(rawValue: name) else {
            throw FormatError(path: path, message: "there is no operator or function `\(Printable.text(name))`")
        }
        let arguments = try list(json, path)
        guard function.isConstructor || !arguments.isEmpty else {
            throw FormatError(path: path, message: "`\(name)` is a method and needs what it is called on")
        }
        return .call(function, arguments)
    }

    /// A `Value`: a literal, or a set, record or extension value, which become the expressions that make them.
    private mutating func literal(_ json: JSONValue, _ path: String) throws(FormatError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth < PolicyParser.maximumDepth else {
            throw FormatError(path: path, message: "nested deeper than \(PolicyParser.maximumDepth) levels")
        }
        switch json {
        case .array(let elements):
            var expressions: [Expression] = []
            for (index, element) in elements.enumerated() { expressions.append(try literal(element, "\(path)/\(index)")) }
            return Expression(.set(expressions))
        case .object(let object) where object.keys == ["__extn"]: return try constructed(object["__extn"] ?? .null, path)
        case .object(let object) where object["__entity"] == nil && object["__extn"] == nil:
            var members: [(ExactString, Expression)] = []
            for member in object.members {
                members.append((ExactString(member.key), try literal(member.value, "\(path)/\(member.key)")))
            }
            return Expression(.record(members))
        default: return Expression(try Value(json: json, at: path))
        }
    }

    /// `{"fn": …, "arg": …}` as the call that it writes, not as its value: what it does not accept is an error at evaluation.
    private mutating func constructed(_ json: JSONValue, _ path: String) throws(FormatError) -> Expression {
        var fields = try JSONFields(json, at: path)
        guard let function = ExtensionFunction(rawValue: try fields.string("fn")) else {
            throw FormatError(path: path, message: "`__extn` needs the name of an extension function in `fn`")
        }
        var inputs: [JSONValue] = []
        if let single = fields.optional("arg") { inputs = [single] } else { inputs = try fields.requiredArray("args") }
        var arguments: [Expression] = []
        for input in inputs { arguments.append(try literal(input, path)) }
        try fields.end()
        return Expression(.call(function, arguments))
    }
}
