import Authority
import Cedar
import StrictJSON
import Synchronization

extension Submissions {
    func read(_ submission: Submission, progress: ProgressListener?, epoch: Int64) async throws -> Answer {
        let connector = try core.connector(submission.system)
        let (view, result): (View, Reading?)
        switch submission.operation.answer {
        case .list(let kind, let search):
            (view, result) = try await self.search(submission, connector, epoch, search, kind)
        case .one(_, let page): (view, result) = try await entry(submission, connector, epoch, page)
        case .document: (view, result) = try await document(submission, connector, epoch, progress)
        case .none: throw Refusal(.inputUnknownOperation, "The operation gives nothing to read.")
        }
        let decision = view.entry(in: core)
        try await core.store.commit([], entries: [decision, readEntry(submission, decision, result)])
        guard let result else { return .denied }
        return Answer(.done, "ok", "Read.", result: result)
    }

    private func view(_ submission: Submission, _ resource: EntityUID, _ facts: [Entity], _ catalogue: Catalogue, _ epoch: Int64)
        throws -> View
    {
        let (standing, definition) = (core.standing, try core.definition(of: submission.operation, on: submission.system))
        return View(submission, resource, facts: facts, catalogue, looking: core.environment.looking) { [deliberations] in
            deliberations.onRead(submission, resource, $0, catalogue, locks: epoch, definition: definition, by: standing)
        }
    }

    /// Nothing is looked for when nothing may be found.
    private func search(
        _ submission: Submission, _ connector: any Connector, _ epoch: Int64, _ shape: AnswerShape.Search, _ kind: String
    ) async throws -> (View, Reading?) {
        let view = try view(submission, .system(submission.system), [], connector.catalogue, epoch)
        guard view.mayRead else { return (view, nil) }
        let search = Mutex(
            SearchView(view, submission.input, shape, plural: connector.catalogue[kind: kind]?.plural ?? kind))
        try await core.ask(connector) { connector in
            try await connector.search(submission.operation, submission.input) { found in
                search.withLock { $0.take(found) }
            }
        }
        return search.withLock { ($0.view, $0.result) }
    }

    /// The system is asked only once its answer may be seen. What is secret never leaves.
    private func document(_ submission: Submission, _ connector: any Connector, _ epoch: Int64, _ progress: ProgressListener?)
        async throws -> (View, Reading?)
    {
        let operation = submission.operation
        var record: EntryRecord?
        if operation.target.kind != nil {
            record = try await core.ask(connector) { try await $0.read(operation, submission.input) }
        }
        let (resource, facts) = (record?.uid ?? .system(submission.system), record?.facts ?? [])
        try deliberations.requireBounded(facts)
        var view = try view(submission, resource, facts, connector.catalogue, epoch)
        let isOpen = operation.sensitivity != .secret && (record == nil || view.discloses(operation.sensitivity))
        guard view.mayRead, isOpen else { return (view, nil) }
        // What is asked here may be anything, to the system: it is on record before.
        try await core.store.settle(submission.id)
        let answer = try await core.ask(connector) {
            try await $0.answer(operation, submission.input, progress: progress)
        }
        return (view, .document(answer))
    }

    private func entry(_ submission: Submission, _ connector: any Connector, _ epoch: Int64, _ page: AnswerShape.Page)
        async throws -> (View, Reading?)
    {
        let catalogue = connector.catalogue
        let record = try await core.ask(connector) { try await $0.read(submission.operation, submission.input) }
        try deliberations.requireBounded(record.facts)
        let view = try view(submission, record.uid, record.facts, catalogue, epoch)
        var entry = EntryView(view, record)
        guard view.mayRead, let (summary, above) = entry.summary() else { return (entry.view, nil) }
        guard let names = catalogue.kind(of: record.uid).flatMap(catalogue.contents)?.names else {
            return (entry.view, .entry(summary, above: above, contents: nil))
        }
        let contents = Mutex(ContentView(entry.view, submission.input, page, names: (names.down, names.below)))
        let container = record.uid
        let start = try page.after.flatMap { submission.input[$0] }.map {
            try member(of: $0, in: container.id.string, for: submission.principal)
        }
        try await core.ask(connector) { connector in
            try await connector.contents(of: container, after: start) { found in
                contents.withLock { $0.take(found) }
            }
        }
        return contents.withLock { contents in
            let page = contents.result { cursor(after: $0, of: container.id.string, for: submission.principal) }
            return (contents.view, .entry(summary, above: above, contents: page))
        }
    }

    /// What was disclosed by a read, by its digest.
    func readEntry(_ submission: Submission, _ decision: LogEntry, _ result: Reading?) -> LogEntry {
        core.entry(
            .read(disclosed: result.map { Digest(of: $0.json) }), "act",
            links: ["request": submission.id, "decision": decision.id])
    }
}
