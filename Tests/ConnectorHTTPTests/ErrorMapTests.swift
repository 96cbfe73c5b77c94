import Authority
import StrictJSON
import Testing

@testable import ConnectorHTTP
import DeclaredKit

@Suite("What a host's answers mean")
struct ErrorMapTests {
    private static let rule = ErrorMap.Rule(status: 412, at: Pointer("/error"), contains: "not found", code: .notFound)

    @Test(
        "By its status, and where the catalogue says so by its words",
        arguments: [
            (404, nil, ConnectorError.Code.notFound), (409, nil, .conflict), (412, nil, .conflict), (401, nil, .refused),
            (403, nil, .refused), (400, nil, .invalid), (408, nil, .unavailable), (429, nil, .unavailable),
            (500, nil, .unavailable),
            (412, ["error": "role not found"], .notFound), (412, ["error": "busy"], .conflict),
        ] as [(Int, JSONValue?, ConnectorError.Code)])
    func codes(_ status: Int, _ json: JSONValue?, _ code: ConnectorError.Code) {
        let answer = HTTPBackend.Answer(status: status, etag: nil, json: json)
        for isWrite in [false, true] {
            let error = #expect(throws: ConnectorError.self) { try ErrorMap(rules: [Self.rule]).check(answer, ofWrite: isWrite) }
            #expect(error?.code == code && error?.message == "the host answered with HTTP \(status)")
        }
    }

    @Test("A redirect is not followed: it refuses a read, and a write may have been done", arguments: [301, 302, 303, 307, 308])
    func redirects(_ status: Int) {
        let answer = HTTPBackend.Answer(status: status, etag: nil, json: nil)
        for (isWrite, code) in [(false, ConnectorError.Code.refused), (true, .unavailable)] {
            let error = #expect(throws: ConnectorError.self) { try ErrorMap(rules: []).check(answer, ofWrite: isWrite) }
            #expect(error?.code == code)
        }
    }
}
