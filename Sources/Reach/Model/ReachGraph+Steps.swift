/// A new pair: somebody who could not take a protected target and can now.
public struct Gain: Hashable, Sendable, Comparable {
    public let who: String
    public let target: String

    public init(who: String, target: String) {
        self.who = who
        self.target = target
    }

    private var key: (ExactName, ExactName) { (ExactName(who), ExactName(target)) }

    public static func == (a: Gain, b: Gain) -> Bool { a.key == b.key }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactName(who))
        hasher.combine(ExactName(target))
    }

    public static func < (a: Gain, b: Gain) -> Bool { a.key < b.key }
}

/// What a step newly makes possible.
public struct Gains: Hashable, Sendable {
    /// Every new pair, sorted.
    public let pairs: [Gain]
    /// Why, for the first pairs of each target.
    public let proofs: [Proof]

    public static let none = Gains(pairs: [], proofs: [])

    public init(pairs: [Gain], proofs: [Proof]) {
        self.pairs = pairs
        self.proofs = proofs
    }

    public var isEmpty: Bool { pairs.isEmpty }
}

extension ReachGraph {
    /// Takes a step: what it removes is gone, and what it adds is there.
    ///
    /// - Throws: ``GraphProblem`` for a fact that can't be one; the graph is then as it was. When the rules fit the facts in
    ///   too many ways, too: the graph then answers nothing any more.
    public mutating func apply(_ step: Step) throws(GraphProblem) {
        try requireWhole()
        let (adds, removes) = try numbered(step)
        for fact in removes { rules.relations[Int(fact.relation)].isRestriction ? grant(fact) : revoke(fact) }
        for fact in adds { rules.relations[Int(fact.relation)].isRestriction ? revoke(fact) : grant(fact) }
        try requireWhole()
    }

    /// Whether everything that follows was followed; a graph that is not whole answers nothing.
    public var isWhole: Bool { !effort.isOver }

    /// Refuses when not everything that follows was followed.
    mutating func requireWhole() throws(GraphProblem) {
        guard !effort.isOver else {
            throw GraphProblem(.limit, "the rules fit these facts in too many ways: ask for less that is tied to nothing else")
        }
        effort.startAgain()
    }

    private mutating func numbered(_ step: Step) throws(GraphProblem) -> (adds: [Fact], removes: [Fact]) {
        for fact in step.adds + step.removes { _ = try relation(of: fact) }
        var (adds, removes): ([Fact], [Fact]) = ([], [])
        for fact in step.adds { adds.append(try self.fact(fact)) }
        for fact in step.removes { removes.append(try self.fact(fact)) }
        return (adds, removes.filter { !stated.contains($0) })
    }

    /// Who would newly reach what, were this step taken. The graph stays as it is.
    ///
    /// What the step takes away does not count, so that the answer holds whether or not it comes about: facts it adds and
    /// restrictions it removes are what gives.
    ///
    /// - Parameter proofs: how many pairs of each target to prove.
    public mutating func gains(of step: Step, proofs: Int = 3) throws(GraphProblem) -> Gains {
        try requireWhole()
        let before = names.count
        defer { forgetNodes(from: before) }
        let (adds, removes) = try numbered(step)
        let given = adds.filter { !rules.relations[Int($0.relation)].isRestriction && !facts.contains($0) }
        let lifted = removes.filter { rules.relations[Int($0.relation)].isRestriction && facts.contains($0) }
        // Facts that pass on no mark change none, one after the other.
        if lifted.isEmpty, given.allSatisfy({ usage.isPlain($0.relation) && !passesMarks($0) }) { return .none }
        undo = Undo()
        masks.beginRecording()
        for fact in lifted + given { grant(fact) }
        let pairs = newPairs()
        let proven = proofs == 0 ? [] : selected(pairs, given + lifted, proofs).compactMap { proof(from: $0.who, to: $0.target) }
        takeBack()
        // What was tried is gone again, and with it what was too much.
        defer { effort.startAgain() }
        try requireWhole()
        return Gains(pairs: pairs, proofs: proven)
    }

