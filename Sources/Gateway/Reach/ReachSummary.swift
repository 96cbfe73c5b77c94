import Authority
import Reach
import StrictJSON

/// What the graph must know of all that the gateway ever did and no system shows: so that a start need not go through every change.
struct ReachSummary: Sendable {
    /// Of the catalogues by which it was told: by others, the changes may say something else.
    let basis: Digest
    /// Who chose whose credential.
    let conferred: [NamedFact]
    /// The changes whose steps were not settled then.
    let pending: [String]

    init(_ state: ReachState) {
        basis = state.vocabulary.digest
        conferred = state.conferred.sorted()
        pending = state.pending.keys.sorted()
    }

    /// - Returns: nil for what is none.
    init?(json: JSONValue) {
        do {
            var fields = try Fields(json)
            basis = try fields.digest("basis")
            conferred = try fields.array("conferred").map { try NamedFact(json: $0) }
            pending = try fields.array("pending").compactMap(\.string)
            try fields.end()
        } catch { return nil }
    }

    var json: JSONValue {
        [
            "basis": .string(basis.hex), "conferred": .array(conferred.map(\.json)),
            "pending": .array(pending.map(JSONValue.string)),
        ]
    }
}

extension Vocabulary {
    /// Of all catalogues.
    var digest: Digest {
        let members = catalogues.sorted { $0.key < $1.key }.map {
            JSONObject.Member(key: $0.key, value: .string($0.value.digest.hex))
        }
        return Digest(of: .object(JSONObject(members)))
    }
}
