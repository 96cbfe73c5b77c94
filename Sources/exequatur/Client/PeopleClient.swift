import ArgumentParser
import AsyncHTTPClient
import Foundation
import Gateway
import Identity
import NIOCore
import NIOHTTP1
import NIOSSL
import StrictJSON

/// How a person reaches the gateway; each option has an environment variable.
struct PersonOptions: ParsableArguments {
    @Option(help: "Your id, as configured ($EXEQUATUR_PERSON).")
    var person: String?

    @Option(help: "Your SSH key's file ($EXEQUATUR_KEY).")
    var key: String?

    @Option(help: "The people's listener: a socket's path, or an https URL ($EXEQUATUR_PEOPLE).")
    var people: String?

    @Option(help: "The certificate authority of an https listener, PEM ($EXEQUATUR_CA).")
    var ca: String?

    @Flag(help: "Print JSON, for machines.")
    var json = false

    private func value(_ given: String?, _ variable: String, _ option: String) throws -> String {
        guard let value = given ?? ProcessInfo.processInfo.environment[variable] else {
            throw Problem("say \(option), or set \(variable)")
        }
        return value
    }

    func client() throws -> PeopleClient {
        PeopleClient(
            person: try value(person, "EXEQUATUR_PERSON", "--person"),
            signer: SSHSigner(key: try value(key, "EXEQUATUR_KEY", "--key")),
            address: try value(people, "EXEQUATUR_PEOPLE", "--people"),
            ca: ca ?? ProcessInfo.processInfo.environment["EXEQUATUR_CA"])
    }
}

/// Talks to the people's listener.
struct PeopleClient {
    let person: String
    let signer: SSHSigner
    let address: String
    let ca: String?

    /// Runs `body` with a session of the person's.
    func session<T>(_ body: (PeopleSession) async throws -> T) async throws -> T {
        guard !address.lowercased().hasPrefix("http://") else {
            throw Problem("\(address) would send your session in clear: use https://, or the socket's path")
        }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        if let ca {
            guard FileManager.default.isReadableFile(atPath: ca) else {
                throw Problem("the certificate authority \(ca) can't be read")
            }
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(ca)
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(try await login(client))
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func login(_ client: HTTPClient) async throws -> PeopleSession {
        let anonymous = PeopleSession(client: client, base: base, token: nil, owner: self)
        let asked = try await anonymous.call(.post, "challenge", ["person": .string(person)])
        guard let challenge = asked["challenge"]?.string else { throw Problem("the gateway sent no challenge") }
        let signature = try signer.sign(challenge, namespace: PersonAuthenticator.sessionNamespace)
        let opened = try await anonymous.call(
            .post, "session", ["person": .string(person), "challenge": .string(challenge), "signature": .string(signature)])
        return PeopleSession(client: client, base: base, token: opened["token"]?.string, owner: self)
    }

    private var base: String {
        guard !address.contains("://") else { return address }
        let path = address.hasPrefix("/") ? address : FileManager.default.currentDirectoryPath + "/" + address
        let escaped = path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? path
        return "http+unix://\(escaped)"
    }
}

/// What the people's listener serves.
enum Verb: String {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
}

/// An open session.
struct PeopleSession {
    let client: HTTPClient
    let base: String
    let token: String?
    let owner: PeopleClient

    /// - Throws: ``Refused`` for what was refused.
    @discardableResult
    func call(_ method: Verb, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        let (status, bytes) = try await exchange(method, path, body)
        let json = try JSONReader.read(bytes, limits: .init(bytes: 64 << 20))
        // A request of one's own that was decided, and denied or failed, is an answer all the same.
        if let problem = json["error"] {
            let code = problem["code"]?.string
            throw Refused(
                "\(Printable.text(problem["message"]?.string ?? "refused", limit: 4000)) [\(code ?? "\(status)")]",
                kind: code.flatMap(Refusal.Code.init(rawValue:))?.kind, status: status,
                code: code.flatMap(Refusal.Code.init(rawValue:)))
        }
        return json
    }

    func text(_ path: String) async throws -> String { String(decoding: try await exchange(.get, path, nil).1, as: UTF8.self) }

    private func exchange(_ method: Verb, _ path: String, _ body: JSONValue?) async throws -> (UInt, [UInt8]) {
        var request = HTTPClientRequest(url: "\(base)/people/v1/\(path)")
        request.method = HTTPMethod(rawValue: method.rawValue)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(JSONWriter.canonical(body))
        }
        do {
            let response = try await client.execute(request, timeout: .seconds(60))
            return (response.status.code, Array(buffer: try await response.body.collect(upTo: 64 << 20)))
        } catch {
            throw Refused("the gateway can't be reached at \(owner.address): is it running? (\(error))", kind: .unavailable)
        }
    }
}
