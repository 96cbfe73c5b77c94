import Authority
import ConnectorKit
import StrictJSON
import StrictYAML
import Testing

@testable import ConnectorMCP

@Suite("What an import writes and says")
struct ImportTests {
    private func offered(_ tools: [(name: String, definition: JSONValue)]) -> Offered {
        var offered = Offered(number: 1, session: 1)
        for (name, definition) in tools { offered.add(DefinitionKey(kind: .tool, name: name), SystemDocument(definition)) }
        return offered
    }

    private func tool(_ name: String, _ schema: JSONValue = [:], _ words: String = "Does it.") -> (String, JSONValue) {
        (name, ["name": .string(name), "description": .string(words), "inputSchema": schema])
    }

    /// What is read of the catalogue that would be written.
    private func operations(_ offered: Offered) throws -> [String] {
        let comparison = ImportComparison(offered, Definitions([:]), nil, at: "x")
        var root = try YAMLFields.read(CatalogueText("web", comparison.findings, offered).text, file: "web.yaml")
        return try root.mapping("operations").left
    }

    @Test(
        "Whatever a server writes, nothing of it becomes an operation that nobody classified",
        arguments: [
            "x\n  evil:\n    access: read\n  #", "x\r  evil: {access: read}\r", "x\u{2028}  evil: {}", "\"\n  evil:",
            "x\u{85}evil:",
        ])
    func injection(_ text: String) throws {
        let tools = [
            tool("a", ["properties": .object(JSONObject([.init(key: text, value: [:])]))]), tool("b", [:], text),
            tool("c", ["properties": ["p": ["pattern": .string("(" + text)]]]), tool(text),
            tool(
                "d",
                ["properties": .object(JSONObject([.init(key: "e", value: .object(JSONObject([.init(key: text, value: 3)])))]))]),
            tool("e", ["properties": .object(JSONObject([.init(key: text, value: 3)]))]),
        ]
        #expect(try Set(operations(offered(tools))).isSubset(of: ["b", "c", "d"]))
    }

    private func pinned(_ text: String) throws -> Pinned { try Pinned(text: "operations:\n" + text, "web.yaml") }

    @Test("Each is new, open, as it was, changed, gone, or can't be offered")
    func states() throws {
        let old = SystemDocument(tool("changed", [:], "It was this.").1)
        let key = DefinitionKey(kind: .tool, name: "changed")
        let same = DefinitionKey(kind: .tool, name: "same")
        let now = offered([
            tool("new"), tool("open"), tool("same"), tool("changed", [:], "It is that."), tool("bad", ["$ref": "http://x/"]),
        ])
        let pins = try pinned(
            """
              other-name: {tool: changed, pinned: \(Definitions.digest(of: key, old, at: "x").hex), access: read}
              open: {pinned: \(Definitions.digest(of: key, old, at: "x").hex), access: unclassified}
              same: {pinned: \(Definitions.digest(of: same, now.all[same]!, at: "x").hex), access: read}
              gone: {pinned: \(Definitions.digest(of: key, old, at: "x").hex), access: read}
              user.read: {answer: one user}
            """)
        let comparison = ImportComparison(now, Definitions([key: old]), pins, at: "x")
        let states = Dictionary(uniqueKeysWithValues: comparison.findings.map { ($0.finding.name, $0.finding.state) })
        #expect(
            states == [
                "new": .new, "open": .unclassified, "same": .same, "other-name": .changed, "gone": .gone, "bad": .unusable,
            ])
        let notes = comparison.findings.first { $0.finding.state == .changed }?.finding.notes
        #expect(notes == [#"/description: "It was this." → "It is that.""#])
        // Imported once more, the difference is still there to be looked at.
        let again = ImportComparison(now, try Definitions(file: comparison.definitions.file), pins, at: "x")
        #expect(again.findings.first { $0.finding.state == .changed }?.finding.notes == notes)
    }

    @Test("Two of one name are neither")
    func twice() {
        let findings = ImportComparison(offered([tool("a"), tool("a")]), Definitions([:]), nil, at: "x").findings
        #expect(findings.map(\.finding.state) == [.unusable])
    }
}
