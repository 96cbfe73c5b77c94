import ArgumentParser
import Authority
import Foundation
import Gateway
import StrictJSON
import TransparencyLog

extension Audit {
    struct Receipt: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify a receipt: that the entry it names is in the log, by the log's public key alone.")
        @Argument(help: "A file with a receipt, or with an answer that holds one.") var file: String
        @Option(help: "The logs' public keys: log.vkey.") var key: String

        func run() throws {
            let json = try JSONReader.read(try Files.text(file))
            let receipt = json["receipt"] ?? json
            let keys = LogKey.withSuccessors(
                try Files.text(key).split(separator: "\n").compactMap { LogKey(text: String($0)) })
            guard receipt["state"] != "pending" else {
                throw Problem("the receipt is pending: ask for the change again in some seconds, the answer has the whole one")
            }
            guard let entry = receipt["entry"]?.string,
                case .outcome(let outcome) = try LoggedEntry(bytes: Array(entry.utf8)).record()
            else { throw Problem("the receipt has no entry of how a change ended") }
            let note = receipt["checkpoint"]?.string ?? ""
            guard let signed = keys.compactMap({ SignedCheckpoint(note: note, key: $0) }).first else {
                throw Problem("the receipt's checkpoint is not signed by any key in \(key)")
            }
            let proof = try (receipt["proof"]?.array ?? []).map { try Self.hash($0.string) }
            let (leaf, index) = (Hash.leaf(entry.utf8), receipt["index"]?.integer ?? -1)
            let checkpoint = signed.checkpoint
            guard Verification.inclusion(leaf: leaf, index: index, size: checkpoint.size, proof: proof, root: checkpoint.root)
            else {
                throw Problem("the proof does not hold: entry \(index) is not shown to be in \(checkpoint.origin)")
            }
            print(
                "\(Terminal.styled("✓", .green)) entry \(index) is in \(checkpoint.origin), of \(checkpoint.size) entries; its leaf hash is \(leaf)"
            )
            let said = [
                "change \(outcome.change)", "state \(outcome.state.rawValue)", outcome.reason.map { "reason \($0)" },
                outcome.said.map { "said \($0)" }, "system \(outcome.system)", "operation \(outcome.operation)",
                "terms \(outcome.terms)",
            ]
            print("  it says: " + said.compactMap { $0.map { Printable.text($0) } }.joined(separator: ", "))
        }

        private static func hash(_ text: String?) throws -> Hash {
            let digits = Array((text ?? "").utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
            }
            guard digits.count == 64, let hash = Hash(bytes: bytes) else {
                throw Problem("the receipt holds something that is not a hash")
            }
            return hash
        }
    }
}
