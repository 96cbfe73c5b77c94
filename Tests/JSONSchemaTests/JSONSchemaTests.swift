import JSONSchema
import StrictJSON
import Testing

/// Whether the schema lets the value through.
private func takes(_ schema: String, _ value: String) throws -> Bool {
    try JSONSchema(try JSONReader.read(schema)).misfit(try JSONReader.read(value)) == nil
}

@Suite("Values are checked against a schema")
struct JSONSchemaTests {
    @Test(
        "What fits is let through, and what does not is not",
        arguments: [
            (#"{"type":"integer"}"#, ["1", "1.0", "-3"], ["1.5", "\"1\"", "null"]),
            (#"{"type":["string","null"]}"#, ["\"\"", "null"], ["1", "[]"]),
            (#"{"enum":["a",1,null]}"#, ["\"a\"", "1", "1.0", "null"], ["\"A\"", "true"]),
            (#"{"const":{"a":[1,2]}}"#, [#"{"a":[1,2]}"#], [#"{"a":[2,1]}"#]),
            (#"{"minimum":1,"exclusiveMaximum":5}"#, ["1", "4.9", "\"no number\""], ["0", "5"]),
            (#"{"multipleOf":0.5}"#, ["1.5", "2"], ["1.3"]),
            (#"{"multipleOf":0.01}"#, ["0.07", "19.99", "0"], ["0.071", "1000000000.001"]),
            (#"{"multipleOf":3}"#, ["9007199254740993"], ["9007199254740992"]),
            (#"{"maximum":9007199254740992}"#, ["9007199254740992"], ["9007199254740993"]),
            (#"{"minLength":2,"maxLength":3}"#, ["\"ab\"", "\"äöü\""], ["\"a\"", "\"abcd\""]),
            (#"{"pattern":"^a+$"}"#, ["\"aaa\""], ["\"ab\"", "\"\""]),
            (#"{"properties":{"a":{"type":"string"}},"required":["a"]}"#, [#"{"a":"x","b":1}"#, "1"], ["{}", #"{"a":1}"#]),
            (#"{"properties":{"a":{}},"additionalProperties":false}"#, [#"{"a":1}"#], [#"{"b":1}"#]),
            (
                #"{"patternProperties":{"^x-":{"type":"integer"}},"additionalProperties":{"type":"string"}}"#,
                [#"{"x-a":1,"b":"c"}"#], [#"{"x-a":"1"}"#, #"{"b":1}"#]
            ),
            (#"{"propertyNames":{"maxLength":2}}"#, [#"{"ab":1}"#], [#"{"abc":1}"#]),
            (#"{"dependentRequired":{"a":["b"]}}"#, [#"{"a":1,"b":2}"#, #"{"b":1}"#], [#"{"a":1}"#]),
            (#"{"items":{"type":"integer"},"minItems":1,"uniqueItems":true}"#, ["[1,2]"], ["[]", "[1,1.0]", "[\"a\"]"]),
            (#"{"prefixItems":[{"type":"string"}],"items":false}"#, ["[\"a\"]"], ["[1]", "[\"a\",1]"]),
            (#"{"contains":{"const":1},"maxContains":1}"#, ["[1,2]"], ["[2]", "[1,1]"]),
            (#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, ["1"], ["3"]),
            (#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, ["null"], ["1"]),
            (#"{"oneOf":[{"minimum":1},{"maximum":2}]}"#, ["0", "3"], ["1"]),
            (#"{"not":{"const":1}}"#, ["2"], ["1"]),
            (
                #"{"if":{"properties":{"kind":{"const":"b"}},"required":["kind"]},"then":{"required":["b"]},"else":{"required":["a"]}}"#,
                [#"{"kind":"b","b":1}"#, #"{"a":1}"#], [#"{"kind":"b","a":1}"#, "{}"]
            ),
            (##"{"$defs":{"n":{"$anchor":"num","type":"integer"}},"items":{"$ref":"#num"}}"##, ["[1]"], ["[\"1\"]"]),
            (
                ##"{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##, [##"{"next":{"next":{}}}"##],
                [##"{"next":{"a":1}}"##]
            ),
        ])
    func checks(_ schema: String, fitting: [String], unfit: [String]) throws {
        for value in fitting { #expect(try takes(schema, value), "\(value) against \(schema)") }
        for value in unfit { #expect(try !takes(schema, value), "\(value) against \(schema)") }
    }

    @Test("The misfit says where it is and what belongs there")
    func misfit() throws {
        let schema = try JSONSchema(try JSONReader.read(#"{"properties":{"a/b":{"items":{"type":"string"}}}}"#))
        let misfit = try #require(schema.misfit(try JSONReader.read(#"{"a/b":["x",1]}"#)))
        #expect(misfit.path == "/a~1b/1")
        #expect(misfit.message == "string belongs here, not an integer")
    }

    @Test(
        "What can't be checked is refused when the schema is read",
        arguments: [
            ##"{"$ref":"https://example.com/other.json"}"##, ##"{"$ref":"#/$defs/none"}"##, ##"{"$ref":"#none"}"##,
            ##"{"$defs":{"a":{"$id":"urn:a"}}}"##, ##"{"unevaluatedProperties":false}"##,
            ##"{"type":"strng"}"##, ##"{"uniqueItems":1}"##,
            ##"{"$defs":{"a":{"$anchor":"x"}},"examples":[{"$anchor":"x"}],"$ref":"#x"}"##, ##"{"$dynamicRef":"#a"}"##,
            ##"{"pattern":"(a)\\1"}"##, ##"{"pattern":"(?=a)"}"##,
            #"{"pattern":"(a"}"#, #"{"pattern":"(a{1000}){1000}"}"#, #"{"items":3}"#, #"{"required":"a"}"#, #"{"minLength":-1}"#,
        ])
    func refuses(_ schema: String) throws {
        let json = try JSONReader.read(schema)
        #expect(throws: JSONSchema.Problem.self) { _ = try JSONSchema(json) }
    }

    @Test("A schema that refers to itself without end lets nothing through")
    func endless() throws {
        #expect(try !takes(##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##, "1"))
        #expect(try !takes(##"{"not":{"$ref":"#"}}"##, "1"))
    }

    @Test("A schema of thousands of references, one leading to the next, is refused")
    func chained() {
        let links = (0..<4_000).map { JSONObject.Member(key: "a\($0)", value: ["$ref": .string("#/$defs/a\($0 + 1)")]) }
        let end = JSONObject.Member(key: "a4000", value: true)
        let schema: JSONValue = ["$defs": .object(JSONObject(links + [end])), "$ref": "#/$defs/a0"]
        #expect(throws: JSONSchema.Problem.self) { try JSONSchema(schema) }
    }

    @Test("What is too deep to be checked is not taken for what must not be")
    func deep() throws {
        let schema =
            ##"{"$defs":{"admin":{"anyOf":[{"required":["admin"]},{"properties":{"v":{"$ref":"#/$defs/admin"}},"required":["v"]}]}},"not":{"$ref":"#/$defs/admin"}}"##
        for depth in [1, 10, 30, 60] {
            let value = String(repeating: #"{"v":"#, count: depth) + #"{"admin":1}"# + String(repeating: "}", count: depth)
            #expect(try !takes(schema, value), "\(depth) deep")
        }
    }

    @Test("Names that look alike are different names")
    func alike() throws {
        let schema = "{\"properties\":{\"caf\u{E9}\":{},\"Key\":{}},\"additionalProperties\":false}"
        #expect(try takes(schema, "{\"caf\u{E9}\":1}"))
        #expect(try !takes(schema, "{\"cafe\u{301}\":1}"))
        #expect(try !takes(schema, "{\"\u{212A}ey\":1}"))
    }

    @Test("A pattern that would take others years is matched in no time, or not at all")
    func patience() throws {
        let text = String(repeating: "a", count: 4_000) + "!"
        #expect(try !takes(#"{"pattern":"^(a+)+$"}"#, "\"\(text)\""))
        #expect(try !takes(#"{"pattern":"^((a{0,30}){0,30})$"}"#, "\"\(text)\""))
    }
}

@Suite("Patterns")
struct PatternTests {
    @Test(
        "A pattern is found where ECMA-262 finds it",
        arguments: [
            ("b", ["abc"], ["ac"]), ("^[a-z]+$", ["abc"], ["aBc", ""]), ("^(ab|cd)*$", ["", "abcd"], ["abc"]),
            ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]), ("^a{2}$", ["aa"], ["a"]), ("^a{2,}$", ["aaaa"], ["a"]),
            (#"^\d+\.\d$"#, ["12.3"], ["12a3"]), (#"^[^\d]$"#, ["a"], ["1"]), (#"^[\w.-]+$"#, ["a-b.c"], ["a b"]),
            ("^.$", ["ä"], ["\n", ""]), (#"^\u0041\x42$"#, ["AB"], ["ab"]), ("^(?:a|)b$", ["b", "ab"], ["bb"]),
            ("^a??b$", ["b", "ab"], ["aab"]), ("a$|^b", ["ca", "bc"], ["ac", "cb"]), (#"^[\]\\]$"#, ["]", "\\"], ["a"]),
            ("^(a?){3}$", ["", "aaa"], ["aaaa"]),
        ])
    func finds(_ pattern: String, matching: [String], other: [String]) throws {
        let schema = try JSONSchema(["pattern": .string(pattern)])
        for text in matching { #expect(schema.misfit(.string(text)) == nil, "\(pattern) on \(text)") }
        for text in other { #expect(schema.misfit(.string(text)) != nil, "\(pattern) on \(text)") }
    }
}
