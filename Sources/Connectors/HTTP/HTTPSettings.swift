import Authority
public import ConnectorKit
import DeclaredKit
import Foundation
import StrictJSON
import StrictYAML

/// A declared system as its configuration and its catalogue file say.
struct HTTPSettings: Sendable {
    let declared: Declared<RequestTemplate>
    /// What carries out each operation that writes.
    let requests: [String: RequestTemplate]
    let access: HTTPAccess
    /// How long one write waits for another of the same entity, in seconds.
    let patience: Int
    let now: @Sendable () -> Instant
}

extension HTTPSystem {
    /// Any API over HTTP, as `kind: http` configures it.
    public static let kind = ConnectorKind("http") { fields, context in
        let settings = try HTTPSettings(&fields, context)
        let catalogue = settings.declared.catalogue
        return ConfiguredSystem(
            catalogue: catalogue,
            rules: [(name: "\(catalogue.namespace.lowercased()).reach", text: settings.declared.rules)]
        ) { HTTPSystem(system: context.system, settings: settings) }
    }
}

extension HTTPSettings {
    init(_ fields: inout YAMLFields, _ context: SystemContext) throws {
        let path = context.resolve(try fields.string("catalogue"))
        var (file, errors, requests) = (try DeclaredFile(path, fields), ErrorMap(rules: []), [String: RequestTemplate]())
        // What errors mean is part of what every operation means.
        file.shares("errors")
        var declared = try file.declared(resolving: context.resolve) { file in
            errors = ErrorMap(rules: try file.mappings("errors").map(Self.error))
        } step: { (name, fields, input, access) -> DeclaredStep<RequestTemplate>? in
            guard access == .write else { return nil }
            let step = try Self.step(&fields, input)
            requests[name] = step.request
            return step.declared
        }
        for operation in declared.catalogue.operations {
            guard let request = requests[operation.name], let problem = Self.problem(operation, request, declared) else {
                continue
            }
            throw ConfigurationError(file: path, line: 1, message: "`\(operation.name)` \(problem)")
        }
        if let first = declared.unread.first, declared.catalogue.operations.contains(where: { $0.access == .write }) {
            throw ConfigurationError(
                file: path, line: 1,
                message:
                    "nothing reads all of the \(first), and to a system that can't be read whole nothing is written: bring `list` "
                    + "or `fixed` for a kind, `facts` for a relation")
        }
        access = try Self.access(&fields, context, errors)
        try declared.readLabels(&fields)
        self.declared = declared
        self.requests = requests
        patience = context.timeout
        now = context.now
    }

    /// What is written of a request and does not go with what its operation declares; nil when all does.
    private static func problem(
        _ operation: Authority.Operation, _ request: RequestTemplate, _ declared: Declared<RequestTemplate>
    ) -> String? {
        let comesOrGoes = operation.effects.contains { effect in
            switch effect.act {
            case .creates, .deletes(.target): true
            default: false
            }
        }
        if declared.steps[operation.name]?.touches.isEmpty ?? true, !comesOrGoes {
            return "touches nothing: nobody could read back what came of it"
        }
        guard request.sources.contains(.generated), !operation.givesCredentials else { return nil }
        return "gives out a credential, and declares none: `mints` or `shows`"
    }

    private static func step(_ fields: inout YAMLFields, _ input: [InputField]) throws
        -> (request: RequestTemplate, declared: DeclaredStep<RequestTemplate>)
    {
        let request: RequestTemplate = try fields.request("request")
        for template in request.path {
            for case .input(let name) in template.sources where input.first(where: { $0.name == name })?.isRequired == false {
                throw fields.problem("`\(name)` stands in the path, and is optional", of: "request")
            }
        }
        return (request, try DeclaredStep(&fields, input, request.sources))
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
            HTTPBackend(base: url, ca: ca, seconds: context.timeout, largest: Int(largest))
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
                let logout: RequestTemplate? = try fields.optionalRequest("logout")
                let session = Credentials.Session(
                    login: try fields.request("login"), token: try fields.pointer("token"),
                    header: try fields.optionalString("header") ?? "Authorization",
                    value: try TextTemplate(try fields.optionalString("value") ?? "{token}"),
                    logout: logout,
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
}
