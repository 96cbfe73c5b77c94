import Authority
import DirectoryKit
import ConnectorEmbedded
import Foundation
import Reach
import GatewayWorld
import TestSupport
import Testing

@testable import Gateway

@Suite("Steps that are granted and not settled")
struct ReachKeeperTests {
    private let folder: URL
    private let keeper: ReachKeeper
    private let directory: EmbeddedDirectory

    init() async throws {
        folder = try Fixture.folder()
        directory = try EmbeddedDirectory(
            system: "corp", path: folder.appendingPathComponent("corp.sqlite").path, now: { TestClock().now })
        try await directory.seedDemoCompany()
        let settings = ReachSettings(rules: try RuleSet.shipped(), workloads: ["agent"], persons: ["lena"])
        keeper = ReachKeeper(settings, now: { Instant(milliseconds: 1_000_000) })
        try await keeper.read(directory)
    }

    private func id(_ kind: String, _ name: String) throws -> String {
        try #require(keeper.node("corp/\(kind)/\(name)") as String?, "no \(name)")
    }

    private func member(_ who: String, _ group: String) throws -> Step {
        Step(adds: [NamedFact(DirectoryVocabulary.member, try id("user", who), try id("group", group))])
    }

    private func reserve(_ change: String, _ step: Step) throws {
        try keeper.reserve(change, on: "corp", step, gaining: try keeper.assess(step).digest)
    }

    @Test("A second way to what an unfinished step opens is as new as the first; once that is there, it is not")
    func riding() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (first, second) = (try member("kai.nilsen", "release-managers"), try member("kai.nilsen", "domain-admins"))
        try reserve("first", first)
        #expect(!(try keeper.assess(second)).gains.isEmpty)
        try keeper.settle("first", .executed)
        #expect(try keeper.assess(second).gains.isEmpty)
        #expect(!(try keeper.assess(first)).gains.isEmpty, "nobody knows whether it is still there")
    }

    @Test("Of two steps that bring the same half, the second is new although the first is under way")
    func third() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let (kai, target, finance) = (
            try id("user", "kai.nilsen"), try id("group", "domain-admins"), try id("group", "finance")
        )
        try reserve("before", Step(adds: [NamedFact("GetChangesAll", finance, target)]))
        try keeper.settle("before", .executed)
        try reserve("half", Step(adds: [NamedFact("GetChanges", kai, target)]))
        try reserve("other", Step(adds: [NamedFact("GetChangesAll", kai, target)]))
        #expect(!(try keeper.assess(try member("kai.nilsen", "finance"))).gains.isEmpty)
        #expect(try keeper.assess(try member("ivo.petrov", "finance")).gains.isEmpty, "that has no part in it")
        try keeper.settle("other", .executed)
        #expect(try keeper.assess(try member("kai.nilsen", "finance")).gains.isEmpty, "that half is there already")
    }

    @Test("A step that failed has opened nothing", arguments: [Change.State.failed, .expired])
    func failed(_ outcome: Change.State) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let step = try member("kai.nilsen", "release-managers")
        try reserve("first", step)
        try keeper.settle("first", outcome)
        #expect(!keeper.standings().contains { $0.who == "corp/user/kai.nilsen" })
    }

    @Test("What nobody knows the outcome of counts as done")
    func lost() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try reserve("first", try member("kai.nilsen", "apprentices"))
        try keeper.settle("first", .indeterminate)
        let (inner, outer) = (try id("group", "apprentices"), try id("group", "release-managers"))
        let nest = Step(adds: [NamedFact(DirectoryVocabulary.member, inner, outer)])
        #expect(try keeper.assess(nest).gains.contains { $0.who == keeper.node("corp/user/kai.nilsen") })
    }

    @Test("A change is granted once, and only while the step gains what it did when it was decided")
    func once() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let step = try member("kai.nilsen", "release-managers")
        try reserve("first", step)
        #expect(throws: GrantRefusal.alreadyGranted) { try reserve("first", step) }
        #expect(throws: GrantRefusal.stale) {
            try keeper.reserve("second", on: "corp", member("ivo.petrov", "release-managers"), gaining: ReachFinding.none.digest)
        }
    }
}
