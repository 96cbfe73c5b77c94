import StrictJSON

/// The permission for one execution of one digest: the exequatur itself.
///
/// It can't be copied, stored or made from bytes; it comes into being in ``Decision/grant(for:submission:plan:definition:policies:now:entry:ledger:reach:lease:)``
/// only, after the intent is durable.
public struct Grant: ~Copyable, Sendable {
    public let change: String
    public let digest: Digest
    public let system: String
    public let operation: String
    public let input: Input
    public let plan: Plan
    public let expires: Instant
    public let lease: LeaseReference

    fileprivate init(_ intent: Intent, _ submission: Submission, _ plan: Plan) {
        change = intent.change
        digest = intent.digest
        expires = intent.expires
        lease = intent.lease
        system = submission.system
        operation = submission.operation.name
        input = submission.input
        self.plan = plan
    }
}

/// What is made durable before anything is done.
public struct Intent: Sendable {
    public let change: String
    public let digest: Digest
    public let epochs: Epochs
    public let expires: Instant
    /// The credential that will be made for the step: recorded with the intent, so that whatever may exist is known.
    public let lease: LeaseReference

    /// How long a grant lives, in seconds.
    public static let life: Int64 = 60

    /// Plain data: to record an intent gives nobody a grant.
    public init(change: String, digest: Digest, epochs: Epochs, expires: Instant, lease: LeaseReference) {
        self.change = change
        self.digest = digest
        self.epochs = epochs
        self.expires = expires
        self.lease = lease
    }
}

/// Why no grant was given.
public enum GrantRefusal: Error, Equatable, Sendable {
    case notPermitted
    /// The fresh plan is not the one that was decided and approved.
    case digestMismatch
    /// Policies or locks changed since the decision.
    case stale
    /// The change already has an intent.
    case alreadyGranted
    case expired
}

/// Where intents are made durable.
public protocol IntentLedger: Sendable {
    /// In one serialised transaction that is on disk when this returns: checks that `intent.epochs` are
    /// current and that the change has no intent, moves it from `change.state` to `executing` and records
    /// the intent and its lease with the log entry.
    ///
    /// - Throws: ``GrantRefusal/stale``, ``GrantRefusal/alreadyGranted`` or a ``StoreError``.
    func commit(_ intent: Intent, of change: Change, entry: LogEntry) async throws
}

extension Decision {
    /// Turns a permitting decision into the one grant that its change can ever have.
    ///
    /// The plan must be fresh: it is what will be executed, and its terms must have the digest that
    /// the change was staged and approved with.
    ///
    /// - Parameter lease: names the credential to be made, given when it must end.
    public func grant(
        for change: Change, submission: Submission, plan: Plan, definition: Digest, policies: PolicyBundle, now: Instant,
        entry: LogEntry,
        ledger: any IntentLedger, reach: any ReachGuard, lease: (Instant) -> LeaseReference
    ) async throws -> Grant {
        guard verdict == .permit else { throw GrantRefusal.notPermitted }
        guard epochs.policies == policies.digest, now < change.expires else { throw GrantRefusal.stale }
        let fresh = Terms(
            submission, plan, definition: definition, owner: change.owner, rollbackOf: change.rollbackOf, locks: change.locks,
            claims: change.claims
        ).digest
        guard fresh == change.terms.digest else { throw GrantRefusal.digestMismatch }
        let expires = now.adding(seconds: Intent.life)
        let intent = Intent(
            change: change.id, digest: fresh, epochs: epochs, expires: expires, lease: lease(expires))
        // From here on the step counts as taken, so that another that would complete what it began is assessed on it.
        try reach.reserve(change.id, on: submission.system, plan.step(of: submission), gaining: epochs.reach)
        do { try await ledger.commit(intent, of: change, entry: entry) } catch {
            reach.release(change.id)
            throw error
        }
        return Grant(intent, submission, plan)
    }
}
