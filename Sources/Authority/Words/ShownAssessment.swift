import Reach
public import StrictJSON

/// An assessment as approvers are shown it and sign over it.
public struct ShownAssessment: Sendable {
    public let labels: [String]
    public let classes: [OperationClass]
    public let reversibility: Reversibility
    public let reach: ShownReach

    init(_ assessment: Assessment) {
        (labels, classes) = (assessment.labels, assessment.classes)
        (reversibility, reach) = (assessment.reversibility, ShownReach(assessment.reach))
    }

    public var digest: Digest { Digest(of: json) }

    /// Whether an approval of this covers the other: that one weighs no more in anything, and nothing is gained by it that is not
    /// shown here.
    public func covers(_ other: Assessment) -> Bool {
        other.reversibility <= reversibility && Set(labels).isSuperset(of: other.labels)
            && Set(classes).isSuperset(of: other.classes) && reach.covers(other.reach)
    }

    public var json: JSONValue {
        [
            "labels": .array(labels.map(JSONValue.string)), "classes": .array(classes.map { .string($0.rawValue) }),
            "reversibility": .string(reversibility.rawValue), "reach": reach.json,
        ]
    }

    /// - Throws: ``ShapeError``, also when it is not in the form whose digest is signed.
    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        labels = try fields.strings("labels")
        var classes: [OperationClass] = []
        for name in try fields.strings("classes") {
            guard let known = OperationClass(rawValue: name) else { throw ShapeError(.invalid, at: "/classes", "not a class") }
            classes.append(known)
        }
        self.classes = classes
        guard let reversibility = Reversibility(rawValue: try fields.string("reversibility")) else {
            throw ShapeError(.invalid, at: "/reversibility", "not a reversibility")
        }
        self.reversibility = reversibility
        reach = try ShownReach(json: try fields.required("reach"))
        try fields.end()
        guard self.json == json else { throw ShapeError(.invalid, at: "", "the assessment is not in canonical form") }
    }
}

/// What a change would newly make possible, as people are shown it and as it is stored: all of it by its digest, the first of it
/// one by one.
public struct ShownReach: Sendable {
    /// Somebody, and a protected target that they could take.
    public struct Pair: Hashable, Sendable {
        public let who: String
        public let target: String
    }

    /// How many pairs are gained.
    public let count: Int64
    /// Of ``ReachFinding/gains``.
    public let digest: Digest
    /// The protected targets newly reached, by title; sorted.
    public let targets: [String]
    /// The first pairs by title, each with the sentences that say why.
    public let gained: [(pair: Pair, path: [String])]
    /// Every pair by node id; nil of too many.
    public let pairs: [Pair]?

    /// Of more pairs than these nobody can tell which are new: all must be those that were shown.
    private static let listed = 10_000

    public init(_ finding: ReachFinding) {
        count = Int64(finding.gains.count)
        digest = finding.digest
        targets = finding.targets
        gained = zip(finding.shown, finding.paths).map { (Pair(who: $0.who, target: $0.target), $1) }
        pairs = finding.gains.count > Self.listed ? nil : finding.gains.map { Pair(who: $0.who, target: $0.target) }
    }

    /// Whether everything gained is among what is shown here.
    func covers(_ finding: ReachFinding) -> Bool {
        if finding.gains.isEmpty || digest == finding.digest { return true }
        guard let pairs else { return false }
        return Set(pairs).isSuperset(of: finding.gains.map { Pair(who: $0.who, target: $0.target) })
    }

    public var json: JSONValue {
        var json: JSONValue = [
            "count": .integer(count), "digest": .string(digest.hex), "targets": .array(targets.map(JSONValue.string)),
            "gained": .array(gained.map(\.pair.json)), "paths": .array(gained.map { .array($0.path.map(JSONValue.string)) }),
        ]
        json.add("pairs", pairs.map { .array($0.map(\.json)) })
        return json
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json, at: "/reach")
        count = try fields.integer("count")
        digest = try fields.digest("digest")
        targets = try fields.strings("targets")
        var gained: [(pair: Pair, path: [String])] = []
        let (shown, paths) = (try fields.array("gained"), try fields.array("paths"))
        guard shown.count == paths.count else { throw ShapeError(.invalid, at: "/reach/paths", "each pair has its path") }
        for (pair, path) in zip(shown, paths) {
            gained.append((try Pair(json: pair), (path.array ?? []).compactMap(\.string)))
        }
        self.gained = gained
        var pairs: [Pair]?
        if let listed = fields.optional("pairs") {
            pairs = []
            for pair in listed.array ?? [] { pairs?.append(try Pair(json: pair)) }
        }
        self.pairs = pairs
        try fields.end()
        guard self.json == json else { throw ShapeError(.invalid, at: "/reach", "not in canonical form") }
    }
}

extension ShownReach.Pair {
    fileprivate var json: JSONValue { [.string(who), .string(target)] }

    fileprivate init(json: JSONValue) throws(ShapeError) {
        guard let names = json.array?.compactMap(\.string), names.count == 2 else {
            throw ShapeError(.invalid, at: "/reach", "somebody and a target belong here")
        }
        (who, target) = (names[0], names[1])
    }
}
