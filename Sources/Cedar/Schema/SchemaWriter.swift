import StrictJSON

extension Schema {
    /// The schema in the human syntax.
    ///
    /// - Throws: ``FormatError`` when a name of the JSON form means one thing and would mean another in the human
    ///   syntax, which has no way to say which.
    public func text() throws(FormatError) -> String { try SchemaWriter(syntax).text() }
}

/// Writes a schema in the human syntax, declarations in the order of their names.
private struct SchemaWriter {
    private let syntax: SchemaSyntax
    /// The last parts of all declared names: a built-in name among them must be written in full.
    private let declared: Set<String>
    private let commonNames: Set<String>

    init(_ syntax: SchemaSyntax) {
        self.syntax = syntax
        declared = Set(syntax.namespaces.flatMap { $0.entities.map(\.name.path) + $0.types.map(\.name.path) })
        commonNames = Set(syntax.namespaces.flatMap { $0.types.map(\.name.path) })
    }

    func text() throws(FormatError) -> String {
        var blocks: [String] = []
        for namespace in syntax.namespaces.sorted(by: { $0.name.path < $1.name.path }) {
            let indent = namespace.name.path.isEmpty ? "" : "  "
            var lines: [String] = []
            for type in namespace.types.sorted(by: { $0.name.path < $1.name.path }) {
                lines.append(
                    notes(type.annotations, indent) + "\(indent)type \(type.name.path) = \(try text(type.type, indent));")
            }
            for entity in namespace.entities.sorted(by: { $0.name.path < $1.name.path }) {
                lines.append(try text(entity, indent))
            }
            for action in namespace.actions.sorted(by: { $0.name.path < $1.name.path }) { lines.append(try text(action, indent)) }
            let body = lines.joined(separator: "\n")
            if namespace.name.path.isEmpty {
                blocks.append(body)
            } else {
                blocks.append(notes(namespace.annotations, "") + "namespace \(namespace.name.path) {\n\(body)\n}")
            }
        }
        return blocks.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private func notes(_ annotations: [Annotation], _ indent: String) -> String {
        annotations.map { "\(indent)@\($0.name)" + ($0.value.map { "(\(StringLiteral.quoted($0)))" } ?? "") + "\n" }.joined()
    }

    private func label(_ name: String) -> String { Identifier.isName(name) ? name : StringLiteral.quoted(name) }

    private func list(_ names: [NameSyntax]) -> String {
        names.count == 1 ? names[0].path : "[\(names.map(\.path).joined(separator: ", "))]"
    }

    private func text(_ entity: EntitySyntax, _ indent: String) throws(FormatError) -> String {
        var text = notes(entity.annotations, indent) + "\(indent)entity \(entity.name.path)"
        if let ids = entity.enumeration {
            return text + " enum [\(ids.map(StringLiteral.quoted).joined(separator: ", "))];"
        }
        if !entity.parents.isEmpty { text += " in \(list(entity.parents))" }
        if let shape = entity.shape {
            guard case .record(let attributes) = shape.kind else {
                throw FormatError(path: "/\(entity.name.path)/shape", message: "the human syntax can't name an entity's shape")
            }
            if !attributes.isEmpty { text += " \(try self.text(shape, indent))" }
        }
        if let tags = entity.tags { text += " tags \(try self.text(tags, indent))" }
        return text + ";"
    }

    private func text(_ action: ActionSyntax, _ indent: String) throws(FormatError) -> String {
        var text = notes(action.annotations, indent) + "\(indent)action \(label(action.name.path))"
        if !action.parents.isEmpty {
            let parents = action.parents.map { reference in
                reference.type.map { "\($0.path)::\(StringLiteral.quoted(reference.id.path))" } ?? label(reference.id.path)
            }
            text += " in [\(parents.joined(separator: ", "))]"
        }
        if let applies = action.appliesTo {
            let context =
                try applies.context.map { context throws(FormatError) in ", context: \(try self.text(context, indent))" } ?? ""
            guard !applies.principals.isEmpty, !applies.resources.isEmpty else { return text + ";" }
            text += " appliesTo { principal: \(list(applies.principals)), resource: \(list(applies.resources))\(context) }"
        }
        return text + ";"
    }

    private func text(_ type: TypeSyntax, _ indent: String) throws(FormatError) -> String {
        switch type.kind {
        case .name(let name), .common(let name): return name.path
        case .entity(let name):
            guard !commonNames.contains(name.base) else {
                throw FormatError(
                    path: "",
                    message: "entity type `\(name.path)` has the name of a common type, which the human syntax would take")
            }
            return name.path
        case .primitive(let primitive): return builtin(primitive.rawValue)
        case .extension(let type): return builtin(type.rawValue)
        case .set(let element): return "Set<\(try text(element, indent))>"
        case .record(let attributes):
            if attributes.isEmpty { return "{}" }
            let inner = indent + "  "
            var lines: [String] = []
            for attribute in attributes {
                let type = try text(attribute.type, inner)
                lines.append(
                    notes(attribute.annotations, inner)
                        + "\(inner)\(label(attribute.name.path))\(attribute.isRequired ? "" : "?"): \(type),")
            }
            return "{\n\(lines.joined(separator: "\n"))\n\(indent)}"
        }
    }

    private func builtin(_ name: String) -> String { declared.contains(name) ? "__cedar::\(name)" : name }
}
