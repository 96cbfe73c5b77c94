import Authority
import Cedar
import StrictJSON

/// One request on its way to a decision: what is asked, what it would do, what that would newly make possible, and the question
/// made of all that. Whoever decides on something asks a deliberation, and no two make their question in different ways.
struct Deliberation: Sendable {
    let submission: Submission
    let plan: Plan
    /// What the after-state newly makes possible.
    let reach: ReachFinding
    /// Whether it would leave something protected with nobody to look after it.
    let locksOut: Bool
    /// The digest of its operation's definition.
    let definition: Digest
    /// The identities of the locks that it would be done under.
    let locks: [String]
    let question: Question
    let policies: PolicyBundle
    let epochs: Epochs
    private let decider: Decider
    private let catalogue: Catalogue

    init(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding, locksOut: Bool = false, definition: Digest,
        locks: [String] = [], question: Question, policies: PolicyBundle, epoch: Int64, catalogue: Catalogue
    ) {
        self.submission = submission
        self.plan = plan
        self.reach = reach
        self.locksOut = locksOut
        self.definition = definition
        self.locks = locks
        self.question = question
        self.policies = policies
        epochs = Epochs(policies: policies.digest, locks: epoch, reach: reach.digest)
        decider = Decider(question, with: policies, epochs: epochs)
        self.catalogue = catalogue
    }

    /// The same, with these approvals at hand.
    func counting(_ approvals: [ApprovalFact]) -> Deliberation {
        var question = question
        question.approvals = approvals
        return Deliberation(
            submission, plan, reach: reach, locksOut: locksOut, definition: definition, locks: locks, question: question,
            policies: policies, epoch: epochs.locks, catalogue: catalogue)
    }

    /// What approvers are shown of its weight.
    var assessment: Assessment { Assessment(plan, submission.operation, reach: reach) }

    /// The terms of a change, were it staged now.
    func terms(of change: Change) -> Terms {
        Terms(
            submission, plan, definition: definition, owner: change.owner, rollbackOf: change.rollbackOf, locks: change.locks,
            claims: change.claims)
    }

    func decide() -> Decision { decider.decide() }

    /// The decision on reading `resource` by another operation, over the same facts.
    func decideRead(_ operation: String, on resource: EntityUID) -> Decision { decider.decideRead(operation, on: resource) }

    /// Whether policy gives the person a say in it. Those on its side have none.
    func mayApprove(_ person: String) -> Bool { decider.mayApprove(person) }

    /// Of the values that the plan touches.
    var sensitivitiesTouched: [Sensitivity] {
        Set(plan.touched.map { catalogue.sensitivity(of: $0.attribute, on: $0.entity) }).sorted()
    }

    /// Whether who asks may read what the operation is about, and that much of it.
    func mayRead(_ uid: EntityUID, _ sensitivities: some Collection<Sensitivity> = []) -> Bool {
        // That the system is there, everybody knows; more than that, nobody may read of it.
        guard let kind = catalogue.kind(of: uid) else { return uid == .system(submission.system) && sensitivities.isEmpty }
        guard let reading = catalogue.reading(kind) else { return false }
        return ([reading.name] + sensitivities.map { "sensitivity.\($0.rawValue)" }).allSatisfy {
            decider.decideRead($0, on: uid).verdict == .permit
        }
    }

    /// The log entry of a decision: with it and the policies' entry, the decision can be made again.
    ///
    /// - Parameters:
    ///   - change: what it decides on, with the terms and the assessment that its signatures must be for.
    ///   - tally: the approvals that it counts.
    ///   - reason: why it was denied all the same, when not by policy.
    ///   - further: what else was decided over the same facts.
    func entry(
        _ decision: Decision, in core: Core, change: Change? = nil, counting tally: ApprovalTally? = nil, reason: String? = nil,
        further: [DecisionRecord.Further] = []
    ) -> LogEntry {
        let links = ["request": submission.id].merging(change.map { ["change": $0.id] } ?? [:]) { $1 }
        let record = DecisionRecord(
            question, decision, change: change, counted: tally?.nonces ?? [], reason: reason, further: further)
        return core.entry(.decision(record), "dec", links: links)
    }
}
