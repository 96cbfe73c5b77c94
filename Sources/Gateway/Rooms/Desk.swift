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

    /// A page of changes, newest first, and the id after which the next begins.
    public func changes(_ states: Set<Change.State>, after: String?) async throws -> (changes: [Change], next: String?) {
        try await core.store.page(states, limit: 200, after: after)
    }

    /// Everything an approver is to see of a change.
    public func show(_ id: String) async throws -> JSONValue {
        let change = try await core.requireChange(id)
        var json: JSONValue = ["change": change.json, "gateway": .string(core.environment.id)]
        json.add("assessment", change.shown)
        do {
            let deliberation = try await deliberations.on(change)
            let now = deliberation.assessment
            if !now.isCovered(by: change.shown) { json.add("assessmentNow", now.json) }
            json.add("terms", deliberation.terms(owner: change.owner).shown)
            json.add("obstacle", deliberation.plan.obstacle.map { .string($0.message) })
        } catch { core.log.info("a change can't be planned now: \(error)", metadata: ["change": "\(id)"]) }
        let given = try await core.store.approvals(of: id)
        json.add(
            "approvals",
            .array(given.map { ["by": .string($0.statement.approver), "verdict": .string($0.statement.verdict.rawValue)] }))
        let decision = try await core.latestDecision(on: id)?.decided
        json.add("eligible", .array((decision?.eligible ?? []).map(JSONValue.string)))
        json.add("needs", decision?.needs.map(JSONValue.string))
        json.add("evidence", try await evidence(of: change))
        return json
    }

    /// The request's sealed evidence, for whoever has the key.
    private func evidence(of change: Change) async throws -> JSONValue? {
        guard case .request(let request)? = try await core.journal.record(ofEntry: change.request) else { return nil }
        return [
            "prompt": request.evidence.prompt.json, "justification": request.evidence.justification.json,
            "classification": request.evidence.classification.json,
        ]
    }

    /// The value a change disclosed, once: to who approved or adopted it, or else may approve such a change.
    public func takeSecret(of id: String, by person: Person) async throws -> Disclosure {
        guard let change = try await core.store.change(id), try await maySeeSecret(person, of: change) else {
            throw Refusal(.denied, "Policy gives you no say in this change, or there is none.")
        }
        guard execution.disclosures.withLock({ $0[id] != nil }) else {
            throw Refusal(.secretNone, "There is nothing to show: it was shown already, or the gateway was restarted.")
        }
        try await core.store.commit([], entries: [core.entry(.disclosure(to: person.id), "sec", links: ["change": id])])
        guard let disclosure = execution.disclosures.withLock({ $0.removeValue(forKey: id) }) else {
            throw Refusal(.secretNone, "There is nothing to show: it was shown already.")
        }
        return disclosure
    }

    private func maySeeSecret(_ person: Person, of change: Change) async throws -> Bool {
        if change.adopter == person.id { return true }
        let given = try await core.store.approvals(of: change.id)
        if given.contains(where: { $0.statement.approver == person.id && $0.statement.verdict == .approve }) { return true }
        do { return try await deliberations.on(change, open: false, isAssessed: false).mayApprove(person) } catch { return false }
    }

    /// What an operation would newly make possible, were somebody to carry it out. Nothing is staged.
    public func whatIf(_ system: String, _ name: String, _ input: JSONValue, by person: Person, task: Task) async throws
        -> JSONValue
    {
        let operation = try core.operation(name, of: system)
        guard operation.access == .write else { throw Refusal(.inputNotAWrite, "`\(name)` changes nothing.") }
        let submission = Submission(
            id: core.environment.id("what-if"), principal: .person(person), task: task, system: system, operation: operation,
            input: try Input(input, for: operation, at: "/input"))
        let (finding, plan) = try await deliberations.whatIf(submission)
        var json = finding.json
        json.add("target", .string(plan.targetName))
        json.add("obstacle", plan.obstacle.map { .string($0.message) })
        return json
    }
}
