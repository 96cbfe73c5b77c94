public import Cedar
import StrictJSON

/// Decides one question by one policy set. Pure: no clock, no I/O, nothing random; every evaluation that
/// bears on the verdict is made and recorded, so that the reasons are complete.
///
/// A write is first asked as `execute` with the approvals at hand. When that is refused it is asked again
/// with everybody who may approve: if then it is allowed, approval is what is missing. Otherwise `propose`
/// is asked. Any evaluation error denies, because Cedar skips a policy that errs, and it might have been a
/// `forbid`.
public func decide(_ question: Question, with policies: PolicyBundle, epochs: Epochs) -> Decision {
    Decider(question, with: policies, epochs: epochs).decide()
}

/// Decides several questions that differ in operation and resource only, over the same facts.
public struct Decider: Sendable {
    private let question: Question
    private let policies: PolicyBundle
    private let epochs: Epochs
    /// Nil when the facts contradict each other: then everything is denied.
    private let entities: Entities?

    public init(_ question: Question, with policies: PolicyBundle, epochs: Epochs) {
        self.question = question
        self.policies = policies
        self.epochs = epochs
        entities = try? Entities(question.entities)
    }

    public func decide() -> Decision { decide(question) }

    /// The decision on reading: whether the principal may see `resource` by this operation.
    public func decideRead(_ operation: String, on resource: EntityUID) -> Decision {
        var reading = question
        (reading.isWrite, reading.operation, reading.resource, reading.approvals) = (false, operation, resource, [])
        return decide(reading)
    }

    private func decide(_ question: Question) -> Decision {
        var evaluation = Evaluation(question, policies, entities)
        let verdict = question.isWrite ? evaluation.write() : evaluation.read()
        return evaluation.decision(verdict, epochs)
    }

    /// Whether policy lets this person approve what the question asks.
    public func mayApprove(_ person: String) -> Bool {
        guard let record = question.candidates.first(where: { $0.id == person }) else { return false }
        var evaluation = Evaluation(question, policies, entities)
        let allowed = evaluation.mayApprove(record)
        return allowed && evaluation.decision(.permit, epochs).verdict == .permit
    }
}

/// Collects the evaluations of one decision.
private struct Evaluation {
    private let question: Question
    private let policies: PolicyBundle
    private let entities: Entities?
    private var steps: [Decision.Step] = []
    private var eligible: [String] = []
    private var determining: [String] = []
    private var denial: Decision.Denial?

    init(_ question: Question, _ policies: PolicyBundle, _ entities: Entities?) {
        self.question = question
        self.policies = policies
        self.entities = entities
    }

    func decision(_ verdict: Decision.Verdict, _ epochs: Epochs) -> Decision {
        let failed = entities == nil || steps.contains { !$0.errors.isEmpty }
        let final = failed ? .deny : verdict
        return Decision(
            final, denial: final == .deny ? (failed ? .evaluationError : denial ?? .noPermit) : nil,
            policies: Set(determining).sorted(), eligible: final == .needsApproval ? eligible : [], steps: steps, epochs: epochs)
    }

    mutating func read() -> Decision.Verdict {
        allAllow(.read, approvals: []) ? .permit : .deny
    }

    mutating func write() -> Decision.Verdict {
        let approvals = question.approvals.filter { mayApprove($0.person) }
        if allAllow(.execute, approvals: approvals) { return .permit }
        let refusal = (denial, determining)
        // A candidate counts as user-verified here: it asks what approvals could at most show.
        let able = question.candidates.filter { mayApprove($0) }
        if !able.isEmpty, allAllow(.execute, approvals: able.map { ApprovalFact(person: $0, userVerified: true) }) {
            let given = Set(approvals.map(\.person.id))
            eligible = able.map(\.id).filter { !given.contains($0) }.sorted()
            return .needsApproval
        }
        if allAllow(.propose, approvals: []) { return .propose }
        (denial, determining) = refusal
        return .deny
    }

    /// Whether the principal, and the delegator and its right to delegate, all permit it.
    private mutating func allAllow(_ path: Path, approvals: [ApprovalFact]) -> Bool {
        determining = []
        let own = allows(path, question.principal, approvals)
        guard let delegator = question.delegator else { return own }
        let theirs = allows(path, delegator, approvals)
        let delegable = allows(.delegate, delegator, approvals)
        if own, !(theirs && delegable) { denial = .notDelegable }
        return own && theirs && delegable
    }

    mutating func mayApprove(_ person: PersonRecord) -> Bool {
        let before = (determining, denial)
        defer { (determining, denial) = before }
        return allows(.approve, .person(person.id), [])
    }

    private mutating func allows(_ path: Path, _ principal: EntityUID, _ approvals: [ApprovalFact]) -> Bool {
        let action = EntityUID(
            type: ExactString("\(question.namespace)::Action"), id: ExactString("\(path.rawValue):\(question.operation)"))
        var context = question.context
        context["approvals"] = value(approvals)
        let request = Request(principal: principal, action: action, resource: question.resource, context: context)
        let response = policies.policies.authorize(request, entities: entities ?? Entities())
        steps.append(
            Decision.Step(
                action: action.description, principal: principal.description, approvers: approvals.map(\.person.id).sorted(),
                allowed: response.decision == .allow, policies: response.reasons, errors: response.errors.map(\.policy)))
        determining += response.reasons
        if response.decision == .deny { denial = response.reasons.isEmpty ? .noPermit : .forbidden }
        return response.decision == .allow
    }

    private func value(_ approvals: [ApprovalFact]) -> Value {
        let people = approvals.map(\.person)
        return .record([
            "count": .long(Int64(Set(people.map(\.id)).count)), "distinctTeams": .long(Int64(Teams.distinct(people))),
            "userVerified": .long(Int64(Set(approvals.filter(\.userVerified).map(\.person.id)).count)),
            "people": .set(Set(people.map { .entity(.person($0.id)) })),
            "teams": .set(Set(people.flatMap(\.teams).map { .entity(EntityUID(type: "Exequatur::Team", id: .init($0))) })),
        ])
    }
}
