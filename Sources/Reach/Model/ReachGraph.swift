/// Who can come to control what: a graph of facts, and the least model of the rules over it.
///
/// For each node it keeps which protected targets can be taken from there, through every change. A value: copies are
/// independent. Not for two threads at once.
public struct ReachGraph: Sendable {
    public let rules: RuleSet
    let usage: Usage
    private(set) var names: [String] = []
    private var numbers: [ExactName: NodeID] = [:]
    /// What the rule files state: no step takes it away.
    private(set) var stated: Set<Fact> = []
    var facts: FactStore
    var masks = Masks()
    /// The marks that are protected targets; the others are rights that are asked for together.
    private(set) var protectedMarks: [Int] = []

    /// What each node is besides a name, so that most are passed over without a look into the tables.
    private(set) var roles: [Roles] = []

    // Rights as nodes.
    private(set) var rights: [NodeID: Right] = [:]
    private var rightNodes: [Right: NodeID] = [:]
    private(set) var rightsOn: [Right.Subject: [NodeID]] = [:]
    /// What stands as the object of a held relation somewhere.
    private(set) var objects: [Held: Set<NodeID>] = [:]

    // Instances of rules that are not direct.
    var instances = Instances()
    /// While a change is only tried: what takes it back.
    var undo: Undo?
    /// How much work the call under way has been.
    var effort = Effort()

    struct Roles: OptionSet {
        let rawValue: UInt8

        static let right = Roles(rawValue: 1)
        /// Some instance gives it: one that asks for one right, or for several.
        static let givenByOne = Roles(rawValue: 2)
        static let givenBySeveral = Roles(rawValue: 4)
        /// Some fact that it stands first in leads to it from the other end.
        static let ledBackward = Roles(rawValue: 8)
    }

    struct Held: Hashable {
        let relation: RelationID
        let place: Int
    }

    /// A graph without facts yet.
    private init(bare rules: RuleSet) {
        self.rules = rules
        usage = Usage(rules)
        facts = FactStore(isListed: usage.isListed)
        for rule in rules.rules {
            for case .node(let name) in rule.constants { _ = intern(name) }
        }
        stated = Set(rules.facts.compactMap { try? fact($0) })
    }

    /// A graph of what the rule files state.
    public init(rules: RuleSet) {
        self.init(bare: rules)
        pack(stated.sorted())
    }

    /// Builds a graph whole. Nodes that a fact names and `nodes` does not are nodes too.
    ///
    /// - Throws: ``GraphProblem`` for a fact of no declared relation or with the wrong number of places, and when the rules
    ///   fit the facts in too many ways.
    public init(rules: RuleSet, nodes: [String], facts: [NamedFact], protected: [String]) throws(GraphProblem) {
        self.init(bare: rules)
        for node in nodes { _ = intern(node) }
        var all = stated.sorted()
        all.reserveCapacity(all.count + facts.count)
        for fact in facts { all.append(try self.fact(fact)) }
        pack(all)
        protect(protected)
        try requireWhole()
    }

    /// Builds a graph from numbers: a node's is its place in `nodes`, a relation's its place in `relations`. For graphs of
    /// hundreds of thousands of facts.
    ///
    /// - Throws: ``GraphProblem`` as the other initialiser does, and for a node's number that is none.
    public init(
        rules: RuleSet, nodes: [String], relations: [String], edges: [(UInt32, UInt16, UInt32)], protected: [String]
    ) throws(GraphProblem) {
        self.init(bare: rules)
        var known: [RelationID] = []
        for name in relations { known.append(try relation(of: NamedFact(name, "", ""))) }
        let first = names.count
        names.reserveCapacity(first + nodes.count)
        let ids = nodes.map { intern($0) }
        guard Set(ids).count == ids.count else { throw GraphProblem(.duplicateNode, "two nodes have one name") }
        var all = stated.sorted()
        all.reserveCapacity(all.count + edges.count)
        for (source, relation, target) in edges {
            guard Int(source) < ids.count, Int(target) < ids.count, Int(relation) < known.count else {
                throw GraphProblem(.dangling, "an edge goes to no node: \(source) \(relation) \(target)")
            }
            all.append(Fact(relation: known[Int(relation)], a: ids[Int(source)], b: ids[Int(target)]))
        }
        pack(all)
        protect(protected)
        try requireWhole()
    }

    /// Takes all facts at once, into a graph that has none yet, and derives what follows.
    private mutating func pack(_ all: [Fact]) {
        facts.pack(all, nodes: names.count)
        effort.most = max(effort.most, Effort.ofFact * all.count)
        // Room to grow: to move the tables in the middle of a change would be what takes longest.
        names.reserveCapacity(names.count * 5 / 4 + 1024)
        roles.reserveCapacity(names.capacity)
        masks.reserve(names.capacity)
        for fact in all { noteObjects(fact) }
        for rule in rules.rules where !rule.isDirect { for binding in bindings(rule) { add(rule, binding) } }
    }

    // MARK: Nodes and facts by name

    public var nodeCount: Int { names.count - rights.count }
    public var factCount: Int { facts.count }
    /// The bytes of the packed facts and the masks: what grows with the graph, without the names.
    public var packedBytes: Int { facts.packedBytes + masks.words.count * 8 }

