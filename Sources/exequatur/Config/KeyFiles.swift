import ConnectorKit
import Crypto
import Foundation
import Storage

/// The gateway's own keys as files: raw keys in base64, private ones readable by their owner only.
enum KeyFiles {
    static func write(_ bytes: some DataProtocol, to path: String, isPrivate: Bool) throws {
        let text = Data(bytes).base64EncodedString() + "\n"
        let created = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: isPrivate ? 0o600 : 0o644])
        guard created else { throw Problem("can't write \(path)") }
    }

    static func read(_ path: String) throws -> Data {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let data = Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines)), data.count == 32
        else { throw Problem("\(path) is not a key file; make one with `exequatur keygen`") }
        return data
    }

    static func signing(_ path: String) throws -> Curve25519.Signing.PrivateKey {
        try SecretFile.requirePrivate(path)
        return try .init(rawRepresentation: read(path))
    }
    static func sealing(_ path: String) throws -> Curve25519.KeyAgreement.PublicKey { try .init(rawRepresentation: read(path)) }
    static func opening(_ path: String) throws -> Curve25519.KeyAgreement.PrivateKey {
        try SecretFile.requirePrivate(path)
        return try .init(rawRepresentation: read(path))
    }
}

/// Something a command can't do, for the person at the terminal.
struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Files that a person names, with errors that name them back.
enum Files {
    static func text(_ path: String) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Problem("\(path) can't be read: does it exist?")
        }
        return text
    }

    static func store(in state: String) throws -> SQLiteStore {
        let path = state + "/exequatur.sqlite"
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw Problem("\(state) is not a gateway's state folder, or can't be read")
        }
        return try SQLiteStore(reading: path)
    }
}
