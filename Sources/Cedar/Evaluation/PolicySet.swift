/// Policies that are decided over together.
public struct PolicySet: Sendable {
    public struct DuplicateID: Error, Equatable, Sendable {
        public let id: String
    }

    public let policies: [Policy]

    /// - Throws: ``DuplicateID`` when two policies have one id.
    public init(_ policies: [Policy]) throws(DuplicateID) {
        var seen: Set<String> = []
        for policy in policies where !seen.insert(policy.id).inserted { throw DuplicateID(id: policy.id) }
        self.policies = policies
    }

    /// Reads a text of any number of policies; they get the ids `policy0`, `policy1`, … in order.
    ///
    /// - Throws: ``SyntaxError`` with the place of the first thing wrong.
    public static func parse(_ text: String) throws(SyntaxError) -> [Policy] { try Parser.policies(text) }
}

extension Policy {
    /// The same policy under another id.
    public func renamed(_ id: String) -> Policy {
        Policy(
            id: id, effect: effect, annotations: annotations, source: source, position: position, names: names,
            principal: principal, action: action, resource: resource, conditions: conditions)
    }
}
