import Authority
import Logging

/// What a person says came of a change whose effect nobody could tell. Nothing is repeated.
extension Approvals {
    /// Whoever had a say in the change may settle it; whose own request it is may not.
    func settle(_ change: Change, _ proof: SignedApproval, _ person: Person) async throws -> Change {
        guard change.state == .indeterminate else {
            throw Refusal(
                .changeClosed,
                "The change is \(change.state.rawValue): only one whose effect is not known is settled by a person.")
        }
        guard await hasSay(person, in: change) else { throw Self.notEligible }
        try await locks.requireUnlocked([person.id])
        let settled = try change.after(.settled(isDone: proof.statement.verdict == .executed))
        let undone = settled.state == .executed ? try await execution.rolledBack(by: change) : []
        let outcome = core.entry(
            .outcome(OutcomeRecord(settled)), id: "settled-\(change.id)",
            links: [
                "change": change.id, "request": change.request, "intent": "intent-\(change.id)", "settlement": Self.id(proof),
            ])
        do {
            try await core.store.commit(
                [.insertApproval(proof), .updateChange(settled, from: change)] + undone, entries: [entry(proof, change), outcome])
        } catch let error as StoreError where error.code == .conflict { throw Self.used }
        try core.reach.settle(change.id, settled.state)
        core.log.notice(
            "settled by a person", metadata: ["change": "\(change.id)", "as": "\(settled.state.rawValue)", "by": "\(person.id)"])
        return settled
    }
}
