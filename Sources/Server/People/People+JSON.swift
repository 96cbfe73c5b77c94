import Authority
import Gateway
import StrictJSON

extension Lock {
    /// As people are told of it.
    var json: JSONValue {
        [
            "scope": .string(scope.rawValue), "subject": .string(subject), "by": .string(by), "at": .integer(at.milliseconds),
        ]
    }
}

extension ReachReport {
    var json: JSONValue {
        [
            "systems": .array(
                systems.map {
                    [
                        "system": .string($0.name), "nodes": .integer(Int64($0.nodes)), "facts": .integer(Int64($0.facts)),
                        "readAt": .integer($0.readAt.milliseconds),
                    ]
                }),
            "protected": .array(protected.map(JSONValue.string)), "unresolved": .array(unresolved.map(JSONValue.string)),
            "takers": .array(
                takers.map { ["who": .string($0.who), "target": .string($0.target), "steps": .integer(Int64($0.steps))] }),
        ]
    }
}

extension ReachPath {
    var json: JSONValue {
        var json: JSONValue = [
            "from": .string(from), "to": .string(to), "reachable": .bool(depth != nil),
            "steps": .array(sentences.map(JSONValue.string)),
            "edges": .array(
                edges.map {
                    [
                        "from": .array($0.holders.map(JSONValue.string)), "to": .string($0.takes),
                        "because": .string($0.because), "source": .string($0.source),
                        "facts": .array($0.relations.map(JSONValue.string)),
                    ]
                }),
        ]
        json.add("depth", depth.map { .integer(Int64($0)) })
        return json
    }
}

extension WhatIf {
    var json: JSONValue {
        var json = ShownReach(finding).json
        json.add("target", .string(target))
        json.add("obstacle", obstacle.map(JSONValue.string))
        return json
    }
}

extension Claims.Claim {
    /// It says of itself that it is a claim.
    var json: JSONValue {
        ["claimedBy": by.json, "claims": copy.json]
    }
}
