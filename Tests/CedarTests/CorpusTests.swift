import Cedar
import Foundation
import StrictJSON
import Testing

@Suite("The public corpus")
struct CorpusTests {
    /// What a run over a folder of tests found.
    struct Tally {
        var tests = 0
        var requests = 0
        var skipped = 0
        var differences: [String] = []
    }

    @Test(
        "Every decision, reason set and error set of the corpus is the recorded one",
        .enabled(if: PublicData.has("cedar/corpus.tar.gz")))
    func corpus() throws {
        let folder = try PublicData.unpack("cedar/corpus.tar.gz")
        defer { try? FileManager.default.removeItem(at: folder) }
        let tests = try files(in: folder.appendingPathComponent("corpus")).filter { !$0.path.hasSuffix(".entities.json") }
        var tally = Tally()
        for test in tests {
            let base = test.path.dropLast(".json".count)
            try run(
                test, policies: URL(fileURLWithPath: base + ".cedar"), entities: URL(fileURLWithPath: base + ".entities.json"),
                &tally)
        }
        report("cedar corpus", tally)
        #expect(tally.tests > 3000)
        #expect(tally.differences.prefix(5) == [])
    }

    /// Requests whose entities hold values that only a schema can tell from plain strings.
    static let needSchema: Set<String> = [
        "example_use_cases/4d#0", "example_use_cases/4d#1", "example_use_cases/4d#2", "example_use_cases/4e#0",
        "example_use_cases/4e#1", "example_use_cases/4e#2", "example_use_cases/4e#3", "example_use_cases/4f#0",
        "example_use_cases/4f#1", "example_use_cases/4f#2", "multi/3#1", "multi/3#3", "multi/4#1",
    ]

    @Test(
        "Every request of the hand-written tests that needs no schema gives the recorded answer",
        .enabled(if: PublicData.has("cedar/integration-tests.tar.gz")))
    func integration() throws {
        let folder = try PublicData.unpack("cedar/integration-tests.tar.gz")
        defer { try? FileManager.default.removeItem(at: folder) }
        var tally = Tally()
        for test in try files(in: folder.appendingPathComponent("tests")) {
            let json = try PublicData.json(test)
            let path = { (key: String) in folder.appendingPathComponent(json[key]?.string ?? "") }
            try run(test, policies: path("policies"), entities: path("entities"), &tally)
        }
        report("cedar integration tests", tally)
        #expect(tally.skipped == Self.needSchema.count)
        #expect(tally.differences == [])
    }

    private func files(in folder: URL) throws -> [URL] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return all.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
    }

    private func report(_ name: String, _ tally: Tally) {
        print(
            "\(name): \(tally.tests) tests, \(tally.requests) requests, \(tally.skipped) skipped for want of a schema,"
                + " \(tally.differences.count) differences")
    }

    private func run(_ test: URL, policies: URL, entities: URL, _ tally: inout Tally) throws {
        let name = test.deletingPathExtension().pathComponents.suffix(2).joined(separator: "/")
        let set = try PolicySet(PolicySet.parse(PublicData.text(policies)))
        let entities = try Entities.parse(json: PublicData.json(entities))
        tally.tests += 1
        for (index, recorded) in (try PublicData.json(test)["requests"]?.array ?? []).enumerated() {
            let label = "\(name)#\(index)"
            guard !Self.needSchema.contains(label) else {
                tally.skipped += 1
                continue
            }
            tally.requests += 1
            if let difference = try compare(set, entities, recorded) { tally.differences.append("\(label): \(difference)") }
        }
    }

    private func compare(_ policies: PolicySet, _ entities: Entities, _ recorded: JSONValue) throws -> String? {
        let response = policies.authorize(try Request(json: recorded), entities: entities)
        let strings = { (key: String) in (recorded[key]?.array ?? []).compactMap(\.string).sorted() }
        let same =
            response.decision.rawValue == recorded["decision"]?.string && response.reasons == strings("reason")
            && response.errors.map(\.policy) == strings("errors")
        return same ? nil : "\(response) instead of \(JSONWriter.canonicalText(recorded))"
    }
}
