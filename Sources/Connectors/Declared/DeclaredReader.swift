import Authority
import StrictJSON
import StrictYAML

/// Reads a catalogue that is configuration: kinds, relations and operations. What a kind of system adds to each of them, such as
/// the request that carries an operation out, it reads from the same fields.
struct DeclaredReader<Native: Sendable> {
    /// What an operation is, and how it is carried out.
    struct Declared: Sendable {
        let operation: Operation
        let native: Native
    }

    /// The Cedar namespace; relations have it in lower case before their names.
    let namespace: String
    private(set) var kinds: [EntityKind] = []
    private(set) var relations: [RelationDefinition] = []
    private(set) var operations: [Declared] = []
    /// The relations that give nothing to whoever stands first.
    private var harmless: Set<String> = []
    /// The characters that names of a kind may have besides those of identifiers.
    private var characters: [String: String] = [:]

    init(_ fields: inout YAMLFields) throws {
        namespace = try fields.string("namespace")
        guard namespace.wholeMatch(of: /[A-Z][A-Za-z0-9]{0,30}/) != nil,
            !["exequatur", "ldap", "embedded", "directory"].contains(namespace.lowercased())
        else {
            throw fields.problem(
                "`namespace` begins with a capital and has letters and digits: it is what policies write before `::User`, and no "
                    + "other kind of system has it", of: "namespace")
        }
    }

    var prefix: String { namespace.lowercased() + "." }

    /// A relation by the name that the catalogue gives it.
    func relation(_ name: String) -> String { prefix + name }

    // MARK: Kinds

    /// - Parameter more: takes the fields that say how entities of the kind are read.
    mutating func readKinds(_ fields: inout YAMLFields, _ more: (inout YAMLFields, EntityKind) throws -> Void) throws {
        var all = try fields.mapping("kinds")
        for name in all.left {
            var one = try all.mapping(name)
            guard Self.isWord(name), !NodeID.reserved.contains(name) else {
                throw one.problem(
                    "a kind has lower-case words with hyphens for a name, and not one of the gateway's own: `\(name)`")
            }
            let kind = EntityKind(
                name, plural: try one.optionalString("plural") ?? name + "s", try one.choice("role", EntityRole.allCases),
                ids: try Self.ids(&one), attributes: try Self.attributes(&one, prefix),
                // Whoever gets a name that is free again gets what waits for it.
                naming: nil)
            characters[name] = try Self.characters(&one)
            kinds.append(kind.ids == .immutable ? kind : kind.naming(by: prefix + Self.named))
            try more(&one, kind)
            try one.end()
        }
        try all.end()
    }

    private static func isWord(_ text: String) -> Bool { text.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil }

    private static func ids(_ fields: inout YAMLFields) throws -> IDRule {
        switch try fields.string("ids") {
        case "immutable": return .immutable
        case "reusable": return .reusable(foldsCase: false)
        case "reusable-folding-case": return .reusable(foldsCase: true)
        default:
            throw fields.problem(
                "`ids` says how ids behave: immutable (one means one entity for ever), reusable, or reusable-folding-case",
                of: "ids")
        }
    }

    /// What else a name may hold: nothing that could end a segment of a path unseen.
    private static func characters(_ fields: inout YAMLFields) throws -> String {
        let text = try fields.optionalString("characters") ?? ""
        if let bad = text.first(where: { !"/:+~=, *".contains($0) }) {
            throw fields.problem("names can't be allowed to hold `\(bad)`; of / : + ~ = , * and blank each can", of: "characters")
        }
        return text
    }

