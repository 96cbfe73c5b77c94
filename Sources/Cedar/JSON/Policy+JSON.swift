public import StrictJSON

extension Policy {
    /// The policy in the JSON form of the language (EST).
    public var json: JSONValue {
        var json: JSONValue = [
            "effect": .string(effect.rawValue), "principal": principal.json, "action": action.json, "resource": resource.json,
            "conditions": .array(
                conditions.map { ["kind": .string($0.isUnless ? "unless" : "when"), "body": $0.body.json] }),
        ]
        if !annotations.isEmpty {
            json.add(
                "annotations",
                .object(JSONObject(annotations.map { .init(key: $0.name, value: $0.value.map(JSONValue.string) ?? .null) })))
        }
        return json
    }
}

extension PolicySet {
    /// The set in the JSON form of the language: static policies, templates and links by id.
    public var json: JSONValue {
        func byID(_ policies: [Policy]) -> JSONValue {
            .object(JSONObject(policies.map { .init(key: $0.id, value: $0.json) }))
        }
        let links = links.map { link -> JSONValue in
            let values = link.values.keys.sorted().compactMap { slot in
                link.values[slot].map { JSONObject.Member(key: slot.rawValue, value: ["__entity": $0.json]) }
            }
            return ["templateId": .string(link.template), "newId": .string(link.id), "values": .object(JSONObject(values))]
        }
        return ["staticPolicies": byID(staticPolicies), "templates": byID(templates), "templateLinks": .array(links)]
    }
}

extension EntityReference {
    fileprivate var member: JSONObject.Member {
        switch kind {
        case .entity(let uid): .init(key: "entity", value: uid.json)
        case .slot(let slot): .init(key: "slot", value: .string(slot.rawValue))
        }
    }
}

extension ScopeConstraint {
    fileprivate var json: JSONValue {
        func object(_ op: String, _ members: [JSONObject.Member]) -> JSONValue {
            .object(JSONObject([.init(key: "op", value: .string(op))] + members))
        }
        switch kind {
        case .any: return object("All", [])
        case .equal(let reference): return object("==", [reference.member])
        case .in(let reference): return object("in", [reference.member])
        case .is(let type): return object("is", [.init(key: "entity_type", value: .string(type.string))])
        case .isIn(let type, let reference):
            let group = JSONValue.object(JSONObject([reference.member]))
            return object("is", [.init(key: "entity_type", value: .string(type.string)), .init(key: "in", value: group)])
        }
    }
}

extension ActionConstraint {
    fileprivate var json: JSONValue {
        switch self {
        case .any: ["op": "All"]
        case .equal(let reference): ["op": "==", "entity": reference.entity?.json ?? .null]
        case .in(let references):
            references.count == 1
                ? ["op": "in", "entity": references[0].entity?.json ?? .null]
                : ["op": "in", "entities": .array(references.compactMap { $0.entity?.json })]
        }
    }
}

extension Expression {
    var json: JSONValue {
        func object(_ key: String, _ value: JSONValue) -> JSONValue { .object(JSONObject([.init(key: key, value: value)])) }
        func pair(_ key: String, _ a: Expression, _ b: Expression) -> JSONValue {
            object(key, ["left": a.json, "right": b.json])
        }
        switch kind {
        case .literal(let value): return object("Value", value.json)
        case .variable(let variable): return object("Var", .string(variable.rawValue))
        case .and(let a, let b): return pair("&&", a, b)
        case .or(let a, let b): return pair("||", a, b)
        case .ifThenElse(let test, let then, let otherwise):
            return object("if-then-else", ["if": test.json, "then": then.json, "else": otherwise.json])
        case .unary(let operation, let a): return object(operation.rawValue, ["arg": a.json])
        case .binary(let operation, let a, let b): return pair(operation.rawValue, a, b)
        case .attribute(let a, let name): return object(".", ["left": a.json, "attr": .string(name.string)])
        case .has(let a, let name): return object("has", ["left": a.json, "attr": .string(name.string)])
        case .like(let a, let pattern): return object("like", ["left": a.json, "pattern": pattern.json])
        case .is(let a, let type, let group):
            var test: JSONValue = ["left": a.json, "entity_type": .string(type.string)]
            test.add("in", group?.json)
            return object("is", test)
        case .set(let elements): return object("Set", .array(elements.map(\.json)))
        case .record(let members):
            return object("Record", .object(JSONObject(members.map { .init(key: $0.0.string, value: $0.1.json) })))
        case .call(let function, let arguments): return object(function.rawValue, .array(arguments.map(\.json)))
        }
    }
}

extension Pattern {
    fileprivate var json: JSONValue {
        .array(
            elements.map { element in
                switch element {
                case .wildcard: "Wildcard"
                case .scalar(let scalar): ["Literal": .string(String(Character(scalar)))]
                }
            })
    }
}
