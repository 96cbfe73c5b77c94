import Authority
import DirectoryKit
import StrictJSON
import Testing

@testable import Server

@Suite("MCP")
struct MCPTests {
    @Test(
        "Header values are decoded strictly",
        arguments: [
            ("plain", "plain"), ("=?base64?bmHDr3Zl?=", "naïve"), ("=?base64??=", ""), ("=?BASE64?bmE=?=", "=?BASE64?bmE=?="),
            ("=?base64?!!?=", nil), ("=?base64?YR==?=", nil), ("=?base64?/w==?=", nil), ("=?base64?bmE?=", nil),
        ])
    func headerValues(value: String, decoded: String?) {
        #expect(MCPHeaders.decode(value) == decoded)
    }

    @Test("Each operation has one tool, and each tool's name is legal and leads back to it")
    func toolNames() throws {
        let attributes = attributeNames.map { AttributeDefinition($0, .internal, isWritable: true) }
        let catalogue = Catalogue.directory(namespace: "Test", attributes: attributes)
        let systems = [
            (name: "a", catalogue: catalogue), (name: "a-b", catalogue: catalogue),
            (name: "a-very-long-name-20c", catalogue: catalogue),
        ]
        let tools = MCPTools(systems)
        let names = try tools.list.compactMap { try JSONReader.read($0)["name"]?.string }
        #expect(Set(names).count == names.count)
        for (system, catalogue) in systems {
            for operation in catalogue.operations {
                let name = MCPTools.name(system, operation.name)
                #expect(name.wholeMatch(of: /[a-zA-Z0-9_-]{1,64}/) != nil)
                guard case .operation(system, let found)? = tools.target(name), found.name == operation.name else {
                    Issue.record("\(name) leads elsewhere")
                    continue
                }
            }
        }
        #expect(tools.target("A__user_read") == nil && tools.target("a__user_read\u{200B}") == nil)
    }

    private let attributeNames = ["mail", "telephoneNumber", "physicalDeliveryOfficeName"]
}
