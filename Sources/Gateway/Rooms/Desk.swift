public import Authority
import Cedar
import Logging
public import StrictJSON
import Synchronization

/// What people see of changes.
public struct Desk: Sendable {
    let core: Core
    let deliberations: Deliberations
    let execution: Execution
    let approvals: Approvals
    let locks: Locks
    let claims: Claims

    /// So many rows make a page.
    private static let page = 200

    /// A page of changes, and the id after which the next begins: those that wait oldest first, all others newest first.
    public func rows(_ query: QueueQuery) async throws -> (rows: [ChangeRow], next: String?) {
        var (found, after): ([ChangeRow], String?) = ([], query.after)
        // What does not match is looked past for so long; then its reader asks for the rest.
        for _ in 0..<10 {
            let (changes, next) = try await core.store.page(
                query.states, limit: Self.page - found.count, after: after, oldestFirst: query.isOfWaiting)
            found += changes.filter { query.matches($0, at: core.now) }.map(row)
            after = next
            if after == nil || found.count >= Self.page { break }
        }
        return (found, after)
    }

    private func row(_ change: Change) -> ChangeRow {
        // Of a system that is no longer configured nobody knows the words.
        ChangeRow(change, try? core.operation(change.operation, of: change.system))
    }

    /// Everything an approver is to see of a change.
    public func sheet(_ id: String) async throws -> ChangeSheet { try await sheet(of: core.requireChange(id)) }

    /// The same, of a change at hand. One that waits is shown as it stands now.
    public func sheet(of stored: Change) async throws -> ChangeSheet {
        var (change, standing) = (stored, Standing())
        if stored.state == .proposed {
            do {
                let (now, waiting) = try await approvals.refreshed(stored)
                change = now
                if let waiting { standing = Standing(waiting, isLocked: await isLocked(now, waiting)) }
            } catch let refusal as Refusal { standing.obstacle = refusal.message }
        }
        let given = try await core.store.approvals(of: change.id)
        var evidence: SealedEvidence?
        if case .request(let request)? = try await core.journal.record(ofEntry: change.request) { evidence = request.evidence }
        return ChangeSheet(
            change, gateway: core.environment.id,
            words: given.map { approval in
                let (statement, counted) = (approval.statement, standing.counted)
                return ChangeSheet.Word(
                    by: statement.approver, verdict: statement.verdict,
                    counts: statement.verdict != .approve || counted?.contains(statement.nonce) != false)
            },
            needs: standing.needs, eligible: standing.eligible, obstacle: standing.obstacle, evidence: evidence)
    }

    /// How a waiting change stands.
    private struct Standing {
        var needs: String?
        var eligible: [String] = []
        var obstacle: String?
        /// The nonces of the approvals that count; nil where that was not looked at.
        var counted: [String]?

        init() {}

        init(_ waiting: Approvals.Waiting, isLocked: Bool) {
            let decision = waiting.deliberation.decide()
            needs = waiting.tally.needs(after: decision)
            eligible = needs == nil ? [] : waiting.others(decision).map(\.id).sorted()
            counted = waiting.tally.nonces
            let lock =
                "a lock on what it does, or on who has a part in it, stands in the way (`exequatur locks` lists those in force): it"
                + " goes on when that is lifted, or is refused and asked for anew"
            obstacle = waiting.obstacle.map { "it can't be done: \($0.message)" } ?? (isLocked ? lock : nil)
        }
    }

    private func isLocked(_ change: Change, _ waiting: Approvals.Waiting) async -> Bool {
        do { try await locks.check(change, waiting.deliberation) } catch { return true }
        return false
    }

    /// What the agent claims of a waiting change, for somebody who may approve it: one change at a time, and logged.
    public func why(_ id: String, for person: Person) async throws -> Claims.Claim {
        let change = try await core.requireChange(id)
        guard change.state == .proposed, change.expires > core.now,
            case .waiting(let waiting) = try await approvals.examine(change), waiting.mayApprove(person)
        else {
            throw Refusal(.approvalNotEligible, "Only who may approve a change that waits is shown what is claimed of it.")
        }
        try await locks.requireUnlocked([person.id])
        return try await claims.open(change, for: person)
    }

    /// The value a change disclosed, once: to who approved or adopted it, or else may approve such a change.
    public func takeSecret(of id: String, by person: Person) async throws -> Disclosure {
        guard let change = try await core.store.change(id), try await maySeeSecret(person, of: change) else {
            throw Refusal(.denied, "Policy gives you no say in this change, or there is none.")
        }
        try await locks.requireUnlocked([person.id])
        guard execution.hasDisclosure(of: id) else {
            throw Refusal(.secretNone, "There is nothing to show: it was shown already, or the gateway was restarted.")
        }
        try await core.store.commit([], entries: [core.entry(.disclosure(to: person.id), "sec", links: ["change": id])])
        guard let disclosure = execution.takeDisclosure(of: id) else {
            throw Refusal(.secretNone, "There is nothing to show: it was shown already.")
        }
        return disclosure
    }

    private func maySeeSecret(_ person: Person, of change: Change) async throws -> Bool {
        if change.adopter == person.id { return true }
        let given = try await core.store.approvals(of: change.id)
        if given.contains(where: { $0.statement.approver == person.id && $0.statement.verdict == .approve }) { return true }
        return await core.holds("whether a person may see a value can't be told", of: change.id) {
            try await deliberations.on(change, open: false, isAssessed: false).mayApprove(person.id)
        }
    }

    /// What an operation would newly make possible, were somebody to carry it out. Nothing is staged.
    public func whatIf(_ system: String, _ name: String, _ input: JSONValue, by person: Person, task: Task) async throws
        -> WhatIf
    {
        let operation = try core.operation(name, of: system)
        guard operation.access == .write else { throw Refusal(.inputNotAWrite, "`\(name)` changes nothing.") }
        let submission = Submission(
            id: core.environment.id("what-if"), principal: .person(person), task: task, system: system,
            catalogue: try core.connector(system).catalogue, operation: operation,
            input: try Input(input, for: operation, at: "/input"))
        let (finding, plan) = try await deliberations.whatIf(submission)
        return WhatIf(finding: finding, target: plan.targetName, obstacle: plan.obstacle?.message)
    }
}