    /// Whether a fact of a plain relation would give its holder a mark it does not have: one test of two masks.
    func passesMarks(_ fact: Fact) -> Bool {
        let (relation, flags) = (Int(fact.relation), usage.flags[Int(fact.relation)])
        if flags.contains(.forward) || (flags.contains(.checkedForward) && passes(usage.forward[relation], fact.a)),
            masks.adds(fact.b, to: fact.a)
        {
            return true
        }
        return (flags.contains(.backward) || (flags.contains(.checkedBackward) && passes(usage.backward[relation], fact.b)))
            && masks.adds(fact.a, to: fact.b)
    }

    /// The two ends of an edge that might be added: what the constant-time test asks about.
    public struct EdgeTest: Sendable {
        let holder: NodeID
        let target: NodeID
    }

    /// Nil when there is no such node.
    public func test(holder: String, target: String) -> EdgeTest? {
        guard let holder = number(holder), let target = number(target) else { return nil }
        return EdgeTest(holder: holder, target: target)
    }

    /// Whether an edge by which the holder controls the target would gain anything: one comparison of two masks.
    @inline(__always) public func gains(by test: EdgeTest) -> Bool { masks.adds(test.target, to: test.holder) }

    private func newPairs() -> [Gain] {
        var pairs: [Gain] = []
        for (node, old) in masks.recorded where !isRight(node) {
            for mark in protectedMarks where masks.has(node, mark) && masks.marked[mark] != node {
                guard old[mark / 64] & (1 << UInt64(mark % 64)) == 0 else { continue }
                pairs.append(Gain(who: name(node), target: name(masks.marked[mark])))
            }
        }
        return pairs.sorted()
    }

    /// The pairs to prove: for each target first those that the step is about.
    private func selected(_ pairs: [Gain], _ facts: [Fact], _ count: Int) -> [Gain] {
        let named = Set(facts.flatMap { [$0.a, $0.b] }.filter { $0 != .none }.map { ExactName(name($0)) })
        var (taken, chosen): ([ExactName: Int], [Gain]) = ([:], [])
        for pair in pairs.filter({ named.contains(ExactName($0.who)) }) + pairs.filter({ !named.contains(ExactName($0.who)) }) {
            guard taken[ExactName(pair.target), default: 0] < count else { continue }
            taken[ExactName(pair.target), default: 0] += 1
            chosen.append(pair)
        }
        return chosen.sorted()
    }

    private mutating func takeBack() {
        guard let undo else { return }
        for (instance, node) in undo.holders { instances.removeHolder(node, of: instance) }
        for number in undo.instances.reversed() { instances.remove(number) }
        for (held, object) in undo.objects { forgetObject(held, object) }
        for fact in undo.inserted { _ = facts.remove(fact) }
        for fact in undo.removed { _ = facts.insert(fact) }
        masks.rewind()
        for right in undo.marks { masks.freeMark(right) }
        self.undo = nil
    }

    /// Whether somebody can take a target.
    public func reaches(_ who: String, _ target: String) -> Bool {
        guard let node = number(who), let end = number(target), let mark = masks.mark(of: end) else { return false }
        return masks.has(node, mark)
    }

    /// The protected targets that somebody is, or can take, sorted.
    public func targets(of who: String) -> [String] {
        guard let node = number(who) else { return [] }
        return protectedMarks.filter { masks.has(node, $0) }.map { name(masks.marked[$0]) }.sorted(by: ExactName.areInOrder)
    }

    /// Who can take a protected target, sorted; the target itself is not among them.
    public func takers(of target: String) -> [String] {
        guard let end = number(target), let mark = masks.mark(of: end) else { return [] }
        return names.indices.map(NodeID.init).filter { $0 != end && !isRight($0) && masks.has($0, mark) }.map(name).sorted(
            by: ExactName.areInOrder)
    }
}
