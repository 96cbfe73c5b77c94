import Authority
import StrictJSON
import Testing

@testable import ConnectorMCP

@Suite("What a server sends")
struct WireTests {
    private func message(_ text: String) throws -> Message { try Message(Array(text.utf8), largest: 1_000) }

    @Test("A result keeps its bytes")
    func result() throws {
        let sent = #"{"id": 7, "result" : {"b" : 1.0, "a":"\u0041"} ,"jsonrpc":"2.0"}"#
        guard case .answer(7, .result(let document)) = try message(sent) else {
            Issue.record("no answer")
            return
        }
        #expect(String(decoding: document.bytes, as: UTF8.self) == #"{"b" : 1.0, "a":"\u0041"}"#)
        #expect(document.json["a"] == "A")
    }

    @Test("Errors, questions and notifications are told apart")
    func kinds() throws {
        guard
            case .answer(3, .error(-32601, "no")) = try message(
                #"{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no"}}"#),
            case .complaint(-32600, _) = try message(
                #"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"x"}}"#),
            case .question("1", "roots/list") = try message(#"{"jsonrpc":"2.0","id":"1","method":"roots/list"}"#),
            case .notification("notifications/progress", let params?) = try message(
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}"#)
        else {
            Issue.record("taken for something else")
            return
        }
        #expect(params.json["progress"] == 1)
    }

    @Test(
        "What is no message is refused",
        arguments: [
            "", "[]", "{}", #"{"jsonrpc":"1.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":[]}"#,
            #"{"jsonrpc":"2.0","id":"1","result":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#, #"{"jsonrpc":"2.0","id":1.5,"result":{}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"a":"\#(String(repeating: "x", count: 1_000))"}}"#,
        ])
    func refused(_ text: String) { #expect(throws: ConnectorError.self) { try message(text) } }

    @Test(
        "Events are read however their bytes arrive",
        arguments: [
            ("data: a\n\ndata: b\n\n", ["a", "b"]), ("event: message\r\ndata:a\r\n\r\n", ["a"]), (": ping\n\n", []),
            ("id: 1\ndata: \n\n", []), ("data: a\ndata: b\n\n", ["a\nb"]), ("data: a", []),
            ("data: a\r\rdata: b\r\r", ["a", "b"]),
            ("retry: 100\ndata:  a\n\n", [" a"]), ("data\n\n", []),
        ])
    func events(_ stream: String, _ data: [String]) throws {
        for step in [1, 3, 1_000] {
            var reader = EventReader(largest: 100)
            var found: [String] = []
            let bytes = Array(stream.utf8)
            for start in stride(from: 0, to: bytes.count, by: step) {
                let part = Array(bytes[start..<min(start + step, bytes.count)])
                found += try reader.read(part).map { String(decoding: $0, as: UTF8.self) }
            }
            #expect(found == data)
        }
    }

    @Test("An event that is too long, and a stream without end, are refused")
    func endless() throws {
        var long = EventReader(largest: 100)
        #expect(throws: ConnectorError.self) { try long.read(Array("data: \(String(repeating: "x", count: 200))".utf8)) }
        var endless = EventReader(largest: 100)
        #expect(throws: ConnectorError.self) { for _ in 0..<1_000 { _ = try endless.read(Array(": ping\n\n".utf8)) } }
    }

    @Test(
        "A header has visible ASCII as it is, and all else encoded",
        arguments: [
            ("eu", "eu"), ("a b", "a b"), (" a", "=?base64?IGE=?="), ("zürich", "=?base64?esO8cmljaA==?="),
            ("a\r\nb", "=?base64?YQ0KYg==?="),
            ("=?base64?x?=", "=?base64?PT9iYXNlNjQ/eD89?="), ("", ""),
        ])
    func headers(_ text: String, _ header: String) { #expect(HeaderText.encode(text) == header) }
}
