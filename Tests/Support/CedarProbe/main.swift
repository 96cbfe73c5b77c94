// Answers questions on Cedar, one JSON line each, for the differential tester (`make differential`).
import Cedar
import Foundation
import Glibc
import StrictJSON

/// One case: everything the tester compares is worked out, whatever fails on the way.
struct Probe {
    private let input: JSONValue
    private var output: JSONValue

    init(_ input: JSONValue) {
        self.input = input
        output = ["id": input["id"] ?? .null]
    }

    mutating func answer() -> JSONValue {
        let schema = readSchema()
        let entities = readEntities(schema)
        guard let policies = readPolicies(), let linked = link(policies) else { return output }
        if let schema, let text = try? PolicySet(policies) {
            let findings = schema.validate(text)
            output.add("strict", .bool(findings.isValid))
            output.add("permissive", .bool(schema.validate(text, mode: .permissive).isValid))
            output.add("invalid", .array(Set(findings.errors.compactMap(\.policy)).sorted().map(JSONValue.string)))
            output.add("findings", .array(findings.errors.map { .string($0.description) }))
        }
        if let entities { answerRequests(linked, entities, schema) }
        return output
    }

    private mutating func readSchema() -> Schema? {
        guard let text = input["schema"]?.string else { return nil }
        do {
            let schema = try Schema(text)
            output.add("schemaJSON", schema.json)
            output.add("schemaText", .string(try Schema(json: schema.json).text()))
            return schema
        } catch {
            output.add("schemaError", .string("\(error)"))
            return nil
        }
    }

    private mutating func readEntities(_ schema: Schema?) -> Entities? {
        let json = input["entities"] ?? []
        do {
            if let schema { _ = try schema.entities(json: json) } else { _ = try Entities.parse(json: json) }
        } catch {
            output.add("entitiesError", .string("\(error)"))
        }
        return try? Entities.parse(json: json)
    }

    private mutating func readPolicies() -> [Policy]? {
        do {
            let text = input["policies"]?.string ?? ""
            let read = try PolicySet.parse(text)
            let formatted = try Formatter.format(text)
            output.add("formatted", .string(try Formatter.format(formatted) == formatted ? formatted : "not idempotent"))
            return read
        } catch {
            output.add("policyError", .string("\(error)"))
            return nil
        }
    }

    /// With the links, or without them when one of them is wrong.
    private mutating func link(_ policies: [Policy]) -> PolicySet? {
        do {
            let links = try (input["links"]?.array ?? []).map { link in
                let values = try (link["values"]?.object?.members ?? []).map {
                    (Slot(rawValue: $0.key) ?? .principal, try EntityUID(json: $0.value))
                }
                return TemplateLink(
                    id: link["id"]?.string ?? "", template: link["template"]?.string ?? "",
                    values: Dictionary(values, uniquingKeysWith: { $1 }))
            }
            return try printing(PolicySet(policies, links: links))
        } catch {
            output.add("linkError", .string("\(error)"))
            return try? printing(PolicySet(policies))
        }
    }

    private mutating func printing(_ set: PolicySet) throws -> PolicySet {
        output.add("est", set.json)
        output.add("text", .string(try written(PolicySet(json: set.json))))
        return set
    }

    /// As text, the policies in the order of their numbers: reading it gives them the same ids again.
    private func written(_ set: PolicySet) -> String {
        let all = set.staticPolicies + set.templates
        return all.sorted { (Int($0.id.dropFirst(6)) ?? 0) < (Int($1.id.dropFirst(6)) ?? 0) }.map(\.written).joined(
            separator: "\n")
    }

    private mutating func answerRequests(_ policies: PolicySet, _ entities: Entities, _ schema: Schema?) {
        let compiled = CompiledPolicies(policies)
        let (store, workspace) = (compiled.store(entities), Workspace())
        output.add(
            "results",
            .array(
                (input["requests"]?.array ?? []).map { json in
                    do { return try answer(json, policies, compiled, entities, store, workspace, schema) } catch {
                        return ["requestError": .string("\(error)")]
                    }
                }))
    }

    private func answer(
        _ json: JSONValue, _ policies: PolicySet, _ compiled: CompiledPolicies, _ entities: Entities, _ store: EntityStore,
        _ workspace: Workspace, _ schema: Schema?
    ) throws -> JSONValue {
        let request = try Request(line: json)
        let response = compiled.authorize(request, in: store, workspace)
        // The reference tells decisions, reasons and who erred; what the errors are, the definition does.
        let plain = policies.authorizePlainly(request, entities: entities)
        guard response == plain else { return ["requestError": .string("compiled: \(response), by definition: \(plain)")] }
        var result: JSONValue = [
            "decision": .string(response.decision.rawValue), "reasons": .array(response.reasons.map(JSONValue.string)),
            "errors": .array(response.errors.map { .string($0.policy) }),
        ]
        if let schema {
            var guided = request
            let isRead = (try? guided.context = schema.context(json: json["context"] ?? [:], action: request.action)) != nil
            result.add("requestValid", .bool(isRead && (try? schema.check(guided)) != nil))
        }
        return result
    }
}

/// Decides the requests of a file again and again, for callgrind to count: POLICIES ENTITIES SCHEMA REQUESTS ROUNDS.
private func repeatRequests(_ arguments: [String]) throws {
    func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
    let limits = JSONReader.Limits(depth: 512, bytes: 1 << 28)
    let schema = try Schema(text(arguments[2]))
    let compiled = CompiledPolicies(try PolicySet(PolicySet.parse(text(arguments[0]))))
    let store = compiled.store(try schema.entities(json: JSONReader.read(text(arguments[1]), limits: limits)))
    let workspace = Workspace()
    let requests = try text(arguments[3]).split(separator: "\n").map { line in
        let json = try JSONReader.read(String(line), limits: limits)
        var request = try Request(line: json)
        request.context = try schema.context(json: json["context"] ?? [:], action: request.action)
        return request
    }
    var allowed = 0
    for _ in 0..<(Int(arguments[4]) ?? 1) {
        for request in requests where compiled.authorize(request, in: store, workspace).decision == .allow { allowed += 1 }
    }
    print("\(allowed) allowed")
}

if CommandLine.arguments.count == 6 {
    try repeatRequests(Array(CommandLine.arguments.dropFirst()))
    exit(0)
}

while let line = readLine() {
    do {
        var probe = Probe(try JSONReader.read(line, limits: .init(depth: 512, bytes: 1 << 28)))
        print(JSONWriter.canonicalText(probe.answer()))
    } catch {
        print(#"{"id":null,"protocolError":"\#(error)"}"#)
    }
    flush()
}

private func flush() { fflush(nil) }
