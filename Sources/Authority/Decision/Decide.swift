public import Cedar
import StrictJSON
import Synchronization

/// Decides one question by one policy set. Pure: no clock, no I/O, nothing random; every evaluation that
/// bears on the verdict is made and recorded, so that the reasons are complete.
///
/// A write is first asked as `execute` with the approvals at hand. When that is refused it is evaluated with the approvals
/// unknown: what is left is what they must show, and approval is what is missing if everybody who may approve could show
/// it together. Otherwise `propose` is asked. Any evaluation error denies, because Cedar skips a policy that errs, and it
/// might have been a `forbid`; so does a request or an entity that does not fit the schema.
public func decide(_ question: Question, with standing: StandingFacts, epochs: Epochs) -> Decision {
    Decider(question, with: standing, epochs: epochs).decide()
}

/// Decides several questions that differ in operation and resource only, over the same facts.
public struct Decider: Sendable {
    private let question: Question
    private let epochs: Epochs
    private let facts: Facts

    public init(_ question: Question, with standing: StandingFacts, epochs: Epochs) {
        self.init(question, Facts(question.entities, standing, question.context), epochs)
    }

    private init(_ question: Question, _ facts: Facts, _ epochs: Epochs) {
        (self.question, self.facts, self.epochs) = (question, facts, epochs)
    }

    /// The same, with these approvals at hand.
    public func counting(_ approvals: [ApprovalFact]) -> Decider {
        var question = question
        question.approvals = approvals
        return Decider(question, facts, epochs)
    }

    public func decide() -> Decision { decide(question) }

    /// The decision on reading: whether the principal may see `resource` by this operation.
    public func decideRead(_ operation: String, on resource: EntityUID) -> Decision {
        var reading = question
        (reading.isWrite, reading.operation, reading.resource, reading.approvals) = (false, operation, resource, [])
        if operation != question.operation { reading.context["input"] = nil }
        return decide(reading)
    }

    private func decide(_ question: Question) -> Decision {
        var evaluation = Evaluation(question, facts)
        let verdict = question.isWrite ? evaluation.write() : evaluation.read()
        return evaluation.decision(verdict, epochs)
    }

    /// Whether policy lets this person approve what the question asks.
    public func mayApprove(_ person: String) -> Bool {
        guard let record = facts.standing.candidate(person, for: question) else { return false }
        var evaluation = Evaluation(question, facts)
        let allowed = evaluation.mayApprove(record)
        return allowed && evaluation.decision(.permit, epochs).verdict == .permit
    }
}

/// The facts of a question, made ready once for all evaluations over them.
private struct Facts: Sendable {
    let standing: StandingFacts
    /// Nil when they can't be decided over.
    let layer: EntityLayer?
    let misfit: String?
    /// For what is asked without approvals: with the input, and without.
    private let asking: (whole: Asking?, bare: Asking?)

    init(_ own: [Entity], _ standing: StandingFacts, _ context: [ExactString: Value]) {
        self.standing = standing
        let (layer, misfit) = standing.layer(own)
        (self.layer, self.misfit) = (layer, misfit)
        var bare = context
        bare["input"] = nil
        asking = (layer.map { Asking($0, standing.policies, context) }, layer.map { Asking($0, standing.policies, bare) })
    }

    /// - Parameter isWhole: whether the context has the input.
    func asking(_ approvals: [ApprovalFact], isWhole: Bool, _ context: [ExactString: Value]) -> Asking? {
        guard approvals.isEmpty else { return layer.map { Asking($0, policies, context, approvals) } }
        return isWhole ? asking.whole : asking.bare
    }

    var policies: PolicyBundle { standing.policies }
    var entities: Entities { layer?.entities ?? Entities() }
}

/// Asks over one layer in one context, which is checked and made ready once: several decisions differ in nothing else.
private final class Asking: Sendable {
    private struct State {
        let decider: LayerDecider
        /// Why the context does not fit, by classes of actions that have been asked about.
        var misfits: [Int: String?] = [:]
    }

    private let schema: Cedar.Schema
    let context: [ExactString: Value]
    private let state: Mutex<State>

    init(_ layer: EntityLayer, _ policies: PolicyBundle, _ context: [ExactString: Value], _ approvals: [ApprovalFact] = []) {
        var context = context
        context[ContextShape.approvalsName] = approvals.isEmpty ? ContextShape.noApprovals : ContextShape.value(approvals)
        self.context = context
        schema = policies.cedarSchema
        state = Mutex(State(decider: LayerDecider(policies.compiled, layer, context: context)))
    }

    func respond(_ request: Request) -> Response {
        state.withLock { $0.decider.authorize(request.principal, request.action, request.resource) }
    }

    /// Why the request does not fit the schema.
    func misfit(_ request: Request) -> String? {
        do { try schema.checkScope(request) } catch { return "\(error)" }
        guard let number = schema.contextClasses[request.action] else { return nil }
        return state.withLock { state in
            if let known = state.misfits[number] { return known }
            var misfit: String?
            do { try schema.checkContext(request) } catch { misfit = "\(error)" }
            state.misfits[number] = .some(misfit)
            return misfit
        }
    }
}

/// Collects the evaluations of one decision.
private struct Evaluation {
    private let question: Question
    private let facts: Facts
    private var steps: [Decision.Step] = []
    private var eligible: [String] = []
    private var requirement: ApprovalRequirement?
    private var determining: [String] = []
    private var denial: Decision.Denial?

