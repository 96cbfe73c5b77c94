import Authority
import Gateway
import StrictJSON
import Testing

@testable import Server

@Suite("Problems")
struct ProblemTests {
    @Test("A refusal has one status and its own code at every door", arguments: Refusal.Code.allCases)
    func refusals(code: Refusal.Code) {
        let problem = HTTPProblem(Refusal(code, "why"))
        #expect(problem?.code == code.rawValue && problem?.message == "why")
        #expect([400, 403, 404, 409, 429, 503].contains(problem?.status))
        #expect(code.rawValue.allSatisfy { $0.isLowercase || "._".contains($0) })
    }

    @Test(
        "What may work later is 503, what is not there 404, what one may not 403, what can't be asked 400",
        arguments: [
            (Refusal.Code.reachStale, 503), (.systemUnavailable, 503), (.changeNotFound, 404), (.locked, 403), (.taskEnded, 403),
            (.inputCursor, 400), (.lockUnknown, 400), (.changeClosed, 409), (.reachLockout, 409), (.limitWaiting, 429),
        ])
    func statuses(code: Refusal.Code, status: Int) { #expect(HTTPProblem(Refusal(code, "why"))?.status == status) }

    @Test("What a system, a store or anything unknown says is not for every caller")
    func silence() {
        #expect(HTTPProblem(ConnectorError(.refused, "cn=secret")) == nil)
        #expect(HTTPProblem(StoreError(.corrupt, "row 7")) == nil)
        #expect(HTTPProblem(CancellationError()) == nil)
        #expect(HTTPProblem(StoreError(.altered, "row 7"))?.message.contains("row 7") == false)
        #expect(HTTPProblem(ShapeError(.missing, at: "/input/user", "it is missing"))?.status == 400)
    }
}
