@testable import Cedar
import Foundation
import StrictJSON
import Testing

/// The public suites, whole. `make conformance` runs these alone and prints a line for each.
@Suite("Conformance")
struct ConformanceTests {
    @Test(
        "The corpus: strict verdict, decisions, reasons and errors, also after both round trips",
        .enabled(if: PublicData.has("cedar/corpus.tar.gz")))
    func corpus() throws {
        let folder = try PublicData.unpack("cedar/corpus.tar.gz")
        defer { try? FileManager.default.removeItem(at: folder) }
        var tally = Tally("corpus")
        for test in try PublicData.files(in: folder, ending: ".json") where !test.path.hasSuffix(".entities.json") {
            let base = String(test.path.dropLast(".json".count))
            try Case(
                test, policies: base + ".cedar", schema: base + ".cedarschema", entities: base + ".entities.json", isGuided: false
            ).run(&tally)
        }
        tally.report(atLeast: 1)
    }

    @Test(
        "The hand-written tests, with entities and contexts that only the schema can type",
        .enabled(if: PublicData.has("cedar/integration-tests.tar.gz")))
    func integration() throws {
        let folder = try PublicData.unpack("cedar/integration-tests.tar.gz")
        defer { try? FileManager.default.removeItem(at: folder) }
        var tally = Tally("integration-tests")
        let tests = try PublicData.files(in: folder, ending: ".json").filter { $0.path.contains("/tests/") }
        for test in tests {
            let json = try PublicData.json(test)
            // The paths inside a test start at the folder that holds `tests` and `sample-data`.
            let root = String(test.path.components(separatedBy: "/tests/")[0])
            let path = { (key: String) in root + "/" + (json[key]?.string ?? "") }
            try Case(test, policies: path("policies"), schema: path("schema"), entities: path("entities"), isGuided: true).run(
                &tally)
        }
        tally.report(atLeast: 1)
    }

    @Test(
        "Recorded verdicts on policies, entities and requests, strict and permissive",
        .enabled(if: PublicData.has("cedar/validation.tar.gz") && PublicData.has("cedar/corpus.tar.gz")))
    func validation() throws {
        let (verdicts, corpus) = (try PublicData.unpack("cedar/validation.tar.gz"), try PublicData.unpack("cedar/corpus.tar.gz"))
        defer { for folder in [verdicts, corpus] { try? FileManager.default.removeItem(at: folder) } }
        var tally = Tally("validation")
        let inputs = Dictionary(
            uniqueKeysWithValues: try PublicData.files(in: corpus, ending: ".cedar").map {
                ($0.deletingPathExtension().lastPathComponent, $0)
            })
        for verdict in try PublicData.files(in: verdicts, ending: ".validation.json") {
            let name = verdict.lastPathComponent.replacingOccurrences(of: ".validation.json", with: "")
            guard let policies = inputs[name] else {
                tally.absent += 1
                continue
            }
            try VerdictCase(base: String(policies.path.dropLast(".cedar".count)), verdict: verdict).run(&tally)
        }
        tally.report(atLeast: 1)
    }

    @Test("Hand-built cases of what the validator refuses", .enabled(if: PublicData.has("cedar/validator-cases.tar.gz")))
    func validatorCases() throws {
        let folder = try PublicData.unpack("cedar/validator-cases.tar.gz")
        defer { try? FileManager.default.removeItem(at: folder) }
        var tally = Tally("validator-cases")
        for verdict in try PublicData.files(in: folder, ending: ".validation.json") {
            try VerdictCase(base: String(verdict.path.dropLast(".validation.json".count)), verdict: verdict).run(&tally)
        }
        tally.report(atLeast: 1)
    }

    @Test(
        "Each schema means the same in its human syntax and in its recorded JSON form",
        .enabled(if: PublicData.has("cedar/json-schemas.tar.gz") && PublicData.has("cedar/corpus.tar.gz")))
    func schemas() throws {
        let (forms, corpus) = (try PublicData.unpack("cedar/json-schemas.tar.gz"), try PublicData.unpack("cedar/corpus.tar.gz"))
        defer { for folder in [forms, corpus] { try? FileManager.default.removeItem(at: folder) } }
        var tally = Tally("json-schemas")
        let texts = Dictionary(
            uniqueKeysWithValues: try PublicData.files(in: corpus, ending: ".cedarschema").map { ($0.lastPathComponent, $0) })
        for form in try PublicData.files(in: forms, ending: ".cedarschema.json") {
            let name = String(form.lastPathComponent.dropLast(".json".count))
            guard let text = texts[name] else {
                tally.absent += 1
                continue
            }
            tally.check(name) {
                let (human, recorded) = (try Schema(PublicData.text(text)), try Schema(json: PublicData.json(form)))
                guard human.meaning == recorded.meaning else { return "the two forms differ" }
                guard try Schema(json: human.json).meaning == human.meaning else { return "human to JSON changes it" }
                guard try Schema(recorded.text()).meaning == human.meaning else { return "JSON to human changes it" }
                return nil
            }
        }
        tally.report(atLeast: 1)
    }

