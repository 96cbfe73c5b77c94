public import ConnectorLDAP
import Foundation
import Glibc

/// A real OpenLDAP server on a free loopback port, with the shipped access rules, in a temporary folder.
public final class Slapd: Sendable {
    public let port: Int
    private let folder: URL
    private let process: Int32

    public static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/sbin/slapd")

    /// - Parameter more: entries to start with besides those of `examples/ldap`, as LDIF.
    public init(_ more: String = "") throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent()
        folder = try Fixture.folder()
        for name in ["db", "db-log"] {
            try FileManager.default.createDirectory(at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        var text = try String(contentsOf: root.appendingPathComponent("examples/ldap/slapd.conf.template"), encoding: .utf8)
        for (mark, value) in [("@DIR@", folder.path), ("@TTL@", "300"), ("@INTERVAL@", "60")] {
            text = text.replacing(mark, with: value)
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("TLS") }
        let file = folder.appendingPathComponent("slapd.conf").path
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        try Self.run(
            "/usr/sbin/slapadd",
            ["-f", file, "-b", "dc=ex,dc=org", "-l", root.appendingPathComponent("examples/ldap/base.ldif").path])
        if !more.isEmpty {
            let entries = folder.appendingPathComponent("more.ldif").path
            try more.write(toFile: entries, atomically: true, encoding: .utf8)
            try Self.run("/usr/sbin/slapadd", ["-f", file, "-b", "dc=ex,dc=org", "-l", entries])
        }
        (port, process) = try Self.start(file)
    }

    /// A free port may be taken by the time the server wants it: then another is tried.
    private static func start(_ file: String) throws -> (port: Int, process: Int32) {
        for _ in 0..<5 {
            let port = try freePort()
            let server = Process()
            server.executableURL = URL(fileURLWithPath: "/usr/sbin/slapd")
            server.arguments = ["-f", file, "-h", "ldap://127.0.0.1:\(port)", "-d", "0"]
            server.standardOutput = FileHandle.nullDevice
            server.standardError = FileHandle.nullDevice
            try server.run()
            for _ in 0..<100 where server.isRunning {
                if (try? run("/usr/bin/ldapwhoami", ["-x", "-H", "ldap://127.0.0.1:\(port)"])) != nil, server.isRunning {
                    return (port, server.processIdentifier)
                }
                usleep(50_000)
            }
            kill(server.processIdentifier, SIGKILL)
        }
        throw CocoaError(.executableLoad)
    }

    public func stop() {
        // Not SIGTERM: it is blocked in children of threads that block it, as test runners' do.
        kill(process, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    public var settings: LDAPSettings {
        LDAPSettings(
            url: "ldap://127.0.0.1:\(port)", startTLS: false, ca: nil, bindDN: "cn=gateway,ou=services,dc=ex,dc=org",
            password: "pw-gateway",
            people: "ou=people,dc=ex,dc=org", groups: "ou=groups,dc=ex,dc=org", grants: "ou=grants,dc=ex,dc=org",
            passwordPolicy: "cn=default,ou=services,dc=ex,dc=org", labels: ["tier-0": ["cn=admins,ou=groups,dc=ex,dc=org"]],
            timeout: 5)
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
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
        guard bound else { throw CocoaError(.fileReadUnknown) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
