public import Cedar
public import StrictJSON

/// What policy demands of the approvals of one change: canonical, and complete with who may give them. People sign it together
/// with what they approve, so that nothing runs on a word that was given for more.
public struct ApprovalRequirement: Hashable, Sendable {
    /// What `context.approvals` must show.
    public let demand: Requirement
    /// Everybody whom policy lets approve, with their teams; sorted by id. Empty where nothing is demanded.
    public let approvers: [PersonRecord]

    /// What nests deeper could not be read back from where it is stored.
    static let deepest = 20

    /// What is demanded of a change that waits for nobody's approval.
    public static let none = ApprovalRequirement(.all([]), approvers: [])

    init(_ demand: Requirement, approvers: [PersonRecord]) {
        self.demand = demand.canonical
        self.approvers = approvers.map { PersonRecord(id: $0.id, teams: $0.teams.sorted()) }.sorted { $0.id < $1.id }
    }

    /// Such as "two approvals, from different teams".
    public var words: String { ApprovalWords.text(demand) }

    /// What is still missing once these have approved; nil when nothing is.
    public func missing(after approvals: [ApprovalFact]) -> String? {
        isMet(by: approvals) == true ? nil : ApprovalWords.missing(demand, given: approvals)
    }

    /// Whether these approvals are what is demanded, by the teams that the approvers had when it was.
    ///
    /// - Returns: nil when that can't be told from approvals alone.
    func isMet(by approvals: [ApprovalFact]) -> Bool? {
        let known = Dictionary(approvers.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let counted = approvals.compactMap { fact in
            known[fact.person.id].map { ApprovalFact(person: $0, userVerified: fact.userVerified) }
        }
        return demand.holds(in: [ContextShape.approvalsName: ContextShape.value(counted)])
    }

    public var json: JSONValue { ["demand": demand.json, "approvers": .array(approvers.map(\.json))] }

    public var digest: Digest { Digest(of: json) }

    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        let demand = try Requirement(json: try fields.required("demand"))
        let approvers = try fields.array("approvers").map { try PersonRecord(json: $0) }
        try fields.end()
        self.init(demand, approvers: approvers)
        guard self.json == json else { throw ShapeError(.invalid, at: "", "the requirement is not in canonical form") }
    }
}
