import Authority
import Gateway
import HTTPTypes
import StrictJSON
import TransparencyLog

/// What people do, once they have logged in.
struct PeopleAPI: Sendable {
    typealias Call = RoutedCall<Sessions.Session>

    let gateway: Gateway
    let sessions: Sessions

    var table: RouteTable<Sessions.Session> { RouteTable(base: ["people", "v1"], routes: changes + reach + locks + logs) }

    static func document(_ gateway: Gateway, _ sessions: Sessions) -> JSONValue {
        let paths = PeopleEntrance(gateway: gateway, sessions: sessions).table.paths
        return OpenAPI.document(
            "Exequatur, for people", "See, approve, refuse, adopt, undo, and stop.",
            paths + PeopleAPI(gateway: gateway, sessions: sessions).table.paths, bearer: "session")
    }

    // MARK: Changes

    private var changes: [Route<Sessions.Session>] {
        let filters = ["state", "workload", "system", "person", "olderThan", "after"].map { OpenAPI.parameter($0, in: "query") }
        return [
            Route(
                .get, "changes", "Changes, those that wait first: oldest first", reads: filters,
                answers: .object(["changes"], optional: ["next"]), serve: list),
            Route(.get, "changes/{id}", "One change, as it is shown and signed", answers: Self.sheet, serve: show),
            Route(
                .post, "changes/{id}/statement", "Approve or refuse: the signed statement",
                body: OpenAPI.strings(["statement", "signature"]), answers: Self.sheet, serve: state),
            Route(
                .post, "changes/{id}/why", "What the agent claims, for who may approve; it is logged", body: Self.none,
                answers: .object(["claimedBy", "claims"]), serve: why),
            Route(
                .post, "changes/{id}/adopt", "Make a proposed change one's own", body: Self.none, answers: Self.sheet,
                serve: adopt),
            Route(
                .post, "changes/{id}/retry", "Have a waiting change decided anew", body: Self.none, answers: Self.sheet,
                serve: retry),
            Route(
                .post, "changes/{id}/rollback", "Undo a change, as a new one", body: Self.none, answers: .answer, serve: rollback),
            Route(
                .post, "changes/{id}/secret", "A value that the change made, once", body: Self.none,
                answers: .object(["label", "value"]), serve: secret),
        ]
    }

    /// A body that may be there and says nothing.
    private static let none = OpenAPI.object([], required: [])
    private static let sheet = OpenAPI.Success.object(
        [
            "gateway", "id", "state", "wait", "requester", "request", "created", "expires", "terms", "assessment", "requirement",
            "words", "eligible", "digest", "digests",
        ], optional: ["reason", "because", "said", "adopter", "needs", "obstacle", "evidence"])

