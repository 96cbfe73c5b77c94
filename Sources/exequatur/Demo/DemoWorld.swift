import Crypto
import Foundation
import Glibc
import StrictJSON

/// A gateway of one's own in a temporary folder: keys, an issuer, two people, a running server.
struct DemoWorld {
    let folder: String
    let binary: String
    let port: Int
    let issuer = Curve25519.Signing.PrivateKey()
    private let server: Process

    var publicURL: String { "http://127.0.0.1:\(port)" }
    var socket: String { folder + "/people.sock" }
    var state: String { folder + "/state" }

    static let people = [("dana.moe", "service-desk-leads"), ("farah.noor", "security")]

    init(policies: String) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/exequatur-demo-\(UUID().uuidString.prefix(8).lowercased())"
        binary = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        port = try Self.freePort()
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        _ = try Self.run(binary, ["keygen", folder + "/keys", "--gateway", "demo"])
        for (person, _) in Self.people {
            _ = try Self.run(
                "/usr/bin/env", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", "\(folder)/\(person)"])
        }
        try Self.jwks(issuer).write(toFile: folder + "/jwks.json", atomically: true, encoding: .utf8)
        let text = try Self.configuration(folder: folder, port: port, policies: policies)
        try text.write(toFile: folder + "/exequatur.yaml", atomically: true, encoding: .utf8)
        server = try Self.start(binary, folder)
        try await waitUntilReady()
    }

    private static func start(_ binary: String, _ folder: String) throws -> Process {
        let log = folder + "/server.log"
        guard FileManager.default.createFile(atPath: log, contents: nil) else { throw Problem("can't write \(log)") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = ["serve", "--config", folder + "/exequatur.yaml"]
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        return process
    }

    func stop() {
        server.terminate()
        server.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func waitUntilReady() async throws {
        for _ in 0..<100 {
            if FileManager.default.fileExists(atPath: socket), await DemoAgent.isUp(publicURL) { return }
            guard server.isRunning else { break }
            try await _Concurrency.Task.sleep(for: .milliseconds(100))
        }
        let log = (try? String(contentsOfFile: folder + "/server.log", encoding: .utf8)) ?? ""
        throw Problem("the gateway did not start:\n\(log)")
    }

    /// A token for the demo's agent, good for ten minutes.
    func token(subject: String = "helpdesk-agent", audience: String = "exequatur-demo") throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        let claims: JSONValue = [
            "iss": "https://issuer.demo", "sub": .string(subject), "aud": .string(audience), "iat": .integer(now),
            "exp": .integer(now + 600),
        ]
        let signed = [["alg": "EdDSA", "kid": "demo", "typ": "JWT"], claims].map {
            Self.base64URL(Data(JSONWriter.canonical($0)))
        }.joined(separator: ".")
        return signed + "." + Self.base64URL(try issuer.signature(for: Data(signed.utf8)))
    }

    private static func jwks(_ key: Curve25519.Signing.PrivateKey) -> String {
        JSONWriter.canonicalText([
            "keys": [
                [
                    "kty": "OKP", "crv": "Ed25519", "kid": "demo", "alg": "EdDSA", "use": "sig",
                    "x": .string(base64URL(key.publicKey.rawRepresentation)),
                ]
            ]
        ])
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func configuration(folder: String, port: Int, policies: String) throws -> String {
        let persons = try people.map { person, team in
            let key = try String(contentsOfFile: "\(folder)/\(person).pub", encoding: .utf8).trimmingCharacters(in: .newlines)
            return "  - id: \(person)\n    teams: [\(team)]\n    keys: [\"\(key)\"]\n"
        }
        return """
            gateway: {id: demo, tenant: fjordline, environment: demo, state: state, purposes: [service-desk]}
            keys: {log: keys/log.key, seal: keys/seal.pub}
            listen: {host: 127.0.0.1, port: \(port)}
            people: {socket: people.sock}
            issuers:
              - {issuer: "https://issuer.demo", audiences: [exequatur-demo], algorithms: [EdDSA], jwks: jwks.json}
            workloads:
              - {id: helpdesk-agent, issuer: "https://issuer.demo", subject: helpdesk-agent, owner: dana.moe.owner, expires: "2099-01-01T00:00:00Z", groups: [service-desk]}
            persons:
              - {id: dana.moe.owner, teams: []}
            \(persons.joined())
            policies: ["\(policies)"]
            systems:
              - {name: corp, kind: embedded, file: state/corp.sqlite, seed: demo}
            """
    }

    /// A port nobody listens on now.
    private static func freePort() throws -> Int {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw Problem("no free port on 127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Runs a command and gives what it printed; throws what it said when it failed.
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem(text.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return text
    }
}
