import ConnectorKit
import Foundation
import Identity
import StrictYAML

extension Configuration {
    static func agents(_ fields: YAMLFields, _ resolve: (String) -> String) throws -> AgentListener {
        var fields = fields
        let listener = AgentListener(
            host: try fields.optionalString("host") ?? "127.0.0.1",
            port: Int(try fields.integer("port", default: 8443, in: 0...65535)),
            publicURL: try fields.optionalString("publicURL"),
            hosts: try fields.strings("hosts"), origins: try fields.strings("origins"),
            connections: Int(try fields.integer("connections", default: 1024, in: 16...60_000)),
            connectionsPerPeer: Int(try fields.integer("connectionsPerPeer", default: 256, in: 1...60_000)),
            tls: try fields.optionalMapping("tls").map { try tls($0, resolve) })
        let isInsecure = try fields.flag("insecure")
        guard listener.tls != nil || isInsecure || Loopback.isHost(of: "http://\(host(listener.host))") else {
            throw fields.problem(
                "`listen` takes tokens in clear from other machines: give `tls`, or `insecure: true` behind a proxy that has it",
                of: "host")
        }
        try fields.end()
        return listener
    }

    /// As a URL has it.
    private static func host(_ name: String) -> String { name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name }

    static func people(_ fields: YAMLFields, _ resolve: (String) -> String) throws -> PeopleListener {
        var fields = fields
        defer { _ = fields }
        if let socket = try fields.optionalString("socket") {
            try fields.end()
            return .socket(resolve(socket))
        }
        let host = try fields.string("host")
        let port = Int(try fields.integer("port", default: 8444, in: 0...65535))
        let files = try tls(try fields.mapping("tls"), resolve)
        try fields.end()
        return .tls(host: host, port: port, files)
    }

    private static func tls(_ fields: YAMLFields, _ resolve: (String) -> String) throws -> TLSFiles {
        var fields = fields
        let files = TLSFiles(certificate: resolve(try fields.string("certificate")), key: resolve(try fields.string("key")))
        try fields.end()
        return files
    }

    static func issuer(_ fields: YAMLFields, _ resolve: (String) -> String) throws -> IssuerSource {
        var fields = fields
        let name = try fields.string("issuer")
        let (audiences, algorithms) = (try fields.strings("audiences"), try fields.strings("algorithms"))
        guard
            let issuer = Issuer(
                name: name, audiences: Set(audiences), algorithms: Set(algorithms),
                trustDomain: try fields.optionalString("trustDomain"))
        else {
            throw fields.problem(
                "an issuer needs `audiences`, and `algorithms` among \(Issuer.safeAlgorithms.sorted().joined(separator: ", "))",
                of: "algorithms")
        }
        let jwks = try fields.string("jwks")
        guard !jwks.contains("://") || jwks.hasPrefix("https://") || (jwks.hasPrefix("http://") && Loopback.isHost(of: jwks))
        else {
            throw fields.problem("keys are fetched over https only", of: "jwks")
        }
        try fields.end()
        return IssuerSource(issuer: issuer, jwks: jwks.contains("://") ? jwks : resolve(jwks))
    }

    static func workload(_ fields: YAMLFields) throws -> WorkloadRegistration {
        var fields = fields
        let id = try fields.string("id")
        let text = try fields.string("expires")
        guard let expires = try? Date(text, strategy: .iso8601) else {
            throw fields.problem("`expires` of \(id) must be a time such as 2027-01-31T00:00:00Z", of: "expires")
        }
        let registration = WorkloadRegistration(
            id: id, issuer: try fields.string("issuer"), subject: try fields.string("subject"),
            owner: try fields.optionalString("owner"),
            expires: Int64(expires.timeIntervalSince1970 * 1000), groups: try fields.strings("groups"),
            clients: try fields.strings("clients"))
        _ = try fields.strings("accounts")
        try fields.end()
        return registration
    }

    static func person(_ fields: YAMLFields) throws -> PersonRegistration {
        var fields = fields
        let id = try fields.string("id")
        let keys = try fields.strings("keys").map { line in
            guard let key = SSHPublicKey(line: line) else {
                throw fields.problem(
                    "a key of \(id) is not an SSH public key of an accepted kind (ed25519, ecdsa, sk-)", of: "keys")
            }
            return key
        }
        let subjects = try fields.mappings("subjects").map { inner in
            var inner = inner
            let subject = (issuer: try inner.string("issuer"), subject: try inner.string("subject"))
            try inner.end()
            return subject
        }
        let person = PersonRegistration(
            id: id, teams: try fields.strings("teams"), keys: keys, aliases: try fields.strings("aliases"), subjects: subjects)
        _ = try fields.strings("accounts")
        try fields.end()
        return person
    }
}
