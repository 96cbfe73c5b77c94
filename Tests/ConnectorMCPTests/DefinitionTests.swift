import Authority
import StrictJSON
import Testing

@testable import ConnectorMCP

@Suite("What a server says of its tools")
struct DefinitionTests {
    private func tool(_ schema: String) throws -> ToolInput { try ToolInput(.tool, ["inputSchema": try JSONReader.read(schema)]) }

    @Test("Policy sees an argument by its type, and what has none as its JSON")
    func types() throws {
        let input = try tool(
            #"""
            {"type":"object","required":["name","when"],"properties":{
              "name":{"type":"string","description":"Who."},"count":{"type":"integer","minimum":1,"maximum":9},"force":{"type":"boolean"},
              "mode":{"enum":["a","b"]},"when":{"anyOf":[{"type":"string"},{"type":"null"}]},
              "note":{"anyOf":[{"type":"string"},{"type":"null"}]},"tags":{"type":"array","items":{"type":"string"}},"odd":{"enum":[1,"b"]}}}
            """#)
        let types = Dictionary(uniqueKeysWithValues: input.fields.map { ($0.name, $0.type) })
        #expect(types["name"] == .string(65_536) && types["count"] == .integer(1...9) && types["force"] == .boolean)
        #expect(types["mode"] == .choice(["a", "b"]) && types["note"] == .string(65_536))
        #expect(types["when"] == .string(65_536) && types["tags"] == .json(262_144) && types["odd"] == .json(262_144))
        #expect(input.fields.first { $0.name == "name" }?.summary == "Who." && input.fields.filter(\.isRequired).count == 2)
    }

    @Test(
        "What can't be offered is refused",
        arguments: [
            #"{"properties":{"a b":{}}}"#, #"{"properties":{"$x":{}}}"#, #"{"$ref":"https://example.com/x"}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"a b"}}}"#,
            #"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
            #"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
            #"{"properties":{"a":{"items":{"type":"string","x-mcp-header":"A"}}}}"#,
        ])
    func refused(_ schema: String) { #expect(throws: ToolInput.Unusable.self) { try tool(schema) } }

    @Test("Arguments that a header repeats are found, also further down")
    func mirrored() throws {
        let input = try tool(
            #"""
            {"properties":{"region":{"type":"string","x-mcp-header":"Region"},
              "at":{"type":"object","properties":{"zone":{"type":"integer","x-mcp-header":"Zone"}}}}}
            """#)
        let headers = input.headers(["region": "eu", "at": ["zone": 4]])
        #expect(Set(headers.map { "\($0.name)=\($0.value)" }) == ["Mcp-Param-Region=eu", "Mcp-Param-Zone=4"])
        #expect(input.headers(["region": nil]).isEmpty)
    }

    @Test("A prompt with two arguments of one name can't be offered")
    func prompts() {
        #expect(throws: ToolInput.Unusable.self) { try ToolInput(.prompt, ["arguments": [["name": "a"], ["name": "a"]]]) }
    }

    @Test("A value in a template of URIs stays one segment")
    func templates() throws {
        let template = try URITemplate("test://t/{id}/data")
        #expect(try template.variables == ["id"] && template.filled { _ in "b?c d" } == "test://t/b%3Fc%20d/data")
        for value in ["", ".", "..", "a/b", "a\\b", "a%2fb"] {
            #expect(throws: ToolInput.Unusable.self, "\(value)") { try template.filled { _ in value } }
        }
        for text in ["test://{+id}", "test://{a", "test://{}", "test://{a*}"] {
            #expect(throws: ToolInput.Unusable.self, "\(text)") { try URITemplate(text) }
        }
    }

    @Test("The file keeps each definition as the server wrote it")
    func file() throws {
        let bytes = Array(#"{"name" : "a", "n": 1.0}"#.utf8)
        let key = DefinitionKey(kind: .tool, name: "a")
        let again = try Definitions(file: Definitions([key: try SystemDocument(bytes)]).file)
        #expect(again[key]?.bytes == bytes && again.all.count == 1)
        #expect(throws: (any Error).self) { try Definitions(file: Array(#"{"tools":{}}"#.utf8)) }
    }

    @Test("A pin holds the whole definition, and where the server is")
    func pins() throws {
        let key = DefinitionKey(kind: .tool, name: "a")
        func pin(_ json: JSONValue, _ endpoint: String = "x") -> Digest {
            Definitions.digest(of: key, SystemDocument(json), at: endpoint)
        }
        let one = pin(["name": "a", "description": "b"])
        #expect(one == pin(["description": "b", "name": "a"]))
        #expect(one != pin(["name": "a", "description": "c"]) && one != pin(["name": "a", "description": "b"], "y"))
        #expect(one != pin(["name": "a", "description": "b", "_meta": [:]]))
    }

    @Test("Differences say where, what was and what is")
    func differences() {
        let old: JSONValue = ["a": ["b": [1, 2]], "c": "x"]
        let new: JSONValue = ["a": ["b": [1, 3, 4]], "d": true]
        #expect(
            Difference.lines(old, new) == ["/a/b/1: 2 → 3", "/a/b/2: 4 is new", #"/c: "x" is gone"#, "/d: true is new"])
        #expect(Difference.lines(old, old).isEmpty)
    }
}