    private static func attributes(_ fields: inout YAMLFields, _ prefix: String) throws -> [AttributeDefinition] {
        guard var all = try fields.optionalMapping("attributes") else { return [] }
        var attributes: [AttributeDefinition] = []
        for name in all.left {
            var one = try all.mapping(name)
            guard name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_]{0,60}/) != nil, !["kind", "labels"].contains(name) else {
                throw one.problem("`\(name)` can't be an attribute's name: letters, digits and _, and not `kind` or `labels`")
            }
            attributes.append(
                AttributeDefinition(
                    name, try one.choice("sensitivity", Sensitivity.allCases),
                    type: try one.optionalChoice("type", ValueType.allCases) ?? .string,
                    confers: try one.optionalString("confers").map { prefix + $0 }))
            try one.end()
        }
        try all.end()
        return attributes
    }

    /// The relation by which what is created takes a name, of kinds whose names can be used again.
    private static var named: String { "named" }

    private var namings: [RelationDefinition] {
        let reusable = kinds.filter { $0.naming != nil }.map(\.name)
        guard !reusable.isEmpty else { return [] }
        return [RelationDefinition(prefix + Self.named, from: reusable, to: [NodeID.nameKind] + reusable, origin: .naming)]
    }

    // MARK: Relations

    mutating func readRelations(_ fields: inout YAMLFields) throws {
        guard var all = try fields.optionalMapping("relations") else { return }
        for name in all.left {
            var one = try all.mapping(name)
            guard Self.isWord(name), name != Self.named else {
                throw one.problem("a relation has lower-case words with hyphens for a name: `\(name)`")
            }
            let isRestriction = try one.flag("restriction")
            let origin = try one.optionalChoice("origin", [RelationDefinition.Origin.backend, .credential]) ?? .backend
            relations.append(
                RelationDefinition(
                    relation(name), from: try one.strings("from"), to: try one.strings("to"), isRestriction: isRestriction,
                    projection: try Self.projection(&one), origin: origin,
                    sensitivity: try one.optionalChoice("sensitivity", Sensitivity.allCases) ?? .public,
                    isHeldBySecond: try one.flag("heldBySecond")))
            if try one.flag("harmless") { harmless.insert(relation(name)) }
            try one.end()
        }
        try all.end()
    }

    private static func projection(_ fields: inout YAMLFields) throws -> RelationDefinition.Projection {
        if var parent = try fields.optionalMapping("parent") {
            defer { _ = parent }
            let projection = RelationDefinition.Projection.parent(
                up: try parent.string("up"), down: try parent.string("down"), below: try parent.string("below"))
            try parent.end()
            return projection
        }
        guard var mirrors = try fields.optionalMapping("mirrors") else { return .none }
        let projection = RelationDefinition.Projection.mirrors(
            try mirrors.string("attribute"), negated: try mirrors.flag("negated"))
        try mirrors.end()
        return projection
    }

    // MARK: Operations

    /// - Parameter more: takes the fields that say how it is carried out; gives that, and what of it approvals are bound to.
    mutating func readOperations(
        _ fields: inout YAMLFields, _ names: OperationNames, _ lookup: (String, inout YAMLFields) throws -> Definition,
        _ more: (String, inout YAMLFields, [InputField], Access) throws -> (Native, JSONValue)
    ) throws {
        var all = try fields.mapping("operations")
        for name in all.left {
            var one = try all.mapping(name)
            if let problem = names.problem(name) { throw one.problem(problem) }
            let definition = try lookup(name, &one)
            if case .unclassified = definition { continue }
            operations.append(try operation(name, &one, definition, more))
            try one.end()
        }
        try all.end()
    }

    private func operation(
        _ name: String, _ fields: inout YAMLFields, _ definition: Definition,
        _ more: (String, inout YAMLFields, [InputField], Access) throws -> (Native, JSONValue)
    ) throws -> Declared {
        let known = definition.known
        let input = try DeclaredInput(characters).read(&fields, sharpening: known?.input)
        let access = try fields.choice("access", [Access.read, .write])
        let effects = try DeclaredEffects(prefix: prefix, input: input).read(&fields)
        guard access == .write || effects.isEmpty else { throw fields.problem("what has effects is a write", of: "effects") }
        let summary = try fields.optionalString("summary") ?? known?.summary ?? fields.string("summary")
        let (native, template) = try more(name, &fields, input, access)
        let operation = Operation(
            name, summary, access, on: try target(&fields, input, known), input: input,
            answer: try answer(&fields, known, access),
            classes: try fields.choices("classes", OperationClass.allCases), effects: effects,
            inverse: try fields.optionalString("inverse"),
            reversibility: try fields.optionalChoice("reversibility", Reversibility.allCases) ?? .irreversible,
            sensitivity: try fields.optionalChoice("sensitivity", Sensitivity.allCases) ?? .internal,
            phrase: try fields.optionalString("phrase") ?? "", template: template, offer: known?.offer)
        return Declared(operation: operation, native: native)
    }

    private func target(_ fields: inout YAMLFields, _ input: [InputField], _ known: KnownOperation?) throws -> OperationTarget {
        let text = try fields.optionalString("on") ?? known.map { _ in "system" } ?? fields.string("on")
        let words = text.split(separator: " ").map(String.init)
        switch words.count {
        case 1 where words[0] == "system": return .system
        // The input that names it is called as the kind is, unless that is said.
        case 1: return .existing(words[0], by: words[0])
        case 2 where words[0] == "new": return .new(words[1], named: words[1])
        case 4 where words[0] == "new" && words[2] == "by": return .new(words[1], named: words[3])
        case 3 where words[1] == "by": return .existing(words[0], by: words[2])
        default:
            throw fields.problem(
                "`on` is what it acts on: `user` (named by the input `user`), `user by owner`, `new user`, `new user by name`, or `system`",
                of: "on")
        }
    }

    private func answer(_ fields: inout YAMLFields, _ known: KnownOperation?, _ access: Access) throws -> AnswerShape {
        guard known == nil else { return access == .read ? .document : .none }
        guard let text = try fields.optionalString("answer") else { return .none }
        let words = text.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("one", 2): return .one(words[1], .init(after: "after", limit: "limit"))
        case ("list", 2): return .list(words[1], .init(attribute: nil, sort: "sort", limit: "limit"))
        default: throw fields.problem("`answer` is `one KIND` or `list KIND`", of: "answer")
        }
    }

    // MARK: What comes of it

    func catalogue() -> Catalogue {
        Catalogue(namespace: namespace, kinds: kinds, relations: relations + namings, operations: operations.map(\.operation))
    }

    /// Rules where the catalogue brings none: whoever stands first in a relation can become what stands second, unless it is said
    /// to be harmless; and a credential belongs to whoever chose it. Restrictions keep nobody from anything.
    ///
    /// - Throws: ``ConfigurationError`` for a fact about one entity: what that gives, only rules can say.
    func defaultRules(_ fields: YAMLFields) throws -> String {
        try relations.map { relation in
            let name = relation.name
            let isWide = !relation.to.isEmpty || relation.origin != .backend
            let declaration =
                "\(relation.isRestriction ? "restriction" : "relation") \(name)(who\(isWide ? ", what" : "")) "
                + "\"\(relation.localName.replacing("-", with: " "))\"."
            guard isWide || relation.isRestriction || harmless.contains(name) else {
                throw fields.problem(
                    "`\(relation.localName)` is about one entity, and what that gives only rules can say: bring `rules`, or say "
                        + "`harmless: true`")
            }
            guard isWide, !relation.isRestriction, !harmless.contains(name) else { return declaration }
            let (taker, taken) = relation.origin == .credential ? ("?x", "?u") : ("?u", "?x")
            return declaration
                + "\nbecome(\(taker), \(taken)) if \(name)(?u, ?x) because \"whoever may change it can become it\" "
                + "source \"the catalogue \(namespace), which brings no rules\"."
        }.joined(separator: "\n") + "\n"
    }

    /// Rules for what the catalogue declares by itself: what is created under a name has what waits for it.
    var namingRules: String {
        namings.map { relation in
            """
            relation \(relation.name)(who, name) "has the name".
            become(?u, ?n) if \(relation.name)(?u, ?n) because "the name was waiting" source "the catalogue \(namespace): reusable ids".

            """
        }.joined()
    }
}