    func name(_ node: NodeID) -> String { names[Int(node)] }
    func isRight(_ node: NodeID) -> Bool { roles[Int(node)].contains(.right) }

    mutating func addRole(_ role: Roles, _ node: NodeID) { roles[Int(node)].insert(role) }
    func number(_ name: String) -> NodeID? { numbers[ExactName(name)] }
    public func contains(node name: String) -> Bool { number(name) != nil }

    /// The node of that name, made when there is none.
    mutating func intern(_ name: String) -> NodeID {
        if let number = number(name) { return number }
        let number = newNode(name)
        numbers[ExactName(name)] = number
        return number
    }

    private mutating func newNode(_ name: String) -> NodeID {
        names.append(name)
        roles.append([])
        masks.resize(names.count)
        return NodeID(names.count - 1)
    }

    /// The relation of a fact.
    func relation(of fact: NamedFact) throws(GraphProblem) -> RelationID {
        guard let number = rules.number(fact.relation) else {
            throw GraphProblem(.unknownRelation, "no rule file declares the relation `\(fact.relation)`")
        }
        guard rules.relations[Int(number)].words.count == (fact.object == nil ? 1 : 2) else {
            throw GraphProblem(
                .arity, "`\(fact.relation)` has \(rules.relations[Int(number)].words.count) place(s), not as many as were given")
        }
        return number
    }

    mutating func fact(_ fact: NamedFact) throws(GraphProblem) -> Fact {
        let relation = try relation(of: fact)
        return Fact(relation: relation, a: intern(fact.subject), b: fact.object.map { intern($0) } ?? .none)
    }

    func named(_ fact: Fact) -> NamedFact {
        NamedFact(rules.relations[Int(fact.relation)].name, name(fact.a), fact.b == .none ? nil : name(fact.b))
    }

    public func contains(_ fact: NamedFact) -> Bool {
        guard let relation = try? relation(of: fact), let a = number(fact.subject) else { return false }
        guard let object = fact.object else { return facts.contains(Fact(relation: relation, a: a, b: .none)) }
        return number(object).map { facts.contains(Fact(relation: relation, a: a, b: $0)) } ?? false
    }

    // MARK: Protected targets

    /// The names of the protected targets, sorted.
    public var protected: [String] { protectedMarks.map { name(masks.marked[$0]) }.sorted(by: ExactName.areInOrder) }

    /// Protects these too.
    public mutating func protect(_ targets: [String]) {
        var fresh: [NodeID] = []
        for target in targets {
            let node = intern(target)
            let mark = masks.addMark(node)
            guard !protectedMarks.contains(mark) else { continue }
            protectedMarks.append(mark)
            guard !masks.has(node, mark) else { continue }
            masks.set(node, mark)
            fresh.append(node)
        }
        spread(from: fresh)
    }

    // MARK: Rights

    mutating func right(_ right: Right) -> NodeID {
        if let node = rightNodes[right] { return node }
        let node = newNode("")
        rights[node] = right
        addRole(.right, node)
        rightNodes[right] = node
        rightsOn[right.subject, default: []].append(node)
        return node
    }

    /// Forgets the nodes that a tried change made: they are the last ones.
    mutating func forgetNodes(from first: Int) {
        guard names.count > first else { return }
        for node in (first..<names.count).map(NodeID.init) {
            if let right = rights.removeValue(forKey: node) {
                rightNodes[right] = nil
                rightsOn[right.subject]?.removeAll { $0 == node }
                if rightsOn[right.subject]?.isEmpty == true { rightsOn[right.subject] = nil }
            } else {
                numbers[ExactName(name(node))] = nil
            }
        }
        names.removeLast(names.count - first)
        roles.removeLast(roles.count - first)
        masks.truncate(first)
    }

    /// Notes that something holds a relation on the object.
    ///
    /// - Returns: whether that is new.
    mutating func noteObject(_ relation: RelationID, _ place: Int, _ object: NodeID) -> Bool {
        let held = Held(relation: relation, place: place)
        guard objects[held, default: []].insert(object).inserted else { return false }
        undo?.objects.append((held, object))
        return true
    }

    /// Forgets what a tried change noted.
    mutating func forgetObject(_ held: Held, _ object: NodeID) { objects[held]?.remove(object) }

    mutating func noteBackward(_ fact: Fact) {
        if !usage.flags[Int(fact.relation)].isDisjoint(with: [.backward, .checkedBackward]) { addRole(.ledBackward, fact.a) }
    }

    private mutating func noteObjects(_ fact: Fact) {
        noteBackward(fact)
        let flags = usage.flags[Int(fact.relation)]
        if flags.contains(.held) { _ = noteObject(fact.relation, 0, fact.b) }
        if flags.contains(.heldSecond) { _ = noteObject(fact.relation, 1, fact.a) }
    }
}

extension Rule {
    /// The terms of all its conditions and its head.
    var constants: [RuleTerm] {
        holdings.compactMap(\.object) + narrowings.compactMap(\.other) + lookups.flatMap(\.terms) + [object].compactMap { $0 }
    }
}
