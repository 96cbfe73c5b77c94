import Authority
import Gateway
import HTTPTypes
import StrictJSON

extension PeopleDoor {
    /// `GET reach/report`, `POST reach/path`, `POST reach/what-if`: for those who may view.
    func reach(_ call: HTTPCall, _ session: Sessions.Session, _ question: String) async throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: session.person)
        if question == "report", call.method == .get { return HTTPAnswer(200, gateway.reachWatch.report()) }
        guard call.method == .post else { throw HTTPProblem(404, "http.not_found", "There is nothing at this path.") }
        var fields = try Fields(try await call.json())
        switch question {
        case "path":
            let (from, to) = (try fields.string("from"), try fields.string("to"))
            try fields.end()
            return HTTPAnswer(200, try gateway.reachWatch.path(from: from, to: to))
        case "what-if":
            let (system, operation) = (try fields.string("system"), try fields.string("operation"))
            let input = try fields.required("input")
            try fields.end()
            let task = try await gateway.tasks.task(for: session.person, session: session.token, expires: session.expires)
            return HTTPAnswer(
                200, try await gateway.desk.whatIf(system, operation, input, by: session.person, task: task))
        default: throw HTTPProblem(404, "http.not_found", "There is nothing at this path.")
        }
    }
}
