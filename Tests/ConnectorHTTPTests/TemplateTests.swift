import StrictJSON
import StrictYAML
import Testing

@testable import ConnectorHTTP
import DeclaredKit

/// A request as a catalogue writes it.
private func template(_ yaml: String) throws -> RequestTemplate {
    try RequestTemplate(YAMLFields.read(yaml, file: "test.yaml"))
}

private func values(_ inputs: [String: JSONValue]) -> Values {
    Values { if case .input(let name) = $0 { inputs[name] } else { nil } }
}

@Suite("Requests made of templates")
struct TemplateTests {
    @Test(
        "A value stays one segment of a path, whatever is in it",
        arguments: [
            ("ann", "/users/ann/tags"), ("/", "/users/%2F/tags"), ("a b", "/users/a%20b/tags"),
            ("a?x=1#y", "/users/a%3Fx%3D1%23y/tags"),
            ("a/..b", "/users/a%2F..b/tags"), ("é", "/users/%C3%A9/tags"), ("a\r\nX: y", "/users/a%0D%0AX%3A%20y/tags"),
            ("...", "/users/.../tags"), ("a;b=c", "/users/a%3Bb%3Dc/tags"),
        ])
    func path(_ value: String, _ expected: String) throws {
        #expect(try template("path: /users/{user}/tags").filled(values(["user": .string(value)])).target == expected)
    }

    @Test(
        "What would be another path, once decoded again, is refused",
        arguments: [
            "", ".", "..", "..;x", "%2e%2e", "a%2fb", "100%", "../root", "a/./b", "a\\b", "a\\..\\b", "//evil.example",
        ])
    func refusedSegments(_ value: String) throws {
        let template = try template("path: /users/{user}")
        #expect(throws: Unfit.self) { try template.filled(values(["user": .string(value)])) }
    }

    @Test("In a query and a form a value stays one value; one that is not given is left out")
    func query() throws {
        let request = try template("{path: /find, query: {q: '{text}', sort: '{order}', kind: user}}")
        #expect(try request.filled(values(["text": "a&b=c+d %"])).target == "/find?q=a%26b%3Dc%2Bd%20%25&kind=user")
        let form = try template("{method: POST, path: /login, form: {user: '{user}', grant: password}}")
        let body = try form.filled(values(["user": "a&b"])).body.map { String(decoding: $0, as: UTF8.self) }
        #expect(body == "user=a%26b&grant=password")
    }

    @Test("A header holds visible ASCII, and nothing that ends it", arguments: ["a\r\nX: y", "a\nb", "é", " a", "a "])
    func headers(_ value: String) throws {
        let request = try template("{path: /x, headers: {X-Reason: '{reason}'}}")
        #expect(throws: Unfit.self) { try request.filled(values(["reason": .string(value)])) }
        #expect(try request.filled(values(["reason": "ticket 7"])).headers.contains { $0 == ("X-Reason", "ticket 7") })
    }

    @Test("In JSON a value is a value: it neither ends a text nor adds a member")
    func json() throws {
        let request = try template(
            "{method: PUT, path: /x, json: {name: '{user}', note: 'by {user}', list: ['{user}', 1], on: true, more: '{absent}'}}")
        let body = try request.filled(values(["user": #"a","admin":true,"b":""#])).body ?? []
        #expect(try JSONReader.read(body)["admin"] == nil)
        #expect(try JSONReader.read(body)["note"]?.string == #"by a","admin":true,"b":""#)
        #expect(try JSONReader.read(body).object?.members.map(\.key).sorted() == ["list", "name", "note", "on"])
    }

    @Test(
        "A template that could be another request is refused with its line",
        arguments: [
            "path: users", "path: //evil.example/x", "path: /a//b", "path: /a/../b", "path: /a/./b", "path: /a?x=1", "path: /a#b",
            "path: /a%2fb", "path: https://evil.example/", "path: /a b", "path: '/{user'", "path: '/user}'",
            "path: '/{no such thing}'",
            "{path: /x, headers: {Host: evil}}", "{path: /x, headers: {Authorization: x}}", "{path: /x, headers: {'a b': x}}",
            "{path: /x, headers: {Transfer-Encoding: chunked}}", "{method: GET, path: /x, json: {}}", "{method: TRACE, path: /x}",
            "{method: POST, path: /x, json: {}, form: {a: b}}", "{path: /x, redirect: true}",
        ])
    func refusedTemplates(_ yaml: String) {
        #expect(throws: ConfigurationError.self) { try template(yaml) }
    }

    @Test("A brace is written twice")
    func braces() throws {
        #expect(try TextTemplate("a{{b}}{user}").filled(values(["user": "c"])) { $0 } == "a{b}c")
    }
}

@Suite("JSON Pointers")
struct PointerTests {
    private static let document: JSONValue = ["a": ["b", ["c": 1]], "x/y": "slash", "m~n": "tilde", "": "empty", "n": nil]

    @Test(
        "A pointer leads where RFC 6901 says",
        arguments: [
            ("/a/0", #""b""#), ("/a/1/c", "1"), ("/x~1y", #""slash""#), ("/m~0n", #""tilde""#), ("/", #""empty""#),
            ("/n", "null"),
        ])
    func finds(_ pointer: String, _ expected: String) throws {
        let found = try #require(Pointer(pointer)?.find(in: Self.document))
        #expect(JSONWriter.canonicalText(found) == expected)
    }

    @Test("What leads nowhere finds nothing", arguments: ["/b", "/a/2", "/a/01", "/a/-1", "/a/b", "/a/0/c"])
    func findsNothing(_ pointer: String) { #expect(Pointer(pointer)?.find(in: Self.document) == nil) }

    @Test("What does not begin with a slash is no pointer")
    func noPointer() { #expect(Pointer("a/b") == nil && Pointer("")?.find(in: Self.document) == Self.document) }
}