    @Test(
        "Entities that only the schema can type are read, or refused, as recorded",
        .enabled(if: PublicData.has("cedar/entity-parsing-testdata.tar.gz")))
    func entityParsing() throws {
        let folder = try PublicData.unpack("cedar/entity-parsing-testdata.tar.gz")
        defer { try? FileManager.default.removeItem(at: folder) }
        var tally = Tally("entity-parsing")
        for verdict in try PublicData.files(in: folder, ending: ".parsing.json") {
            let base = String(verdict.path.dropLast(".parsing.json".count))
            let test = try PublicData.json(URL(fileURLWithPath: base + ".json"))
            let beside = { (key: String) in verdict.deletingLastPathComponent().appendingPathComponent(test[key]?.string ?? "") }
            let schema = try Schema(PublicData.text(beside("schema")))
            let recorded = try PublicData.json(verdict)
            let entities = try? PublicData.json(beside("entities"))
            tally.check(verdict.lastPathComponent + " all") {
                let isRead = entities.map { (try? schema.entities(json: $0)) != nil } ?? false
                return isRead == recorded["allEntities"]?["success"]?.bool ? nil : "all: \(isRead)"
            }
            for entity in entities?.array ?? [] {
                guard let uid = try? EntityUID(json: entity["uid"] ?? .null) else { continue }
                let expected = recorded["perEntity"]?["\(uid.type)::\(uid.id)"]?["success"]?.bool
                tally.check("\(verdict.lastPathComponent) \(uid)") {
                    let isRead = (try? schema.entities(json: .array([entity]))) != nil
                    return isRead == expected ? nil : "\(isRead) instead of \(expected.map(String.init) ?? "nothing")"
                }
            }
        }
        tally.report(atLeast: 1)
    }
}

/// What a suite found.
struct Tally {
    let name: String
    var checks = 0
    var absent = 0
    var differences: [String] = []

    init(_ name: String) { self.name = name }

    mutating func check(_ label: String, _ difference: () throws -> String?) {
        checks += 1
        do { if let difference = try difference() { differences.append("\(label): \(difference)") } } catch {
            differences.append("\(label): \(error)")
        }
    }

    func report(atLeast least: Int) {
        print(
            "conformance \(name): \(checks) checks, \(differences.count) differences"
                + (absent > 0 ? ", \(absent) without their input" : ""))
        for difference in differences.prefix(10) { print("  \(difference)") }
        #expect(checks >= least)
        #expect(differences.isEmpty)
    }
}

/// One test: policies, schema, entities and requests with their recorded answers.
struct Case {
    let name: String
    let recorded: JSONValue
    let policies: String
    let schema: Schema
    let entities: Entities
    let isGuided: Bool

    init(_ test: URL, policies: String, schema: String, entities: String, isGuided: Bool) throws {
        name = test.deletingPathExtension().lastPathComponent
        recorded = try PublicData.json(test)
        self.policies = try PublicData.text(URL(fileURLWithPath: policies))
        self.schema = try Schema(PublicData.text(URL(fileURLWithPath: schema)))
        let json = try PublicData.json(URL(fileURLWithPath: entities))
        self.entities = try isGuided ? self.schema.entities(json: json) : Entities.parse(json: json)
        self.isGuided = isGuided
    }

    func run(_ tally: inout Tally) throws {
        let set = try PolicySet(PolicySet.parse(policies))
        tally.check("\(name) shouldValidate") {
            let isValid = schema.validate(set).isValid
            return isValid == recorded["shouldValidate"]?.bool ? nil : "strict verdict \(isValid)"
        }
        for (round, again) in try roundTrips(set) {
            for (index, request) in (recorded["requests"]?.array ?? []).enumerated() {
                tally.check("\(name)#\(index) \(round)") { try difference(again, request) }
            }
        }
    }

