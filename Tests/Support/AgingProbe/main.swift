import Authority
import Crypto
import Foundation
import Gateway
import Storage
import StrictJSON

/// Makes changes that wait in a stopped gateway's store look as an older version, or another catalogue, left them: their records are
/// rewritten and logged as the gateway itself would.
///
///     aging-probe STATE LOG-KEY GATEWAY version|definition CHANGE…
let arguments = CommandLine.arguments
guard arguments.count > 5 else { fatalError("aging-probe STATE LOG-KEY GATEWAY version|definition CHANGE…") }
let key = try Curve25519.Signing.PrivateKey(
    rawRepresentation: Data(
        base64Encoded: try String(contentsOfFile: arguments[2], encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
        ?? Data())
let moment = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
let store = try await WitnessedStore.open(
    try StoreFile.open(in: arguments[1]), gateway: arguments[3], key: key, now: { moment }
) { print($0) }
for id in arguments[5...] {
    guard let change = try await store.change(id), var row = change.json.object else { fatalError("there is no change \(id)") }
    if arguments[4] == "version" { row["version"] = 1 } else { row["definition"] = .string(Digest(of: "another").hex) }
    try await store.commit([.updateChange(try Change(json: .object(row)), from: change)], entries: [])
}
