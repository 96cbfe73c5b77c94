import Cedar
import Reach
import StrictJSON

/// What is done with one input. It may refuse the input by an error; it must not trap, hang, leak or
/// break what `check` states.
typealias Target = @Sendable ([UInt8]) -> Void

/// Every target by name. The corpus is `corpus/<name>/`; names that end in `json` get json.dict, the others cedar.dict.
let targets: [String: Target] = [
    "any-json": anyJSON,
    "entities-json": entitiesJSON,
    "evaluate-text": evaluateText,
    "format-text": formatText,
    "policy-json": policyJSON,
    "policy-text": policyText,
    "reach-rules": reachRules,
    "request-json": requestJSON,
    "schema-json": schemaJSON,
    "schema-text": schemaText,
    "validate-text": validateText,
]

private func check(_ holds: Bool, _ what: @autoclosure () -> String) {
    guard holds else { fatalError(what()) }
}

/// The result, or nil when the input was refused.
private func accepted<T>(_ read: () throws -> T) -> T? { try? read() }

/// As `accepted`, for what must not be refused, because we wrote it ourselves.
private func required<T>(_ what: String, _ read: () throws -> T) -> T {
    do { return try read() } catch { fatalError("\(what): \(error)") }
}

private func anyJSON(_ bytes: [UInt8]) {
    guard let value = accepted({ try JSONReader.read(bytes) }) else { return }
    let written = JSONWriter.canonical(value)
    let again = required("canonical JSON is refused") { try JSONReader.read(written) }
    check(again == value, "reading back gives another value")
    check(JSONWriter.canonical(again) == written, "canonical bytes are not stable")
}

private func entitiesJSON(_ bytes: [UInt8]) {
    guard let entities = accepted({ try Entities.parse(json: JSONReader.read(bytes)) }) else { return }
    let written = JSONValue.array(entities.all.map(\.json))
    let again = required("written entities are refused") { try Entities.parse(json: written) }
    check(again.all == entities.all, "reading back gives other entities")
    for a in entities.all { for b in entities.all { _ = entities.isMember(a.uid, of: b.uid) } }
}

/// A rule file that is refused says where; one that is taken is taken again beside itself, but for nothing that it declares.
private func reachRules(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    do {
        let rules = try RuleSet([("a", text)])
        let twice = required("a file is refused beside itself") { try RuleSet([("a", text), ("b", text)]) }
        check(twice.relations == rules.relations && twice.rules.count == 2 * rules.rules.count, "it says something else twice")
    } catch let problems as RuleProblems {
        check(
            !problems.all.isEmpty && problems.all.allSatisfy { $0.place.line > 0 && $0.place.column > 0 },
            "a problem has no place")
    } catch { fatalError("\(error)") }
}

private func requestJSON(_ bytes: [UInt8]) {
    guard let request = accepted({ try Request(json: JSONReader.read(bytes)) }) else { return }
    let context = Value.record(request.context)
    check(required("a written context is refused") { try Value(json: context.json) } == context, "another context")
}

private func policyText(_ bytes: [UInt8]) {
    guard let policies = accepted({ try PolicySet.parse(String(decoding: bytes, as: UTF8.self)) }) else { return }
    for policy in policies {
        let again = required("a policy's own source is refused") { try PolicySet.parse(policy.source) }
        check(again.count == 1 && again.first?.effect == policy.effect, "a policy's source is another policy")
        check(again.first?.source == policy.source, "a policy's source is not stable")
    }
}

private func evaluateText(_ bytes: [UInt8]) {
    guard let policies = accepted({ try PolicySet(PolicySet.parse(String(decoding: bytes, as: UTF8.self))) }) else { return }
    let first = policies.authorize(request, entities: world)
    check(first == policies.authorize(request, entities: world), "the same question has two answers")
    check(first.decision == .deny || !first.reasons.isEmpty, "allowed without a reason")
    let partial = policies.authorize(PartialRequest(request, unknown: ["n": nil]), entities: PartialEntities(world))
    let later = partial.reauthorize(request, entities: world)
    check(later.decision == first.decision && later.reasons == first.reasons, "deciding in part first gives another answer")
    check(later.errors.map(\.policy) == first.errors.map(\.policy), "deciding in part first gives other errors")
    _ = policies.obstaclesToMonotonicity(in: "n")
}

private func formatText(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let once = accepted({ try Formatter.format(text, width: 40) }) else { return }
    check(required("laid out, it is refused") { try Formatter.format(once, width: 40) } == once, "laying out again changes it")
    let (before, after) = (
        accepted { try PolicySet(PolicySet.parse(text)).json }, accepted { try PolicySet(PolicySet.parse(once)).json }
    )
    check(before == after, "laid out, it means something else")
}

private func policyJSON(_ bytes: [UInt8]) {
    guard let set = accepted({ try PolicySet(json: JSONReader.read(bytes, limits: .init(depth: 1000))) }) else { return }
    check(
        required("what we wrote is refused") { try PolicySet(json: set.json) }.json == set.json, "reading back gives another set")
    let text = set.written
    check(
        required("written as text, it is refused: \(text)") { try PolicySet.parse(text) }.count == set.staticPolicies.count
            + set.templates.count, "policies were lost")
}

private func schemaText(_ bytes: [UInt8]) {
    guard let schema = accepted({ try Schema(String(decoding: bytes, as: UTF8.self)) }) else { return }
    let again = required("its JSON form is refused") { try Schema(json: schema.json) }
    check(again.json == schema.json, "reading back gives another schema")
    check(
        required("written as text, it is refused") { try Schema(again.text()) }.actions.count == schema.actions.count,
        "actions were lost")
}

private func schemaJSON(_ bytes: [UInt8]) {
    guard let schema = accepted({ try Schema(json: JSONReader.read(bytes)) }) else { return }
    check(
        required("what we wrote is refused") { try Schema(json: schema.json) }.json == schema.json,
        "reading back gives another schema")
    guard let text = accepted({ try schema.text() }) else { return }
    check(
        required("written as text, it is refused: \(text)") { try Schema(text) }.entityTypes.count == schema.entityTypes.count,
        "types were lost")
}

private func validateText(_ bytes: [UInt8]) {
    guard let policies = accepted({ try PolicySet(PolicySet.parse(String(decoding: bytes, as: UTF8.self))) }) else { return }
    let strict = schema.validate(policies, level: 2)
    if strict.isValid { check(schema.validate(policies, mode: .permissive).isValid, "valid strictly but not permissively") }
    for diagnostic in strict.errors { _ = diagnostic.marked(in: String(decoding: bytes, as: UTF8.self), file: "f") }
}

private let schema = required("the schema") {
    try Schema(
        "entity Team; entity User in [Team] { age: Long, \"if\"?: Bool } tags String; action view appliesTo { principal: User, resource: User, context: { n: Long, s: String, b?: Bool } };"
    )
}

private let request = Request(
    principal: EntityUID(type: "User", id: "alice"), action: EntityUID(type: "Action", id: "view"),
    resource: EntityUID(type: "User", id: "bob"), context: ["n": 7, "s": "é", "b": true])

private let world: Entities = required("the world") {
    let team = EntityUID(type: "Team", id: "a")
    return try Entities([
        Entity(request.principal, attributes: ["age": 3, "if": true], tags: ["t": "x"], parents: [team]), Entity(team),
    ])
}