    /// The set as read, and after each round trip; the ids of the policies stay.
    private func roundTrips(_ set: PolicySet) throws -> [(String, PolicySet)] {
        [
            ("as read", set), ("through JSON", try PolicySet(json: set.json)),
            ("printed", try PolicySet(PolicySet.parse(set.policies.map(PolicyWriter.text).joined(separator: "\n")))),
        ]
    }

    private func difference(_ set: PolicySet, _ recorded: JSONValue) throws -> String? {
        let request = try isGuided ? schema.request(json: recorded) : Request(json: recorded)
        let response = set.authorize(request, entities: entities)
        guard response == set.authorizePlainly(request, entities: entities) else {
            return "the compiled form differs: \(response)"
        }
        let strings = { (key: String) in (recorded[key]?.array ?? []).compactMap(\.string).sorted() }
        let same =
            response.decision.rawValue == recorded["decision"]?.string && response.reasons == strings("reason")
            && response.errors.map(\.policy) == strings("errors")
        return same ? nil : "\(response) instead of \(JSONWriter.canonicalText(recorded))"
    }
}

/// Recorded verdicts of the reference validator on one test.
struct VerdictCase {
    let name: String
    let recorded: JSONValue
    let schema: Schema
    let policies: [Policy]
    let entities: [JSONValue]
    let requests: [JSONValue]

    init(base: String, verdict: URL) throws {
        name = URL(fileURLWithPath: base).lastPathComponent
        recorded = try PublicData.json(verdict)
        schema = try Schema(PublicData.text(URL(fileURLWithPath: base + ".cedarschema")))
        policies = try PolicySet.parse(PublicData.text(URL(fileURLWithPath: base + ".cedar")))
        entities = try PublicData.json(URL(fileURLWithPath: base + ".entities.json")).array ?? []
        requests = try PublicData.json(URL(fileURLWithPath: base + ".json"))["requests"]?.array ?? []
    }

    func run(_ tally: inout Tally) throws {
        let set = try PolicySet(policies)
        let verdicts = recorded["policyValidation"]
        for (key, mode) in [("strict", ValidationMode.strict), ("permissive", .permissive)] {
            tally.check("\(name) \(key)") { compare(schema.validate(set, mode: mode), verdicts?[key]) }
            for policy in policies {
                tally.check("\(name) \(policy.id) \(key)") {
                    compare(schema.validate(try PolicySet([policy]), mode: mode), verdicts?["perPolicy"]?[policy.id]?[key])
                }
            }
        }
        for entity in entities {
            guard let uid = try? EntityUID(json: entity["uid"] ?? .null) else { continue }
            let expected = recorded["entityValidation"]?["perEntity"]?["\(uid.type)::\(uid.id)"]
            tally.check("\(name) entity \(uid)") {
                let isValid = (try? schema.check(schema.entity(json: entity))) != nil
                guard let expected else { return "no verdict is recorded" }
                return isValid == (expected["errors"] == nil) ? nil : "\(isValid), recorded \(JSONWriter.canonicalText(expected))"
            }
        }
        for (index, request) in requests.enumerated() {
            let expected = recorded["requestValidation"]?.array?[index]["strict"]?.bool
            tally.check("\(name) request \(index)") {
                let isValid = (try? schema.check(schema.request(json: request))) != nil
                return isValid == expected ? nil : "\(isValid) instead of \(expected.map(String.init) ?? "nothing")"
            }
        }
    }

    private func compare(_ findings: Schema.Findings, _ verdict: JSONValue?) -> String? {
        findings.isValid == verdict?.bool ? nil : "\(findings.isValid), \(findings.errors)"
    }
}

extension Schema {
    /// All that the schema says, in a form that can be compared.
    fileprivate var meaning: [String] {
        entityTypes.keys.sorted().map { name in
            guard let type = entityTypes[name] else { return "" }
            return
                "\(name) \(type.ancestors.sorted()) \(type.attributes) \(type.tags?.description ?? "") \(type.enumeration?.sorted().description ?? "")"
        }
            + actions.keys.sorted().map { uid in
                guard let action = actions[uid] else { return "" }
                return
                    "\(uid) \(action.ancestors.sorted()) \(Set(action.principals).sorted()) \(Set(action.resources).sorted()) \(action.context)"
            }
    }
}
