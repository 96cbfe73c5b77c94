public import Reach
import StrictJSON

/// What a change would newly make possible: part of its assessment. The pairs are for the decision, the paths for people.
public struct ReachFinding: Sendable {
    /// Every new pair of somebody and a protected target, sorted, by node id.
    public let gains: [Gain]
    /// The protected targets newly reached, as policies name them: `corp/group/domain-admins`. Sorted.
    public let targets: [String]
    /// The first pairs, for people.
    public let shown: [(who: String, target: String)]
    /// Why, for people: each a list of sentences.
    public let paths: [[String]]

    public static let none = ReachFinding(gains: [], targets: [], shown: [], paths: [])

    public init(gains: [Gain], targets: [String], shown: [(who: String, target: String)], paths: [[String]]) {
        self.gains = gains
        self.targets = targets
        self.shown = shown
        self.paths = paths
    }

    /// The digest of the pairs: what a decision is bound to.
    public var digest: Digest { Digest(of: .array(gains.map { [.string($0.who), .string($0.target)] })) }
}
