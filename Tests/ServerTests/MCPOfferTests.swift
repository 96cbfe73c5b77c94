import Authority
import HTTPTypes
import StrictJSON
import Testing

@testable import Server

@Suite("What systems offer themselves, at the door")
struct MCPOfferTests {
    @Test("Members stay as they were written")
    func raw() throws {
        let document = try SystemDocument(Array(#"{ "b": 1.0, "name":"x" ,"_meta":{"a":1}}"#.utf8))
        let object = RawObject(document).without(["_meta"]).replacing("name", Array(#""y""#.utf8)).adding("more", true)
        #expect(String(decoding: object.bytes, as: UTF8.self) == #"{"b":1.0,"name":"y","more":true}"#)
    }

    @Test(
        "A URI is of a template, with its values, or not",
        arguments: [
            ("test://t/7/data", ["id": "7"]), ("test://t/a%20b/data", ["id": "a b"]), ("test://t//data", nil),
            ("test://t/a/b/data", nil), ("test://t/a%2Fb/data", nil), ("test://t/../data", nil), ("test://t/%2e%2e/data", nil),
            ("test://t/7/data?x", nil), ("test://t/7", nil), ("xtest://t/7/data", nil), ("test://t/%zz/data", nil),
        ] as [(String, JSONValue?)])
    func templates(_ uri: String, _ values: JSONValue?) { #expect(URIMatch.values(of: uri, "test://t/{id}/data") == values) }

    private func call(_ headers: [String: String]) -> HTTPCall {
        var fields = HTTPFields()
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return HTTPCall(method: .post, path: [], host: nil, headers: fields) { _ in [] }
    }

    @Test(
        "A header that repeats an argument is there exactly where the argument is, and says the same",
        arguments: [
            ([:], [:], true), ([:], ["r": nil], true), (["Mcp-Param-R": "eu"], ["r": "eu"], true),
            (["Mcp-Param-R": "=?base64?w7w=?="], ["r": "ü"], true),
            ([:], ["r": "eu"], false), (["Mcp-Param-R": "eu"], [:], false), (["Mcp-Param-R": "eu"], ["r": nil], false),
            (["Mcp-Param-R": "us"], ["r": "eu"], false), (["Mcp-Param-R": "1.0"], ["r": "1"], false),
            (["Mcp-Param-N": "42.0"], ["n": 42], true), (["Mcp-Param-N": "43"], ["n": 42], false),
        ] as [([String: String], JSONValue, Bool)])
    func headers(_ given: [String: String], _ arguments: JSONValue, _ isRight: Bool) {
        let headers = [Offer.Header("Mcp-Param-R", at: ["r"]), Offer.Header("Mcp-Param-N", at: ["n"])]
        let wrong = Result { try MCPHeaders.check(call(given), headers, against: arguments) }
        #expect(((try? wrong.get()) != nil) == isRight)
    }

    @Test("An answer is whole where nothing was told before, and a stream where something was")
    func events() async {
        let silent = MCPEvents()
        silent.end(HTTPAnswer(200, ["a": 1]))
        #expect(await silent.answer.events == nil)
        let telling = MCPEvents()
        telling.tell([1])
        telling.tell([2])
        telling.end(HTTPAnswer(200, json: [3]))
        var seen: [[UInt8]] = []
        if let events = await telling.answer.events { for await event in events { seen.append(event) } }
        #expect(seen == [[1], [2], [3]])
    }
}
