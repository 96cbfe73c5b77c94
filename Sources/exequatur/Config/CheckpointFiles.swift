import Authority
import Crypto
import Foundation
import Gateway
import TransparencyLog

/// The checkpoints published last, a file for each log, where others can take them away.
struct CheckpointFiles {
    let folder: String

    init(of configuration: Configuration) { folder = configuration.state + "/checkpoints" }

    private func path(_ log: LogName) -> String { "\(folder)/\(log.rawValue)" }

    /// The checkpoints in the files that are of their log and signed with this key.
    func notes(of gateway: String, signedBy key: Curve25519.Signing.PublicKey) -> [String] {
        LogName.allCases.compactMap { log in
            guard let note = try? String(contentsOfFile: path(log), encoding: .utf8) else { return nil }
            // Of the log that is written, or of one that an earlier version left.
            let names = [false, true].map { Journal.origin(log, gateway: gateway, isSuccessor: $0) }
            return names.contains { SignedCheckpoint(note: note, key: LogKey(name: $0, key: key)) != nil } ? note : nil
        }
    }

    func write(_ notes: [LogName: String]) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (log, note) in notes { try note.write(toFile: path(log), atomically: true, encoding: .utf8) }
    }
}
