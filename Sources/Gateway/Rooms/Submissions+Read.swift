import Authority
import Cedar
import StrictJSON
import Synchronization

extension Submissions {
    func read(_ submission: Submission, epoch: Int64) async throws -> Answer {
        let connector = try core.connector(submission.system)
        let isSearch = submission.operation.name == "user.find"
        let (view, result) =
            isSearch
            ? try await search(submission, connector, epoch) : try await entry(submission, connector, epoch)
        let decision = view.entry(in: core)
        try await core.store.commit([], entries: [decision, readEntry(submission, decision, result)])
        guard let result else { return .denied }
        return Answer(.done, "ok", "Read.", result: result)
    }

    private func view(_ submission: Submission, _ resource: EntityUID, _ facts: [Entity], _ catalogue: Catalogue, _ epoch: Int64)
        throws -> View
    {
        let (policies, definition) = (core.policies, try core.definition(of: submission.operation, on: submission.system))
        return View(submission, resource, facts: facts, catalogue, looking: core.environment.looking) { [deliberations] in
            deliberations.onRead(submission, resource, $0, catalogue, locks: epoch, definition: definition, by: policies)
        }
    }

    /// Nothing is looked for when nothing may be found.
    private func search(_ submission: Submission, _ connector: any Connector, _ epoch: Int64) async throws -> (
        View, Reading?
    ) {
        let view = try view(submission, .system(submission.system), [], connector.catalogue, epoch)
        guard view.mayRead else { return (view, nil) }
        let search = Mutex(SearchView(view, submission.input))
        try await core.ask(connector) { connector in
            try await connector.find(submission.input) { found in
                search.withLock { $0.take(found) }
            }
        }
        return search.withLock { ($0.view, $0.result) }
    }

    private func entry(_ submission: Submission, _ connector: any Connector, _ epoch: Int64) async throws -> (View, Reading?) {
        let record = try await core.ask(connector) { try await $0.read(submission.operation, submission.input) }
        try deliberations.requireBounded(record.facts)
        let view = try view(submission, record.uid, record.facts, connector.catalogue, epoch)
        var entry = EntryView(view, record)
        guard view.mayRead, let (summary, groups) = entry.summary() else { return (entry.view, nil) }
        guard record.uid.type == connector.catalogue.groupType else {
            return (entry.view, .entry(summary, memberOf: groups, members: nil))
        }
        let members = Mutex(MemberView(entry.view, submission.input))
        let group = record.uid.id.string
        let start = try submission.input["after"].map { try member(of: $0, in: group, for: submission.principal) }
        try await core.ask(connector) { connector in
            try await connector.members(of: group, after: start) { found in
                members.withLock { $0.take(found) }
            }
        }
        return members.withLock { members in
            let page = members.result { cursor(after: $0, of: group, for: submission.principal) }
            return (members.view, .entry(summary, memberOf: groups, members: page))
        }
    }

    /// What was disclosed by a read, by its digest.
    func readEntry(_ submission: Submission, _ decision: LogEntry, _ result: Reading?) -> LogEntry {
        core.entry(
            .read(disclosed: result.map { Digest(of: $0.json) }), "act",
            links: ["request": submission.id, "decision": decision.id])
    }
}
