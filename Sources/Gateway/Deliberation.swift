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
    let question: Question
    let policies: PolicyBundle
    let epochs: Epochs
    private let decider: Decider
    private let catalogue: Catalogue

    init(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding, locksOut: Bool = false, question: Question,
        policies: PolicyBundle, locks epoch: Int64, catalogue: Catalogue
    ) {
        self.submission = submission
        self.plan = plan
        self.reach = reach
        self.locksOut = locksOut
        self.question = question
        self.policies = policies
        epochs = Epochs(policies: policies.digest, locks: epoch, reach: reach.digest)
        decider = Decider(question, with: policies, epochs: epochs)
        self.catalogue = catalogue
    }

    /// What approvers are shown of its weight.
    var assessment: Assessment { Assessment(plan, submission.operation, reach: reach) }

    /// - Parameter owner: who answered for the workload when the change was staged.
    func terms(owner: String?) -> Terms { Terms(submission, plan, policies: policies, owner: owner) }

    func decide() -> Decision { decider.decide() }

    /// The decision on reading `resource` by another operation, over the same facts.
    func decideRead(_ operation: String, on resource: EntityUID) -> Decision { decider.decideRead(operation, on: resource) }

    /// Whether policy gives the person a say in it. Those on its side have none.
    func mayApprove(_ person: Person) -> Bool { decider.mayApprove(person.id) }

    /// Whether who asks may read what the operation is about, and that much of it.
    func mayRead(_ uid: EntityUID, _ sensitivities: some Collection<Sensitivity> = []) -> Bool {
        let reading = uid.type == catalogue.groupType ? "group.read" : "user.read"
        return ([reading] + sensitivities.map { "sensitivity.\($0.rawValue)" }).allSatisfy {
            decider.decideRead($0, on: uid).verdict == .permit
        }
    }
}

extension Gateway {
    /// What a plan comes to, as things stand now.
    ///
    /// - Parameters:
    ///   - epoch: the locks', as of when they were checked.
    ///   - change: what was staged of it, when something was: whoever is on its side has no say.
    ///   - isAssessed: false for what is done already and makes nothing possible any more.
    /// - Throws: ``Refusal`` when it can't be assessed, or would lock everybody out. A workload is not told of that: to it, it is
    ///   one denial like others.
    func deliberate(
        _ submission: Submission, _ plan: Plan, locks epoch: Int64, on change: Change? = nil, approvals: [ApprovalFact] = [],
        isAssessed: Bool = true
    ) throws -> Deliberation {
        let bundle = policies
        var (finding, locksOut) = (ReachFinding.none, false)
        if isAssessed {
            do { finding = try assess(submission, plan) } catch let refusal as Refusal
                where refusal.code == .reachLockout && submission.principal.isWorkload && change == nil
            { locksOut = true }
        }
        let catalogue = try connector(submission.system).catalogue
        return Deliberation(
            submission, plan, reach: finding, locksOut: locksOut,
            question: question(
                submission, plan, reach: finding, catalogue: catalogue, approvals: approvals, also: change.map(parties(of:)) ?? []
            ),
            policies: bundle, locks: epoch, catalogue: catalogue)
    }

    /// On reading what these facts are about.
    func deliberate(
        _ submission: Submission, reading resource: EntityUID, _ facts: [Entity], _ catalogue: Catalogue, locks epoch: Int64,
        by bundle: PolicyBundle
    ) -> Deliberation {
        let plan = Plan(
            target: resource, targetName: "", touched: [], inverse: nil, reversibility: .reversible, precondition: .none,
            version: "", native: [:], facts: facts)
        return Deliberation(
            submission, plan, reach: .none, question: question(submission, plan, catalogue: catalogue, approvals: []),
            policies: bundle, locks: epoch, catalogue: catalogue)
    }

    /// The question of a submission, with the approvals at hand.
    private func question(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding = .none, catalogue: Catalogue, approvals: [ApprovalFact],
        also excluded: [String] = []
    ) -> Question {
        var away = principals.aliases(of: submission.principal.id).union(excluded.flatMap(principals.aliases(of:)))
        if let delegator = submission.task.delegator { away.formUnion(principals.aliases(of: delegator)) }
        if case .workload(let workload) = submission.principal { away.formUnion(principals.aliases(of: workload.owner)) }
        return Question(
            submission, plan, reach: reach, catalogue: catalogue, now: now, environment: environment.environment,
            approvals: approvals, people: humans, excluded: away)
    }

    /// The people known, each human once: somebody with two ids is still one approver.
    private var humans: [PersonRecord] {
        var seen: Set<String> = []
        return principals.people.filter { seen.insert(principals.aliases(of: $0.id).min() ?? $0.id).inserted }
    }

    /// The log entry of a decision: with it and the policies' entry, the decision can be made again.
    ///
    /// - Parameters:
    ///   - change: what it decides on, with the terms and the assessment that its signatures must be for.
    ///   - reason: why it was denied all the same, when not by policy.
    func entry(_ decision: Decision, _ deliberation: Deliberation, change: Change? = nil, reason: String? = nil) -> LogEntry {
        var body: JSONValue = ["question": deliberation.question.json, "decision": decision.json]
        body.add("terms", change.map { .string($0.digest.hex) })
        body.add("assessment", change.map { .string($0.assessment.hex) })
        body.add("reason", reason.map(JSONValue.string))
        let links = ["request": deliberation.submission.id].merging(change.map { ["change": $0.id] } ?? [:]) { $1 }
        return LogEntry(.decisions, id: environment.id("dec"), kind: "decision", time: now, links: links, body: body)
    }
}
