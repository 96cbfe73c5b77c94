/// The approvals of a change that count, each held against what its signer was told would be demanded.
public struct ApprovalTally: Sendable {
    /// An approval whose signature holds today.
    public struct Signed: Sendable {
        public let approval: SignedApproval
        public let fact: ApprovalFact
        /// Names one human, whatever ids they have.
        public let human: String

        public init(_ approval: SignedApproval, _ fact: ApprovalFact, human: String) {
            self.approval = approval
            self.fact = fact
            self.human = human
        }
    }

    /// As facts for a decision, in the order in which they were taken.
    public let facts: [ApprovalFact]
    /// The nonces of the statements, in the same order.
    public let nonces: [String]
    private let demands: [ApprovalRequirement]

    public init(_ signed: [Signed], on change: Change) {
        self.init(signed, change: change.id, terms: change.terms.digest, assessment: change.shown.digest)
    }

    /// Counts one of each human, for these terms and this assessment alone; after the first, only those whom policy let approve
    /// when the first was given.
    public init(_ signed: [Signed], change: String, terms: Digest, assessment: Digest) {
        var (facts, demands, humans): ([ApprovalFact], [ApprovalRequirement], Set<String>) = ([], [], [])
        var nonces: [String] = []
        func order(_ signed: Signed) -> (Instant, String) { (signed.approval.taken, signed.approval.statement.nonce) }
        for signed in signed.sorted(by: { order($0) < order($1) }) {
            let statement = signed.approval.statement
            guard statement.verdict == .approve, statement.change == change, statement.terms == terms,
                statement.assessment == assessment, let demand = signed.approval.requirement,
                demands.first?.approvers.contains(where: { $0.id == signed.fact.person.id }) != false,
                humans.insert(signed.human).inserted
            else { continue }
            facts.append(signed.fact)
            demands.append(demand)
            nonces.append(statement.nonce)
        }
        self.facts = facts
        self.demands = demands
        self.nonces = nonces
    }

    public var isEmpty: Bool { facts.isEmpty }

    /// Whether what counts is what every signer signed for.
    public enum Standing: Sendable, Equatable {
        case met
        /// What the first demand that is not met asks for, in words.
        case open(String)
        /// A demand can't be told from approvals alone.
        case untellable
    }

    public var standing: Standing {
        for demand in demands {
            switch demand.isMet(by: facts) {
            case true?: continue
            case false?: return .open(demand.missing(after: facts) ?? demand.words)
            case nil: return .untellable
            }
        }
        return .met
    }

    /// Whether every signer's demand could be met, were these to approve besides.
    public func couldBeMet(with more: [ApprovalFact]) -> Bool {
        demands.allSatisfy { $0.isMet(by: facts + more) == true }
    }

    /// What is still missing by this decision and by what the signers were told, in words; nil when nothing is.
    public func needs(after decision: Decision) -> String? {
        if decision.verdict == .needsApproval { return decision.requirement?.missing(after: facts) }
        if decision.verdict == .permit, case .open(let words) = standing { return words }
        return nil
    }

    /// The people who may still complete it, where somebody has signed: nobody else's word counts.
    public var mayComplete: Set<String>? { demands.first.map { Set($0.approvers.map(\.id)) } }
}