    private func list(_ routed: Call) async throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: routed.caller.person)
        let page = try await gateway.desk.rows(try QueueQuery(routed.call.query))
        var answer: JSONValue = ["changes": .array(page.rows.map(\.json))]
        answer.add("next", page.next.map(JSONValue.string))
        return HTTPAnswer(200, answer)
    }

    private func show(_ routed: Call) async throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: routed.caller.person)
        return HTTPAnswer(200, try await gateway.desk.sheet(routed["id"]).json)
    }

    private func state(_ routed: Call) async throws -> HTTPAnswer {
        var fields = try Fields(try await routed.call.json())
        let (statement, signature) = (try fields.string("statement"), try fields.string("signature"))
        try fields.end()
        let person = routed.caller.person
        let proof = try sessions.verify(statement: statement, signature: signature, by: person)
        guard proof.statement.change == routed["id"] else {
            throw Refusal(.approvalOtherChange, "The statement is about another change.")
        }
        return try await sheet(of: gateway.approvals.record(proof, by: person))
    }

    private func why(_ routed: Call) async throws -> HTTPAnswer {
        try await nothing(in: routed)
        return HTTPAnswer(200, try await gateway.desk.why(routed["id"], for: routed.caller.person).json)
    }

    private func adopt(_ routed: Call) async throws -> HTTPAnswer {
        try await nothing(in: routed)
        return try await sheet(of: gateway.approvals.adopt(routed["id"], by: routed.caller.person))
    }

    private func retry(_ routed: Call) async throws -> HTTPAnswer {
        try await nothing(in: routed)
        return try await sheet(of: gateway.queue.retry(routed["id"], by: routed.caller.person))
    }

    private func rollback(_ routed: Call) async throws -> HTTPAnswer {
        try await nothing(in: routed)
        let person = routed.caller.person
        try gateway.rights.require(.view, of: person)
        return HTTPAnswer(try await gateway.submissions.rollback(routed["id"], by: person, task: task(of: routed)))
    }

    private func secret(_ routed: Call) async throws -> HTTPAnswer {
        try await nothing(in: routed)
        let disclosure = try await gateway.desk.takeSecret(of: routed["id"], by: routed.caller.person)
        return HTTPAnswer(200, ["label": .string(disclosure.label), "value": .string(disclosure.value)])
    }

    private func sheet(of change: Change) async throws -> HTTPAnswer {
        HTTPAnswer(200, try await gateway.desk.sheet(of: change).json)
    }

    private func nothing(in routed: Call) async throws { try Fields(try await routed.call.json(empty: [:])).end() }

    private func task(of routed: Call) async throws -> Task {
        let session = routed.caller
        return try await gateway.tasks.task(for: session.person, session: session.token, expires: session.expires)
    }

    // MARK: Reach

    private var reach: [Route<Sessions.Session>] {
        [
            Route(
                .get, "reach/report", "Who can take what is protected",
                answers: .object(["systems", "protected", "unresolved", "takers"]), serve: report),
            Route(
                .post, "reach/path", "How one comes to control the other", body: OpenAPI.strings(["from", "to"]),
                answers: .object(["from", "to", "reachable", "steps", "edges"], optional: ["depth"]), serve: path),
            Route(
                .post, "reach/what-if", "What an operation would newly make possible",
                body: OpenAPI.object(
                    [("system", ["type": "string"]), ("operation", ["type": "string"]), ("input", ["type": "object"])],
                    required: ["system", "operation", "input"]),
                answers: .object(
                    ["count", "digest", "targets", "gained", "paths", "target"], optional: ["pairs", "obstacle"]), serve: whatIf),
        ]
    }

    private func report(_ routed: Call) throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: routed.caller.person)
        return HTTPAnswer(200, gateway.reachWatch.report().json)
    }

    private func path(_ routed: Call) async throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: routed.caller.person)
        var fields = try Fields(try await routed.call.json())
        let (from, to) = (try fields.string("from"), try fields.string("to"))
        try fields.end()
        return HTTPAnswer(200, try gateway.reachWatch.path(from: from, to: to).json)
    }

    private func whatIf(_ routed: Call) async throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: routed.caller.person)
        var fields = try Fields(try await routed.call.json())
        let (system, operation) = (try fields.string("system"), try fields.string("operation"))
        let input = try fields.required("input")
        try fields.end()
        let answer = try await gateway.desk.whatIf(
            system, operation, input, by: routed.caller.person, task: task(of: routed))
        return HTTPAnswer(200, answer.json)
    }

    // MARK: Locks

    private var locks: [Route<Sessions.Session>] {
        let lock = OpenAPI.strings(["scope"], optional: ["subject"])
        return [
            Route(.get, "locks", "The locks in force", answers: .object(["locks"])) { [gateway] _ in
                HTTPAnswer(200, ["locks": .array(gateway.locks.inForce.map(\.json))])
            },
            Route(
                .post, "locks", "Stop a workload, a person, a task, an operation, a system or all", body: lock,
                answers: .perhapsLater(["scope", "subject", "by", "at", "stored"]), serve: place),
            Route(.delete, "locks", "Lift a lock", body: lock, answers: .object(["status"]), serve: lift),
        ]
    }

    private func place(_ routed: Call) async throws -> HTTPAnswer {
        let (scope, subject) = try await lock(routed)
        let (lock, isStored) = try await gateway.locks.place(scope, subject, by: routed.caller.person)
        var answer = lock.json
        answer.add("stored", .bool(isStored))
        return HTTPAnswer(isStored ? 200 : 202, answer)
    }

    private func lift(_ routed: Call) async throws -> HTTPAnswer {
        let (scope, subject) = try await lock(routed)
        try await gateway.locks.lift(scope, subject, by: routed.caller.person)
        return HTTPAnswer(200, ["status": "lifted"])
    }

    private func lock(_ routed: Call) async throws -> (Lock.Scope, String) {
        var fields = try Fields(try await routed.call.json())
        guard let scope = Lock.Scope(rawValue: try fields.string("scope")) else {
            throw ShapeError(.invalid, at: "/scope", "one of workload, person, task, operation, system, all belongs here")
        }
        let subject = try fields.optionalString("subject") ?? ""
        try fields.end()
        guard scope == .all || !subject.isEmpty else { throw ShapeError(.missing, at: "/subject", "'subject' is missing") }
        return (scope, subject)
    }

    // MARK: Logs

    private var logs: [Route<Sessions.Session>] {
        [
            Route(.get, "checkpoints/{log}", "A log's signed checkpoint, as it stands", answers: .text) { [gateway] routed in
                guard let log = LogName(rawValue: routed["log"]) else {
                    throw HTTPProblem(.notFound, "There is no such log.")
                }
                return HTTPAnswer(200, text: try gateway.journal.checkpoint(log))
            },
            Route(
                .get, "log/{log}/tile/{path...}",
                "Entries of a log, up to 256, each with its length before it (c2sp.org/tlog-tiles)",
                answers: .bytes
            ) { [gateway] routed in
                try gateway.rights.require(.view, of: routed.caller.person)
                guard let log = LogName(rawValue: routed["log"]), let path = TilePath(routed["path"]),
                    let bytes = try await gateway.journal.entries(path, of: log)
                else { throw HTTPProblem(.notFound, "There are no such entries.") }
                return HTTPAnswer(200, bytes: bytes)
            },
        ]
    }
}
