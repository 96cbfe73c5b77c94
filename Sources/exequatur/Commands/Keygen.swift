import ArgumentParser
import Authority
import Crypto
import Foundation
import Gateway
import TransparencyLog

/// Makes the gateway's own keys.
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the gateway's keys in a folder.",
        discussion: """
            log.key    signs the logs' checkpoints; stays with the gateway
            log.vkey   verifies them; hand it out
            seal.pub   seals prompts; for the gateway
            seal.key   opens them; take it away from the gateway and keep it
            """)

    @Argument(help: "The folder, made when absent.")
    var folder: String

    @Option(help: "The gateway's id, as in its configuration.")
    var gateway: String

    func run() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard !FileManager.default.fileExists(atPath: folder + "/log.key") else {
            throw Problem("\(folder) has keys already; they are not overwritten")
        }
        let log = Curve25519.Signing.PrivateKey()
        let seal = Curve25519.KeyAgreement.PrivateKey()
        try KeyFiles.write(log.rawRepresentation, to: folder + "/log.key", isPrivate: true)
        try KeyFiles.write(seal.rawRepresentation, to: folder + "/seal.key", isPrivate: true)
        try KeyFiles.write(seal.publicKey.rawRepresentation, to: folder + "/seal.pub", isPrivate: false)
        let keys = LogName.allCases.map { LogKey(name: Journal.origin($0, gateway: gateway), key: log.publicKey).text }
        try (keys.joined(separator: "\n") + "\n").write(toFile: folder + "/log.vkey", atomically: true, encoding: .utf8)
        print("Made log.key, log.vkey, seal.pub and seal.key in \(folder). Move seal.key away from the gateway.")
    }
}
