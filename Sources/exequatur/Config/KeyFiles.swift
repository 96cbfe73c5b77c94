import Authority
import ConnectorKit
import Crypto
import Foundation
import Storage
import TransparencyLog

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

    /// The logs' public keys in a file as `keygen` writes it.
    static func logKeys(_ path: String) throws -> [LogKey] {
        try text(path).split(separator: "\n").map { line in
            guard let key = LogKey(text: String(line)) else {
                throw Problem("\(path) holds something that is not a log's key")
            }
            return key
        }
    }

    /// The checkpoints that the gateway published last.
    static func publishedCheckpoints(in state: String) -> [String] {
        LogName.allCases.compactMap { try? String(contentsOfFile: "\(state)/checkpoints/\($0.rawValue)", encoding: .utf8) }
    }

    static func store(in state: String) throws -> any Store {
        guard StoreFile.isThere(in: state) else {
            throw Problem("\(state) is not a gateway's state folder, or can't be read")
        }
        return try StoreFile.read(in: state)
    }
}
