public import Authority
import Logging
import StrictJSON
import Synchronization

/// Why an agent asks, as it claims: for those who may approve a change, while it waits. It decides nothing.
public final class Claims: Sendable {
    private let core: Core
    private let copies: any WorkingCopies
    /// Whether approvers are shown prompts, too.
    private let showsPrompts: Bool
    /// Changes that are being staged: their copies are there before they are.
    private let staging = Mutex<Set<String>>([])

    init(_ core: Core, _ copies: any WorkingCopies, showsPrompts: Bool) {
        self.core = core
        self.copies = copies
        self.showsPrompts = showsPrompts
    }

    /// The copy of what came with a write; nil when nothing did that approvers are shown.
    func copy(of evidence: Evidence) -> WorkingCopy? {
        let prompt = showsPrompts ? evidence.prompt : nil
        guard evidence.justification != nil || prompt != nil else { return nil }
        return WorkingCopy(justification: evidence.justification, prompt: prompt, random: core.environment.random)
    }

    /// Keeps a copy while its change is being staged, and for as long as it is open.
    func keeping<T>(_ copy: WorkingCopy?, of change: String, _ stage: () async throws -> T) async throws -> T {
        guard let copy else { return try await stage() }
        staging.withLock { _ = $0.insert(change) }
        defer { staging.withLock { _ = $0.remove(change) } }
        // A change can be judged without: what it does is shown, and what is claimed decides nothing.
        do { try copies.put(copy, of: change) } catch {
            core.log.error(
                "what was claimed of a change can't be kept for its approvers",
                metadata: ["change": "\(change)", "error": "\(error)"])
        }
        return try await stage()
    }

    /// What an approver is told that the agent claims.
    public struct Claim: Sendable {
        public let by: PrincipalID
        /// With its salt: whoever is shown it can tell that it is what the terms commit to.
        public let copy: WorkingCopy
    }

    /// Opens what was claimed of a change, for somebody who may approve it. That is logged.
    func open(_ change: Change, for person: Person) async throws -> Claim {
        guard let commitment = change.claims, let copy = try copies.copy(of: change.id) else {
            throw Refusal(.claimNone, "Nothing was claimed of this change, or it is not kept any more.")
        }
        guard copy.commitment == commitment else {
            core.log.critical("what is kept of an agent's claim is not what it said", metadata: ["change": "\(change.id)"])
            throw StoreError(.altered, "the working copy of \(change.id) is not what its request's entry says")
        }
        try await core.store.commit(
            [], entries: [core.entry(.opening(by: person.id), links: ["change": change.id, "request": change.request])])
        return Claim(by: change.requester, copy: showsPrompts ? copy : copy.withoutPrompt)
    }

    /// Destroys the copies of changes that are over.
    func sweep() {
        do {
            // First whether it is being staged: of one that is not any more, the state is there.
            for change in try copies.changes()
            where !staging.withLock({ $0.contains(change) }) && core.store.openState(of: change) == nil {
                destroy(change)
            }
        } catch { core.log.error("what was claimed of changes that are over can't be listed: \(error)") }
    }

    /// One that can't be destroyed now keeps no other.
    private func destroy(_ change: String) {
        do { try copies.destroy(change) } catch {
            core.log.error(
                "what was claimed of a change that is over can't be destroyed; it is tried again",
                metadata: ["change": "\(change)", "error": "\(error)"])
        }
    }
}
