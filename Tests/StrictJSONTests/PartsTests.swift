import StrictJSON
import Testing

@Suite("Parts of a text stay as they were written")
struct PartsTests {
    @Test("The members of an object")
    func members() throws {
        let text = " { \"a\" : 1.0 ,\n\"\\u0062\":[ 1 , {\"c\":\"}\"} ],\"d\":{} } "
        let parts = try JSONReader.members(of: Array(text.utf8))
        #expect(parts.map(\.key) == ["a", "b", "d"])
        #expect(parts.map { String(decoding: $0.value, as: UTF8.self) } == ["1.0", "[ 1 , {\"c\":\"}\"} ]", "{}"])
        #expect(try JSONReader.members(of: Array("{}".utf8)).isEmpty)
    }

    @Test("The elements of an array")
    func elements() throws {
        let parts = try JSONReader.elements(of: Array("[ 1e2, \"a,b\" ,[]]".utf8))
        #expect(parts.map { String(decoding: $0, as: UTF8.self) } == ["1e2", "\"a,b\"", "[]"])
    }

    @Test(
        "What is refused as a whole has no parts",
        arguments: [#"{"a":1,"a":2}"#, #"{"a":}"#, "[1]", "{} {}", "{\"a\":\"\u{FFFE}", "1"])
    func refused(_ text: String) { #expect(throws: JSONError.self) { try JSONReader.members(of: Array(text.utf8)) } }
}
