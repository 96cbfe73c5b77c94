import Authority
import Crypto
import Foundation
import Gateway
import Storage
import StrictJSON

/// Does to a stopped gateway's store what takes a gateway long, as the gateway itself would write it.
///
/// `age` makes changes that wait look as an older version, or another catalogue, left them. `fill` gives it so many entries more,
/// and for every tenth of them a task that is over.
///
///     store-probe age  STATE LOG-KEY GATEWAY version|definition CHANGE…
///     store-probe fill STATE LOG-KEY GATEWAY ENTRIES
let arguments = CommandLine.arguments
guard arguments.count > 5 else { fatalError("store-probe age|fill STATE LOG-KEY GATEWAY …") }
let key = try Curve25519.Signing.PrivateKey(
    rawRepresentation: Data(
        base64Encoded: try String(contentsOfFile: arguments[3], encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
        ?? Data())
let moment = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
let store = try await WitnessedStore.open(
    try StoreFile.open(in: arguments[2]), gateway: arguments[4], key: key, now: { moment }
) { print($0) }

func age(_ id: String, _ what: String) async throws {
    guard let change = try await store.change(id), var row = change.json.object else { fatalError("there is no change \(id)") }
    if what == "version" { row["version"] = 1 } else { row["definition"] = .string(Digest(of: "another").hex) }
    try await store.commit([.updateChange(try Change(json: .object(row)), from: change)], entries: [])
}

func fill(_ count: Int) async throws {
    let text = String(repeating: "some text of the length that entries have, more or less; ", count: 8)
    let (before, perBatch) = (try await store.logSize(.actions), 1000)
    for start in stride(from: 0, to: count, by: perBatch) {
        let names = (start..<min(start + perBatch, count)).map { "\(before)-\(1_000_000_000 + $0)" }
        let entries = names.map {
            LogEntry(.alarm(AlarmRecord(text)), id: "old-\($0)", time: moment, links: ["request": "req-\($0)"])
        }
        let tasks = names.enumerated().filter { $0.offset.isMultiple(of: 10) }.map { _, name in
            Authority.Task(
                id: "task-\(name)", tenant: "t", holder: .workload("old"), purpose: Purpose("p", .assumed), delegator: nil,
                created: moment, expires: moment, ended: moment)
        }
        try await store.commit(tasks.map { .insertTask($0, token: "token-\($0.id)") }, entries: entries)
        store.forgetTasks()
    }
    await store.snapshot()
    // Those that were published last are of another store by now.
    for (log, note) in try store.checkpoints() {
        try note.write(toFile: "\(arguments[2])/checkpoints/\(log.rawValue)", atomically: true, encoding: .utf8)
    }
}

switch arguments[1] {
case "age": for id in arguments[6...] { try await age(id, arguments[5]) }
case "fill": try await fill(Int(arguments[5]) ?? 0)
default: fatalError("store-probe does not know \(arguments[1])")
}
