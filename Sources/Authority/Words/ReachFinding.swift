public import Reach
public import StrictJSON

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

    /// So many pairs are told one by one; of more, all must be those that were shown.
    private static let listed = 200

    /// Whether everything gained is among what was shown.
    func isCovered(by shown: JSONValue?) -> Bool {
        if gains.isEmpty || shown?["digest"] == .string(digest.hex) { return true }
        guard let pairs = shown?["pairs"]?.array else { return false }
        let known = Set(pairs.compactMap { $0.array }.map { $0.compactMap(\.string) })
        return gains.allSatisfy { known.contains([$0.who, $0.target]) }
    }

    public var json: JSONValue {
        var json: JSONValue = [
            "count": .integer(Int64(gains.count)), "digest": .string(digest.hex),
            "targets": .array(targets.map(JSONValue.string)),
            "gained": .array(shown.map { [.string($0.who), .string($0.target)] }),
            "paths": .array(paths.map { .array($0.map(JSONValue.string)) }),
        ]
        if gains.count <= Self.listed {
            json.add("pairs", .array(gains.map { [.string($0.who), .string($0.target)] }))
        }
        return json
    }
}