    init(_ question: Question, _ facts: Facts) {
        self.question = question
        self.facts = facts
    }

    private var policies: PolicyBundle { facts.policies }

    func decision(_ verdict: Decision.Verdict, _ epochs: Epochs) -> Decision {
        let failed = steps.contains { !$0.errors.isEmpty || $0.misfit != nil }
        let isTooDeep = (requirement?.demand.depth ?? 0) > ApprovalRequirement.deepest
        let final = failed || isTooDeep ? .deny : verdict
        return Decision(
            final, denial: final == .deny ? (failed ? .evaluationError : isTooDeep ? .demandTooDeep : denial ?? .noPermit) : nil,
            policies: Set(determining).sorted(), eligible: final == .needsApproval ? eligible : [],
            requirement: [.permit, .needsApproval].contains(final) ? requirement : nil, steps: steps, epochs: epochs)
    }

    mutating func read() -> Decision.Verdict {
        allAllow(.read, approvals: []) ? .permit : .deny
    }

    mutating func write() -> Decision.Verdict {
        // What it makes possible can't be told: an agent may propose it, for a person to make it their own.
        guard !question.isUnread || question.principal.type != EntityUID.workload("").type else {
            return allAllow(.propose, approvals: []) ? .propose : .deny
        }
        let approvals = question.approvals.filter { mayApprove($0.person) }
        if allAllow(.execute, approvals: approvals) {
            let why = determining
            require(demand())
            determining = why
            return .permit
        }
        let refusal = (denial, determining)
        if awaitsApprovals(given: Set(approvals.map(\.person.id))) { return .needsApproval }
        if allAllow(.propose, approvals: []) { return .propose }
        (denial, determining) = refusal
        return .deny
    }

    /// Whether approvals are what is missing: something depends on them, and everybody who may approve could show it.
    private mutating func awaitsApprovals(given: Set<String>) -> Bool {
        require(demand())
        guard let able = requirement?.approvers, !able.isEmpty,
            // A candidate counts as user-verified here: it asks what approvals could at most show.
            allAllow(.execute, approvals: able.map { ApprovalFact(person: $0, userVerified: true) })
        else {
            return false
        }
        eligible = able.map(\.id).filter { !given.contains($0) }.sorted()
        return true
    }

    /// - Parameter demand: of the approvals; nil when none could help.
    private mutating func require(_ demand: Requirement?) {
        requirement = demand.map { demand in
            // Who may approve is of no weight where nothing is demanded.
            ApprovalRequirement(
                demand, approvers: demand == .all([]) ? [] : facts.standing.candidates(for: question).filter { mayApprove($0) })
        }
    }

    /// What the approvals must show, for all who must be permitted; nil when no approvals could help.
    private mutating func demand() -> Requirement? {
        let asked =
            [(Path.execute, question.principal)]
            + (question.delegator.map { [(.execute, $0), (.delegate, $0)] } ?? [])
        var parts: [Requirement] = []
        for (path, principal) in asked {
            let (request, asking) = request(path, principal, [])
            let response = policies.policies.authorize(
                PartialRequest(request, unknown: [ContextShape.approvalsName: ContextShape.approvals.type]),
                entities: PartialEntities(facts.entities),
                schema: policies.cedarSchema)
            steps.append(
                Decision.Step(
                    action: request.action, principal: principal, approvers: [],
                    allowed: response.decision == .allow,
                    policies: response.forbids.isEmpty ? response.permits : response.forbids,
                    errors: response.errors.map(\.policy), misfit: misfit(request, asking),
                    residuals: response.residuals.map { ($0.id, $0.text) }))
            guard response.decision != .deny else { return nil }
            if response.decision == nil { parts.append(response.requirement) }
        }
        return parts.count == 1 ? parts[0] : .all(parts.flatMap { if case .all(let inner) = $0 { inner } else { [$0] } })
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

    /// What is asked, and over what; nil when the facts can't be decided over.
    private func request(_ path: Path, _ principal: EntityUID, _ approvals: [ApprovalFact]) -> (request: Request, by: Asking?) {
        let action = EntityUID(
            type: ExactString("\(question.namespace)::Action"), id: ExactString("\(path.rawValue):\(question.operation)"))
        let asking = facts.asking(approvals, isWhole: question.context["input"] != nil, question.context)
        let context = asking?.context ?? question.context
        return (Request(principal: principal, action: action, resource: question.resource, context: context), asking)
    }

    /// Why the request or the facts don't fit the schema.
    private func misfit(_ request: Request, _ asking: Asking?) -> String? {
        if let misfit = facts.misfit { return misfit }
        // What is known not to be absent can be read without error.
        for uid in [request.principal, request.resource] where facts.entities[uid] == nil { return "there is no fact on \(uid)" }
        return asking?.misfit(request)
    }

    private mutating func allows(_ path: Path, _ principal: EntityUID, _ approvals: [ApprovalFact]) -> Bool {
        let (request, asking) = request(path, principal, approvals)
        let misfit = misfit(request, asking)
        guard let asking else { return false }
        let response = asking.respond(request)
        steps.append(
            Decision.Step(
                action: request.action, principal: principal, approvers: approvals.map(\.person.id).sorted(),
                allowed: response.decision == .allow, policies: response.reasons, errors: response.errors.map(\.policy),
                misfit: misfit))
        determining += response.reasons
        if response.decision == .deny { denial = response.reasons.isEmpty ? .noPermit : .forbidden }
        return response.decision == .allow && misfit == nil
    }
}
