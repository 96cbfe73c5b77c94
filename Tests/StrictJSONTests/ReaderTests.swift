import StrictJSON
import Testing

@Suite("The strict reader")
struct ReaderTests {
    @Test(
        "refuses what another parser might read differently",
        arguments: [
            (#"{"a":1,"a":2}"#, JSONError.Code.duplicateKey, 1, 8),
            (#"{"a":1,"\u0061":2}"#, .duplicateKey, 1, 8),
            ("{\n \"b\":1,\n \"b\":2}", .duplicateKey, 3, 2),
            (#"["\ud800"]"#, .loneSurrogate, 1, 3),
            (#"["\udc00x"]"#, .loneSurrogate, 1, 3),
            (#"["\ud800\ud800"]"#, .loneSurrogate, 1, 3),
            ("\u{FEFF}{}", .byteOrderMark, 1, 1),
            ("{} x", .trailingBytes, 1, 4),
            ("[1,]", .trailingComma, 1, 3),
            (#"{"a":1,}"#, .trailingComma, 1, 7),
            ("9223372036854775808", .integerRange, 1, 1),
            ("[01]", .badNumber, 1, 2),
            ("[1.]", .badNumber, 1, 2),
            ("[.5]", .unexpected, 1, 2),
            ("[+1]", .unexpected, 1, 2),
            ("[1e400]", .badNumber, 1, 2),
            ("[NaN]", .unexpected, 1, 2),
            ("['a']", .unexpected, 1, 2),
            ("[\"a\nb\"]", .controlCharacter, 1, 4),
            (#"["\x41"]"#, .badEscape, 1, 3),
            (#"["\u00g1"]"#, .badEscape, 1, 3),
            ("[\"é", .endOfInput, 1, 2),
            ("", .endOfInput, 1, 1),
            ("[tru]", .unexpected, 1, 2),
            ("// c\n1", .unexpected, 1, 1),
        ])
    func refusals(text: String, code: JSONError.Code, line: Int, column: Int) {
        let error = #expect(throws: JSONError.self) { try JSONReader.read(text) }
        #expect(error?.code == code)
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test("refuses bytes that are not UTF-8, at their place")
    func invalidUTF8() {
        let error = #expect(throws: JSONError.self) { try JSONReader.read([0x22, 0x61, 0xC0, 0xAF, 0x22]) }
        #expect(error?.code == .invalidUTF8)
        #expect(error?.column == 3)
    }

    @Test("accepts 64 levels and refuses the 65th", arguments: [(64, true), (65, false), (100_000, false)])
    func depth(levels: Int, accepted: Bool) {
        let text = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        #expect(((try? JSONReader.read(text)) != nil) == accepted)
    }

    @Test("refuses fractions where only integers belong", arguments: ["1.0", "1e3", "-0.0", "[1,2.5]"])
    func integersOnly(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONReader.read(text, limits: .integersOnly) }
        #expect(error?.code == .notAnInteger)
    }

    @Test("refuses a text over the limit of bytes")
    func tooLong() {
        let error = #expect(throws: JSONError.self) { try JSONReader.read("[1234]", limits: .init(bytes: 5)) }
        #expect(error?.code == .tooLong)
    }

    @Test("keeps names apart that are only canonically equal")
    func canonicalEquivalence() throws {
        let value = try JSONReader.read("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
    }

    @Test("reads what is well formed")
    func wellFormed() throws {
        let value = try JSONReader.read(#" {"a":[-9223372036854775808, 1.5, "😀\n", true, null]} "#)
        #expect(value == ["a": [.integer(.min), .number(1.5), "😀\n", true, nil]])
    }
}

@Suite("Taking fields")
struct FieldsTests {
    @Test("An unknown field is refused with the nearest known name")
    func unknown() throws {
        var fields = try Fields(["lissten": 1], at: "/server")
        _ = try fields.optionalInteger("listen")
        let error = #expect(throws: ShapeError.self) { try fields.end() }
        #expect(error?.code == .unknownField)
        #expect(error?.path == "/server/lissten")
        #expect(error?.message.contains("did you mean 'listen'?") == true)
    }

    @Test("A wrong type is refused with its place", arguments: [JSONValue.string("1"), .number(1), .bool(true), nil])
    func wrongType(value: JSONValue) throws {
        var fields = try Fields(["n": value])
        let error = #expect(throws: ShapeError.self) { try fields.integer("n") }
        #expect(error?.code == .wrongType)
        #expect(error?.path == "/n")
    }
}
