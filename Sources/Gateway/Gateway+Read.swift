import Authority
import Cedar
import StrictJSON
import Synchronization

extension Gateway {
    func read(_ submission: Submission, epoch: Int64) async throws -> Answer {
        let connector = try connector(submission.system)
        let isSearch = submission.operation.name == "user.find"
        let (view, result) =
            isSearch
            ? try await search(submission, connector, epoch) : try await entry(submission, connector, epoch)
        let decision = LogEntry(
            .decisions, id: environment.id("dec"), kind: "decision", time: now, links: ["request": submission.id],
            body: view.record)
        try await store.commit([], entries: [decision, readEntry(submission, decision, result)])
        guard let result else { return .denied }
        return Answer(.done, "ok", "Read.", result: result)
    }

    /// Nothing is looked for when nothing may be found.
    private func search(_ submission: Submission, _ connector: any Connector, _ epoch: Int64) async throws -> (
        View, JSONValue?
    ) {
        let view = View(self, submission, .system(submission.system), facts: [], connector.catalogue, epoch)
        guard view.mayRead else { return (view, nil) }
        let search = Mutex(SearchView(view, submission.input))
        try await ask(connector) { connector in
            try await connector.find(submission.input) { found in
                search.withLock { $0.take(found) }
            }
        }
        return search.withLock { ($0.view, $0.result) }
    }

    private func entry(_ submission: Submission, _ connector: any Connector, _ epoch: Int64) async throws -> (View, JSONValue?) {
        let record = try await ask(connector) { try await $0.read(submission.operation, submission.input) }
        try requireBounded(record.facts)
        let view = View(self, submission, record.uid, facts: record.facts, connector.catalogue, epoch)
        var entry = EntryView(view, record)
        guard view.mayRead, var result = entry.summary() else { return (entry.view, nil) }
        guard record.uid.type == connector.catalogue.groupType else { return (entry.view, result) }
        let members = Mutex(MemberView(entry.view, submission.input))
        let group = record.uid.id.string
        let start = try submission.input["after"].map { try member(of: $0, in: group, for: submission.principal) }
        try await ask(connector) { connector in
            try await connector.members(of: group, after: start) { found in
                members.withLock { $0.take(found) }
            }
        }
        return members.withLock { members in
            members.add(to: &result) { cursor(after: $0, of: group, for: submission.principal) }
            return (members.view, result)
        }
    }

    /// Facts on one target beyond this are not decided on: the entry of a decision would have parts, and their number would
    /// tell a hidden target from none.
    private static let largestFacts = 704 << 10

    /// - Throws: `ConnectorError` `invalid`, which is answered as for no target.
    func requireBounded(_ facts: [Entity]) throws {
        let size = facts.reduce(0) { $0 + JSONWriter.canonical($1.json).count }
        guard size <= Self.largestFacts else {
            throw ConnectorError(
                .invalid, "the target's facts have \(size) bytes, more than \(Self.largestFacts): it is in too many groups")
        }
    }
}
