import StrictJSON
import Authority
import Cedar
import Identity

/// Proves each execution back to an intent, to a decision that permitted it, and to the signatures that the decision counted, by
/// the people and keys that the log says there were.
struct Provenance {
    private struct Registered {
        let place: Int64
        let registry: Registry
    }

    private struct Said {
        let place: Int64
        let approval: SignedApproval
        var statement: ApprovalStatement { approval.statement }
    }

    /// A decision that permitted a write.
    private struct Permit {
        let place: Int64
        let policies: Digest
        let terms: Digest?
        let assessment: Digest?
        let question: Question
        /// The nonces of the statements that it counts.
        let counted: [String]
    }

    private struct Intended {
        let terms: Digest
        let isProved: Bool
    }

    private var registries: [Registered] = []
    private var statements: [String: [Said]] = [:]
    private var permits: [String: [Permit]] = [:]
    /// By whom each change was staged, as its first decision says, and where that stands.
    private var stagings: [String: (place: Int64, principal: EntityUID)] = [:]
    private var intents: [String: Intended] = [:]
    /// The changes of which nobody could tell what came.
    private var untold: Set<String> = []
    /// How many executions were proved.
    private(set) var proved = 0

    /// - Returns: what is wrong with the entry.
    mutating func take(_ record: LogRecord, _ entry: LoggedEntry) -> [String] {
        // The order of batches, and not of clocks: those may be set back.
        let (place, change) = (entry.records?.sequence ?? 0, entry.links["change"] ?? "")
        switch record {
        case .registry(let record):
            guard let registry = try? Registry(record) else { return ["the recorded people and keys can't be read"] }
            registries.append(Registered(place: place, registry: registry))
        case .approval(let approval): statements[change, default: []].append(Said(place: place, approval: approval))
        case .decision(let decision) where !change.isEmpty: return take(decision, on: change, place)
        case .intent(let intent):
            let problems = problems(change, intent.terms, intent.policies, place)
            intents[change] = Intended(terms: intent.terms, isProved: problems.isEmpty)
            return problems
        case .outcome(let outcome):
            if entry.id == "settled-\(change)", !isSettled(outcome, entry, change) {
                return ["nobody who may signed that it was \(outcome.state.rawValue)"]
            }
            if outcome.state == .indeterminate { untold.insert(change) } else { untold.remove(change) }
            guard outcome.state == .executed else { break }
            guard let intent = intents[change], entry.links["intent"] == "intent-\(change)" else {
                return ["it was executed without an intent"]
            }
            guard outcome.terms == intent.terms else { return ["it is not what the intent was for"] }
            if intent.isProved { proved += 1 }
        default: break
        }
        return []
    }

    /// Whether an outcome that a person settled was not known, and is as they signed, who are none of those whose request it is.
    private func isSettled(_ outcome: OutcomeRecord, _ entry: LoggedEntry, _ change: String) -> Bool {
        guard untold.contains(change), let terms = intents[change]?.terms, outcome.terms == terms else { return false }
        let parties = (permits[change] ?? []).filter { $0.terms == terms }
            .reduce(into: Set<String>()) { $0.formUnion(self.parties(of: $1, on: change)) }
        return (statements[change] ?? []).contains { said in
            let statement = said.statement
            guard entry.links["settlement"] == "approval-\(statement.nonce)", statement.terms == terms,
                statement.verdict.rawValue == outcome.state.rawValue, statement.verdict.settles,
                fact(of: said, at: said.place) != nil
            else { return false }
            return registry(at: said.place)?.aliases(of: statement.approver).isDisjoint(with: parties) ?? false
        }
    }

    private mutating func take(_ decision: DecisionRecord, on change: String, _ place: Int64) -> [String] {
        let isPermit = decision.decided.verdict == .permit
        guard isPermit || stagings[change] == nil else { return [] }
        guard let question = try? decision.question() else { return ["its question can't be read"] }
        if stagings[change] == nil { stagings[change] = (place, question.principal) }
        guard isPermit else { return [] }
        permits[change, default: []].append(
            Permit(
                place: place, policies: decision.decided.epochs.policies, terms: decision.terms, assessment: decision.assessment,
                question: question, counted: decision.counted))
        return []
    }

    /// What an intent lacks.
    private func problems(_ change: String, _ terms: Digest, _ policies: Digest, _ place: Int64) -> [String] {
        let fitting = (permits[change] ?? []).filter { $0.policies == policies && $0.terms == terms && $0.place <= place }
        guard !fitting.isEmpty else { return ["no decision permitted it"] }
        let said = statements[change] ?? []
        if said.contains(where: { $0.statement.verdict == .refuse && $0.place < place && fact(of: $0, at: $0.place) != nil }) {
            return ["it was refused before it began"]
        }
        // One that proves it is enough.
        let found = fitting.map { problems($0, said, change) }
        return found.contains([]) ? [] : found.last ?? []
    }

    /// What the approvals that a permit counted lack.
    private func problems(_ permit: Permit, _ said: [Said], _ change: String) -> [String] {
        let parties = parties(of: permit, on: change)
        var signed: [ApprovalTally.Signed] = []
        for counted in permit.question.approvals {
            let id = counted.person.id
            if let registry = registry(at: permit.place), !registry.aliases(of: id).isDisjoint(with: parties) {
                return ["the approval of \(id) was counted, who is on its side"]
            }
            let proof = said.first {
                permit.counted.contains($0.statement.nonce) && $0.statement.approver == id && $0.statement.verdict == .approve
                    && $0.place <= permit.place
                    && $0.statement.terms == permit.terms && $0.statement.assessment == permit.assessment
                    && fact(of: $0, at: permit.place) == counted
            }
            guard let proof else { return ["the approval of \(id), which the decision counted, is not signed"] }
            signed.append(ApprovalTally.Signed(proof.approval, counted, human: id))
        }
        guard let terms = permit.terms, let assessment = permit.assessment else { return ["its decision names no terms"] }
        let tally = ApprovalTally(signed, change: change, terms: terms, assessment: assessment)
        return tally.facts.count == signed.count && tally.standing == .met
            ? [] : ["the approvals are not what their signers were told would be demanded"]
    }

    /// The people whose own request it is: who asked and who adopted it, or answered for them then or later.
    private func parties(of permit: Permit, on change: String) -> Set<String> {
        let staging = stagings[change] ?? (permit.place, permit.question.principal)
        let registries = [registry(at: permit.place), registry(at: staging.place)].compactMap { $0 }
        var parties: Set<String> = []
        for principal in [permit.question.principal, staging.principal].compactMap(PrincipalID.init) {
            if let person = principal.person { parties.insert(person) }
            parties.formUnion(registries.compactMap { $0.owner(of: principal) })
        }
        return parties.union([permit.question.delegator?.id.string].compactMap { $0 })
    }

    private func registry(at place: Int64) -> Registry? {
        registries.last { $0.place <= place }?.registry ?? registries.first?.registry
    }

    /// What a statement proves, if it is signed with a key that its person had at that place.
    private func fact(of said: Said, at place: Int64) -> ApprovalFact? {
        guard
            let (person, verified) = try? registry(at: place)?.authenticator.authenticate(
                said.statement.approver, message: said.statement.bytes, signature: said.approval.signature,
                namespace: PersonAuthenticator.approvalNamespace)
        else { return nil }
        return ApprovalFact(person: PersonRecord(id: person.id, teams: person.teams), userVerified: verified)
    }
}
