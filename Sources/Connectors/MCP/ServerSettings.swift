import Authority
import ConnectorKit
import HostKit
import Foundation
import StrictJSON
import StrictYAML

/// How a server is reached, and where what is known of it stands.
struct ServerSettings: Sendable {
    let place: MCPServer.Place
    /// Where it is, without any secret: approvals and definitions are bound to that.
    let endpoint: String
    let catalogue: String
    let definitions: String
    /// How old what was seen of its definitions may be before a read, in seconds.
    let lookAgain: Int
    let largest: Int
    let seconds: Int

    init(_ fields: inout YAMLFields, _ context: SystemContext) throws {
        catalogue = context.resolve(try fields.string("catalogue"))
        definitions = context.resolve(try fields.string("definitions"))
        lookAgain = Int(try fields.integer("lookAgain", default: 60, in: 1...3_600))
        largest = Int(try fields.integer("maxAnswer", default: 4 << 20, in: 1 << 10...1 << 26))
        seconds = context.timeout
        switch (fields.left.contains("command"), fields.left.contains("url")) {
        case (true, true): throw fields.problem("a server is reached by `command` or by `url`: both are here")
        case (false, false): throw fields.problem("a server is reached by `command`, a list, or by `url`: neither is here")
        default: break
        }
        (place, endpoint) =
            try fields.left.contains("command")
            ? Self.command(&fields, context) : Self.address(&fields, context, largest)
    }

    /// A client for it, which connects when it is needed.
    func makeServer() -> MCPServer { MCPServer(place, seconds: seconds, largest: largest) }

    // MARK: A process

    private static func command(_ fields: inout YAMLFields, _ context: SystemContext) throws -> (MCPServer.Place, String) {
        let arguments = try fields.strings("command")
        guard let program = arguments.first, program.hasPrefix("/") else {
            throw fields.problem(
                "`command` lists the program, by its whole path, and what it is given: no shell reads it", of: "command")
        }
        guard FileManager.default.isExecutableFile(atPath: program), !isFolder(program) else {
            throw fields.problem("\(program) is no program that can be started", of: "command")
        }
        let plain = try table(&fields, "environment")
        let files = try table(&fields, "secrets")
        var environment = Dictionary(plain, uniquingKeysWith: { $1 })
        for (name, path) in files {
            guard environment[name] == nil else { throw fields.problem("`\(name)` is given twice", of: "secrets") }
            do { environment[name] = try SecretFile.text(context.resolve(path)) } catch {
                throw fields.problem("\(error)", of: "secrets")
            }
        }
        let directory = try fields.optionalString("directory") ?? "/"
        guard isFolder(directory) else { throw fields.problem("\(directory) is no folder", of: "directory") }
        func object(_ pairs: [(String, String)]) -> JSONValue {
            .object(JSONObject(pairs.map { .init(key: $0, value: .string($1)) }))
        }
        let endpoint: JSONValue = [
            "command": .array(arguments.map(JSONValue.string)), "environment": object(plain), "secrets": object(files),
            "directory": .string(directory),
        ]
        let command = Command(arguments: arguments, environment: environment, directory: directory)
        return (.command(command), JSONWriter.canonicalText(endpoint))
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func table(_ fields: inout YAMLFields, _ key: String) throws -> [(String, String)] {
        guard var all = try fields.optionalMapping(key) else { return [] }
        let pairs = try all.left.map { name in
            guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else {
                throw all.problem("`\(name)` is no name of an environment's")
            }
            return (name, try all.string(name))
        }
        try all.end()
        return pairs
    }

    // MARK: An address

    private static func address(_ fields: inout YAMLFields, _ context: SystemContext, _ largest: Int) throws
        -> (MCPServer.Place, String)
    {
        let url = try fields.string("url")
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            parts.host?.isEmpty == false, parts.user == nil, parts.password == nil, parts.fragment == nil
        else { throw fields.problem("`url` is https://HOST/PATH", of: "url") }
        guard scheme == "https" || Loopback.isHost(of: url) else {
            throw fields.problem("`url` would send everything in clear: use https://", of: "url")
        }
        var one = try fields.mapping("credentials")
        let headers = try credentials(&one, context)
        try one.end()
        let seconds = context.timeout
        let ca = try fields.optionalString("ca").map(context.resolve)
        if let ca, !FileManager.default.isReadableFile(atPath: ca) { throw fields.problem("\(ca) can't be read", of: "ca") }
        let client = HostClient.make(ca: ca, seconds: seconds)
        let place = MCPServer.Place.address { listener in
            HTTPConnection(url, client, headers: headers, seconds: seconds, largest: largest, listener)
        }
        return (place, url)
    }

    /// One key for all that is asked. The agents' own tokens are never passed on.
    private static func credentials(_ fields: inout YAMLFields, _ context: SystemContext) throws -> [(String, String)] {
        func secret(_ key: String) throws -> String {
            do { return try SecretFile.text(context.resolve(try fields.string(key))) } catch let problem as FileProblem {
                throw fields.problem("\(problem)", of: key)
            }
        }
        switch try fields.string("kind") {
        case "none": return []
        case "bearer": return [("Authorization", "Bearer \(try secret("tokenFile"))")]
        case "key": return [(try fields.string("header"), try secret("keyFile"))]
        case let kind: throw fields.problem("there are no credentials `\(kind)`; known: none, bearer, key", of: "kind")
        }
    }
}
