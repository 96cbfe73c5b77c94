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
    let standing: StandingFacts
    let epochs: Epochs
    private let decider: Decider
    private let catalogue: Catalogue

    init(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding, locksOut: Bool = false, definition: Digest,
        locks: [String] = [], question: Question, standing: StandingFacts, epoch: Int64, catalogue: Catalogue
    ) {
        let epochs = Epochs(policies: standing.policies.digest, locks: epoch, reach: reach.digest)
        self.init(
            submission, plan, reach, locksOut, definition, locks, question, standing, epochs,
            Decider(question, with: standing, epochs: epochs), catalogue)
    }

    private init(
        _ submission: Submission, _ plan: Plan, _ reach: ReachFinding, _ locksOut: Bool, _ definition: Digest, _ locks: [String],
        _ question: Question, _ standing: StandingFacts, _ epochs: Epochs, _ decider: Decider, _ catalogue: Catalogue
    ) {
        self.submission = submission
        self.plan = plan
        self.reach = reach
        self.locksOut = locksOut
        self.definition = definition
        self.locks = locks
        self.question = question
        self.standing = standing
        self.epochs = epochs
        self.decider = decider
        self.catalogue = catalogue
    }

    /// The same, with these approvals at hand.
    func counting(_ approvals: [ApprovalFact]) -> Deliberation {
        var question = question
        question.approvals = approvals
        return Deliberation(
            submission, plan, reach, locksOut, definition, locks, question, standing, epochs, decider.counting(approvals),
            catalogue)
    }

    /// What approvers are shown of its weight.
    var assessment: Assessment { Assessment(plan, submission.operation, reach: reach) }

    /// The terms of a change, were it staged now.
    func terms(of change: Change) -> Terms {
        Terms(
            submission, plan, definition: definition, owner: change.owner, rollbackOf: change.rollbackOf, locks: change.locks,
            claims: change.claims)
    }

    var policies: PolicyBundle { standing.policies }

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
