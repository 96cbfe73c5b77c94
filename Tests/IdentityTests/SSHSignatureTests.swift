import Authority
import Crypto
import Foundation
import Identity
import TestSupport
import Testing

/// Runs the real `ssh-keygen`.
private func keygen(_ arguments: [String], input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ssh-keygen")
    process.arguments = arguments
    let (stdin, stdout) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, FileHandle.nullDevice)
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return String(decoding: output, as: UTF8.self)
}

/// The binary encoding of SSH.
private func string(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let bytes = Array(bytes)
    return withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes
}

private func armour(_ blob: [UInt8]) -> String {
    "-----BEGIN SSH SIGNATURE-----\n\(Data(blob).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed]))\n-----END SSH SIGNATURE-----\n"
}

/// A security key in software: what a hardware one would sign, with flags of our choosing (PROTOCOL.u2f).
private struct SoftwareKey {
    let key = Curve25519.Signing.PrivateKey()
    var blob: [UInt8] {
        string("sk-ssh-ed25519@openssh.com".utf8) + string(key.publicKey.rawRepresentation) + string("ssh:".utf8)
    }
    var line: String { "sk-ssh-ed25519@openssh.com \(Data(blob).base64EncodedString()) soft" }

    func sign(_ message: String, namespace: String, flags: UInt8) throws -> String {
        let signed =
            Array("SSHSIG".utf8) + string(namespace.utf8) + string([]) + string("sha512".utf8)
            + string(SHA512.hash(data: Data(message.utf8)))
        let counter: [UInt8] = [0, 0, 0, 7]
        let inner = Array(SHA256.hash(data: Data("ssh:".utf8))) + [flags] + counter + Array(SHA256.hash(data: signed))
        let signature = string("sk-ssh-ed25519@openssh.com".utf8) + string(try key.signature(for: inner)) + [flags] + counter
        let blob =
            Array("SSHSIG".utf8) + [0, 0, 0, 1] + string(self.blob) + string(namespace.utf8) + string([]) + string("sha512".utf8)
            + string(signature)
        return armour(blob)
    }
}

@Suite("People's signatures")
struct SSHSignatureTests {
    private func person(_ line: String) throws -> PersonAuthenticator {
        let key = try #require(SSHPublicKey(line: line))
        return PersonAuthenticator(people: [
            PersonRegistration(id: "olga", teams: ["ops"], keys: [key], aliases: [], subjects: [])
        ])
    }

    private func fails(
        _ authenticator: PersonAuthenticator, _ message: String, _ signature: String, namespace: String = "exequatur-approval"
    ) -> Bool {
        (try? authenticator.authenticate("olga", message: Array(message.utf8), signature: signature, namespace: namespace)) == nil
    }

    @Test(
        "What ssh-keygen signs is verified, for that message, namespace and key only",
        arguments: [
            ["-t", "ed25519"], ["-t", "ecdsa", "-b", "256"], ["-t", "ecdsa", "-b", "384"], ["-t", "ecdsa", "-b", "521"],
        ])
    func opensshSignatures(type: [String]) throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (own, other) = (folder.appendingPathComponent("own").path, folder.appendingPathComponent("other").path)
        for path in [own, other] { _ = try keygen(["-q", "-N", "", "-f", path] + type) }
        let authenticator = try person(
            try String(contentsOfFile: own + ".pub", encoding: .utf8).trimmingCharacters(in: .newlines))
        let signature = try keygen(["-Y", "sign", "-f", own, "-n", "exequatur-approval"], input: "approve")
        let (who, verified) = try authenticator.authenticate(
            "olga", message: Array("approve".utf8), signature: signature, namespace: "exequatur-approval")
        #expect(who.id == "olga" && who.teams == ["ops"] && !verified)
        #expect(fails(authenticator, "refuse", signature))
        #expect(fails(authenticator, "approve", signature, namespace: "exequatur-session"))
        #expect(fails(authenticator, "approve", try keygen(["-Y", "sign", "-f", own, "-n", "file"], input: "approve")))
        #expect(
            fails(
                authenticator, "approve", try keygen(["-Y", "sign", "-f", other, "-n", "exequatur-approval"], input: "approve")))
        #expect(fails(authenticator, "approve", "x" + signature))
        #expect(fails(authenticator, "approve", signature.replacing("END", with: "ENDE")))
    }

    @Test(
        "A security key must have been touched, and says whether it verified its user",
        arguments: [(0 as UInt8, false, false), (1, true, false), (5, true, true), (4, false, false)])
    func securityKeys(flags: UInt8, accepted: Bool, verified: Bool) throws {
        let key = SoftwareKey()
        let authenticator = try person(key.line)
        let signature = try key.sign("approve", namespace: "exequatur-approval", flags: flags)
        let result = try? authenticator.authenticate(
            "olga", message: Array("approve".utf8), signature: signature, namespace: "exequatur-approval")
        #expect((result != nil) == accepted)
        #expect(result?.userVerified ?? false == verified)
    }

    @Test("Bytes after the end, an RSA key and a foreign version are refused")
    func strictness() throws {
        let key = SoftwareKey()
        let authenticator = try person(key.line)
        let text = try key.sign("m", namespace: "exequatur-approval", flags: 1)
        let body = text.split(separator: "\n").dropFirst().dropLast().joined()
        var blob = Array(try #require(Data(base64Encoded: body)))
        #expect(!fails(authenticator, "m", armour(blob)))
        #expect(fails(authenticator, "m", armour(blob + [0])))
        blob[9] = 2
        #expect(fails(authenticator, "m", armour(blob)))
        #expect(SSHPublicKey(line: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== x") == nil)
    }

    @Test("Aliases are one human, however they are chained")
    func aliases() {
        func person(_ id: String, _ aliases: [String]) -> PersonRegistration {
            PersonRegistration(id: id, teams: [], keys: [], aliases: aliases, subjects: [])
        }
        let authenticator = PersonAuthenticator(people: [
            person("a", []), person("b", ["a"]), person("c", ["b"]), person("d", []),
        ])
        for id in ["a", "b", "c"] { #expect(authenticator.aliases(of: id) == ["a", "b", "c"]) }
        #expect(authenticator.aliases(of: "d") == ["d"])
    }
}
