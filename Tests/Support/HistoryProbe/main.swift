import Authority
import Crypto
import Foundation
import Gateway
import Storage
import StrictJSON

/// Gives a stopped gateway's store a long history, as the gateway itself would write it: so many entries, and for every tenth of
/// them a task that is over.
///
///     history-probe STATE LOG-KEY GATEWAY ENTRIES
let arguments = CommandLine.arguments
guard arguments.count == 5, let count = Int(arguments[4]) else { fatalError("history-probe STATE LOG-KEY GATEWAY ENTRIES") }
let key = try Curve25519.Signing.PrivateKey(
    rawRepresentation: Data(
        base64Encoded: try String(contentsOfFile: arguments[2], encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
        ?? Data())
let moment = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
let store = try await WitnessedStore.open(
    try StoreFile.open(in: arguments[1]), gateway: arguments[3], key: key, now: { moment }
) { print($0) }

let text = String(repeating: "some text of the length that entries have, more or less; ", count: 8)
let perBatch = 1000
let before = try await store.logSize(.actions)
for start in stride(from: 0, to: count, by: perBatch) {
    let names = (start..<min(start + perBatch, count)).map { "\(before)-\(String(1_000_000_000 + $0))" }
    let entries = names.map {
        LogEntry(.alarm(AlarmRecord(text)), id: "old-\($0)", time: moment, links: ["request": "req-\($0)"])
    }
    let tasks = names.enumerated().filter { $0.offset.isMultiple(of: 10) }.map { _, name in
        Authority.Task(
            id: "task-\(name)", tenant: "t", holder: .workload("old"), purpose: Purpose("p", .assumed),
            delegator: nil, created: moment, expires: moment, ended: moment)
    }
    try await store.commit(tasks.map { .insertTask($0, token: "token-\($0.id)") }, entries: entries)
    store.forgetTasks()
    if start.isMultiple(of: 1_000_000) { FileHandle.standardError.write(Data("\(start) entries\n".utf8)) }
}
await store.snapshot()
let notes = try store.checkpoints()
let folder = arguments[1] + "/checkpoints"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
for (log, note) in notes { try note.write(toFile: "\(folder)/\(log.rawValue)", atomically: true, encoding: .utf8) }
