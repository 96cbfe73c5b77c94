import Authority
public import ConnectorKit
import DeclaredKit
import Foundation
import StrictJSON
import StrictYAML

/// A declared system as its configuration and its catalogue file say.
struct HTTPSettings: Sendable {
    let catalogue: Catalogue
    let rules: String
    let steps: [String: HTTPStep]
    let kinds: [String: KindReading]
    /// Relations that no entity's own document has.
    let reads: [(listing: Listing, facts: [FactReading])]
    let access: HTTPAccess
    /// By kind.
    let labels: [String: [(entry: String, label: String)]]
    /// The kinds and relations that nothing reads all of: without them nobody can say what a step makes possible.
    let unread: [String]
    let inHand: InHand
    let now: @Sendable () -> Instant
}

extension HTTPSystem {
    /// Any API over HTTP, as `kind: http` configures it.
    public static let kind = ConnectorKind("http") { fields, context in
        let settings = try HTTPSettings(&fields, context)
        return ConfiguredSystem(
            catalogue: settings.catalogue,
            rules: [(name: "\(settings.catalogue.namespace.lowercased()).reach", text: settings.rules)]
        ) { HTTPSystem(system: context.system, settings: settings) }
    }
}

extension HTTPSettings {
    init(_ fields: inout YAMLFields, _ context: SystemContext) throws {
        let path = context.resolve(try fields.string("catalogue"))
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw fields.problem("the catalogue \(path) can't be read: does it exist?", of: "catalogue")
        }
        var file = try YAMLFields.read(text, file: path)
        // How things are read and what errors mean is part of what every operation means.
        let shared = try file.written(["kinds", "relations", "reads", "errors", "rules"])
        var reader = try DeclaredReader<HTTPStep?>(&file)
        let prefix = reader.namespace.lowercased() + "."
        var kinds: [String: KindReading] = [:]
        try reader.readKinds(&file) { kinds[$1.name] = try KindReading(&$0, prefix) }
        try reader.readRelations(&file)
        try reader.readOperations(&file) { try Self.step(&$0, $1, $2, shared) }
        reads = try file.mappings("reads").map { one in
            var one = one
            let read = (listing: try one.listing(), facts: try one.facts(prefix))
            try one.end()
            return read
        }
        let errors = ErrorMap(rules: try file.mappings("errors").map(Self.error))
        let rules = try file.optionalString("rules")
        try file.end()
        let catalogue = reader.catalogue()
        if let contradiction = catalogue.contradictions.first {
            throw ConfigurationError(file: path, line: 1, message: "the catalogue contradicts itself: \(contradiction)")
        }
        if let operation = catalogue.undeclared.first {
            throw ConfigurationError(
                file: path, line: 1,
                message: "`\(operation)` writes and declares no effects; what nobody can tell is `opaque: true`")
        }
        for operation in reader.operations {
            guard let step = operation.native, let problem = Self.problem(operation.operation, step, kinds, catalogue) else {
                continue
            }
            throw ConfigurationError(file: path, line: 1, message: "`\(operation.operation.name)` \(problem)")
        }
        let facts = kinds.flatMap { kind, reading in (reading.facts + reading.more.flatMap(\.facts)).map { (kind, $0) } }
        for (kind, fact) in facts {
            guard let problem = Self.problem(fact, of: kind, catalogue) else { continue }
            throw ConfigurationError(file: path, line: 1, message: "`kinds.\(kind)` \(problem)")
        }
        for fact in reads.flatMap(\.facts) {
            guard let problem = Self.problem(fact, of: nil, catalogue) else { continue }
            throw ConfigurationError(file: path, line: 1, message: "`reads` \(problem)")
        }
        let read = Set(facts.map(\.1.relation) + reads.flatMap(\.facts).map(\.relation))
        unread =
            kinds.filter { $0.value.fixed == nil && $0.value.list == nil }.map { "kind \($0.key)" }.sorted()
            + catalogue.relations.filter { $0.origin == .backend && !read.contains($0.name) }.map { "relation \($0.localName)" }
        if let first = unread.first, catalogue.operations.contains(where: { $0.access == .write }) {
            throw ConfigurationError(
                file: path, line: 1,
                message:
                    "nothing reads all of the \(first), and to a system that can't be read whole nothing is written: bring `list` "
                    + "or `fixed` for a kind, `facts` for a relation")
        }
        self.catalogue = catalogue
        self.kinds = kinds
        steps = reader.operations.reduce(into: [:]) { $0[$1.operation.name] = $1.native }
        self.rules =
            try (rules.map { try Self.rules(context.resolve($0), file) } ?? reader.defaultRules(file)) + reader.namingRules
        access = try Self.access(&fields, context, errors)
        labels = try Self.labels(&fields, catalogue)
        inHand = InHand(patience: Int64(context.timeout))
        now = context.now
    }

    private static func rules(_ path: String, _ fields: YAMLFields) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw fields.problem("the rule file \(path) can't be read", of: "rules")
        }
        return text
    }

    /// What a reading says of a relation that can't be so; nil when it can.
    private static func problem(_ fact: FactReading, of kind: String?, _ catalogue: Catalogue) -> String? {
        guard let relation = catalogue[relation: fact.relation] else { return "reads `\(fact.relation)`, which is no relation" }
        if relation.origin != .backend { return "reads `\(fact.relation)`, which no system shows" }
        if (fact.to == nil) != relation.to.isEmpty { return "reads `\(fact.relation)` with the wrong number of ends" }
        if fact.from == nil, kind.map({ !relation.from.contains($0) }) ?? true {
            return "reads `\(fact.relation)`, and does not say of what: `from`"
        }
        if fact.from != nil, relation.from.count != 1 { return "reads `\(fact.relation)`, and nobody can tell of which kind" }
        return relation.to.count > 1 ? "reads `\(fact.relation)`, and nobody can tell to which kind" : nil
    }

    /// What is written of how an operation is carried out and does not go with what it declares; nil when all does.
    private static func problem(
        _ operation: Authority.Operation, _ step: HTTPStep, _ kinds: [String: KindReading], _ catalogue: Catalogue
    ) -> String? {
        let gives = operation.effects.contains { effect in
            switch effect.act {
            case .mints, .shows, .opaque: true
            default: false
            }
        }
        let isSecret = step.discloses != nil || step.request.sources.contains(.generated)
        if isSecret, !gives { return "gives out a credential, and declares none: `mints` or `shows`" }
        if operation.effects.contains(where: { if case .computed = $0.act { true } else { false } }) {
            return "computes what it does, which this kind of system can't: say `opaque: true`"
        }
        if operation.effects.contains(where: { if case .upserts = $0.act { true } else { false } }) {
            return "upserts, which this kind of system can't tell from creating: declare two operations"
        }
        let kind = operation.target.kind.flatMap { catalogue[kind: $0] }
        let set = Set(operation.attributesSet)
        let touched = set.union(operation.relationsTouched.compactMap { catalogue[relation: $0]?.localName })
        for touch in step.touches {
            let isHidden = kind?.attributes.first { $0.name == touch.name }?.sensitivity == .secret
            if case .hidden = touch.new {
                if isHidden { continue }
            } else if isHidden {
                return "would show `\(touch.name)`, which is secret"
            }
            guard operation.isOpaque || touched.contains(touch.name) else {
                return "touches `\(touch.name)`, and no effect says so"
            }
            // What policy reads from the same place changes with it.
            let same = (touch.read == nil ? kind.flatMap { kinds[$0.name] }?.values ?? [] : []).filter { $0.at == touch.at }
            for value in same where !operation.isOpaque && !set.contains(value.attribute) {
                return "changes `\(value.attribute)` with `\(touch.name)`, and no effect says that it sets it"
            }
        }
        return nil
    }

    /// What carries an operation out, and what of it approvals are bound to: all that is written of it.
    ///
    /// What reads has no request of its own: entities are read as their kind says, however they are asked for.
    private static func step(
        _ fields: inout YAMLFields, _ input: [InputField], _ access: Access, _ shared: JSONValue
    ) throws -> (HTTPStep?, JSONValue) {
        guard access == .write else { return (nil, ["shared": .string(Digest(of: shared).hex)]) }
        var written = try fields.written(["request", "touches", "etag", "compare", "discloses", "inverseInput"])
        written.add("shared", .string(Digest(of: shared).hex))
        return (try HTTPStep(&fields, input), written)
    }

    private static func error(_ fields: YAMLFields) throws -> ErrorMap.Rule {
        var fields = fields
        let status = Int(try fields.integer("status", default: 0, in: 400...599))
        let codes: [String: ConnectorError.Code] = [
            "notFound": .notFound, "conflict": .conflict, "refused": .refused, "invalid": .invalid, "unavailable": .unavailable,
        ]
        guard let code = codes[try fields.string("means")] else {
            throw fields.problem("`means` is one of \(codes.keys.sorted().joined(separator: ", "))", of: "means")
        }
        let contains = try fields.optionalString("contains")
        let rule = ErrorMap.Rule(
            status: status, at: try contains.map { _ in try fields.pointer("at") }, contains: contains, code: code)
        try fields.end()
        return rule
    }

    // MARK: The host

    private static func access(_ fields: inout YAMLFields, _ context: SystemContext, _ errors: ErrorMap) throws -> HTTPAccess {
        let url = try base(try fields.string("url"), fields, "url")
        let (ca, largest) = (
            try fields.optionalString("ca").map(context.resolve),
            try fields.integer("maxAnswer", default: 4 << 20, in: 1 << 10...1 << 26)
        )
        func backend(_ url: String) throws -> HTTPBackend {
            try HTTPBackend(base: url, ca: ca, seconds: context.timeout, largest: Int(largest))
        }
        var one = try fields.mapping("credentials")
        let credentials = try credentials(&one, context)
        var login: HTTPBackend?
        if case .oauth(let url, _) = credentials { login = try backend(try base(url, one, "tokenURL")) }
        try one.end()
        return HTTPAccess(backend: try backend(url), credentials: credentials, errors: errors, loginBackend: login)
    }

    private static func base(_ text: String, _ fields: YAMLFields, _ key: String) throws -> String {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme, let host = parts.host, !host.isEmpty,
            ["http", "https"].contains(scheme), parts.user == nil, parts.password == nil, parts.query == nil,
            parts.fragment == nil,
            !text.contains("%"), !parts.path.contains("..")
        else { throw fields.problem("`\(key)` is https://HOST, with a port and a path at most", of: key) }
        guard scheme == "https" || Loopback.isHost(of: text) else {
            throw fields.problem("`\(key)` would send credentials in clear: use https://", of: key)
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func credentials(_ fields: inout YAMLFields, _ context: SystemContext) throws -> Credentials {
        func secret(_ fields: inout YAMLFields, _ key: String) throws -> String {
            let path = context.resolve(try fields.string(key))
            do { return try SecretFile.text(path) } catch { throw fields.problem("\(error)", of: key) }
        }
        switch try fields.string("kind") {
        case "none": return .none
        case "key": return .header(try fields.string("header"), try secret(&fields, "keyFile"))
        case "basic":
            let pair = "\(try fields.string("user")):\(try secret(&fields, "passwordFile"))"
            return .header("Authorization", "Basic " + Data(pair.utf8).base64EncodedString())
        case "oauth":
            var body = [("grant_type", "client_credentials"), ("client_id", try fields.string("client"))]
            body.append(("client_secret", try secret(&fields, "secretFile")))
            if let scope = try fields.optionalString("scope") { body.append(("scope", scope)) }
            let text = body.map { "\($0)=\(PercentCoding.encode($1))" }.joined(separator: "&")
            return .oauth(url: try fields.string("tokenURL"), body: text)
        case "session":
            let secrets = ["user": try fields.string("user"), "password": try secret(&fields, "passwordFile")]
            do {
                let session = Credentials.Session(
                    login: try fields.request("login"), token: try fields.pointer("token"),
                    header: try fields.optionalString("header") ?? "Authorization",
                    value: try TextTemplate(try fields.optionalString("value") ?? "{token}"),
                    logout: try fields.optionalRequest("logout"),
                    life: try fields.integer("life", default: 300, in: 1...86_400), secrets: secrets)
                let isFit =
                    session.login.sources.allSatisfy { [.input("user"), .input("password")].contains($0) }
                    && session.value.sources == [.token] && (session.logout?.sources ?? []).allSatisfy { $0 == .token }
                guard isFit else {
                    throw fields.problem(
                        "`login` takes {user} and {password}, `value` and `logout` take {token}, and nothing else")
                }
                return .session(session)
            } catch let unfit as Unfit { throw fields.problem(unfit.message) }
        case let kind:
            throw fields.problem("there are no credentials `\(kind)`; known: none, key, basic, oauth, session", of: "kind")
        }
    }

    private static func labels(_ fields: inout YAMLFields, _ catalogue: Catalogue) throws -> [String: [(
        entry: String, label: String
    )]] {
        try fields.mappings("labels").reduce(into: [:]) { labels, one in
            var one = one
            let label = try one.string("label")
            for entry in try one.strings("entries") {
                let parts = entry.split(separator: "/", maxSplits: 1).map(String.init)
                guard parts.count == 2, catalogue[kind: parts[0]] != nil else {
                    throw one.problem("an entry is written kind/name, with a kind of the catalogue: `\(entry)`", of: "entries")
                }
                labels[parts[0], default: []].append((parts[1], label))
            }
            try one.end()
        }
    }
}
