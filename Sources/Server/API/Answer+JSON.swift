import Authority
import Gateway
import StrictJSON

extension Answer {
    /// The answer as every door of agents gives it.
    var json: JSONValue {
        var json: JSONValue = ["status": .string(status.rawValue), "code": .string(code), "message": .string(message)]
        json.add("change", change.map(JSONValue.string))
        json.add("result", result?.json)
        // What a system says of itself is not what the gateway says.
        if case .document? = result { json.add("untrusted", true) }
        json.add("receipt", receipt?.json)
        return json
    }
}

extension Receipt {
    var json: JSONValue {
        let (log, entry) = (JSONValue.string(log.rawValue), JSONValue.string(entry))
        guard let inclusion else { return ["state": "pending", "log": log, "entry": entry] }
        var json: JSONValue = [
            "state": "complete", "log": log, "entry": entry, "index": .integer(inclusion.index),
            "proof": .array(inclusion.proof.map(JSONValue.string)), "checkpoint": .string(inclusion.checkpoint),
        ]
        json.add("tlogProof", proofText.map(JSONValue.string))
        return json
    }
}
