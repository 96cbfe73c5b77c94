/// What is needed to take a tried change back.
struct Undo {
    var inserted: [Fact] = []
    var removed: [Fact] = []
    var instances: [Int] = []
    var holders: [(instance: Int, node: NodeID)] = []
    var marks: [NodeID] = []
    var objects: [(held: ReachGraph.Held, node: NodeID)] = []
}

/// Changes that can only add: a fact inserted, a restriction removed.
extension ReachGraph {
    /// Takes a change that only adds, and everything that follows from it.
    mutating func grant(_ fact: Fact) {
        let isRestriction = rules.relations[Int(fact.relation)].isRestriction
        guard isRestriction ? facts.remove(fact) : facts.insert(fact) else { return }
        if isRestriction { undo?.removed.append(fact) } else { undo?.inserted.append(fact) }
        if !isRestriction {
            noteBackward(fact)
            connectEnds(fact)
        }
        for (rule, binding) in instances(lookingUp: fact) { add(rule, binding) }
        guard usage.narrows[Int(fact.relation)] else { return }
        for holder in [fact.a, fact.b] where holder != .none {
            for successor in successors(holder) { connect(holder, successor) }
        }
    }

    /// The edges that a new fact is.
    private mutating func connectEnds(_ fact: Fact) {
        let (relation, flags) = (Int(fact.relation), usage.flags[Int(fact.relation)])
        if flags.contains(.forward) || (flags.contains(.checkedForward) && passes(usage.forward[relation], fact.a)) {
            connect(fact.a, fact.b)
        }
        if flags.contains(.backward) || (flags.contains(.checkedBackward) && passes(usage.backward[relation], fact.b)) {
            connect(fact.b, fact.a)
        }
        if flags.contains(.held) { hold(fact.relation, 0, fact.b, by: fact.a) }
        if flags.contains(.heldSecond) { hold(fact.relation, 1, fact.a, by: fact.b) }
    }

    private mutating func hold(_ relation: RelationID, _ place: Int, _ object: NodeID, by holder: NodeID) {
        for right in rightsOn[Right.Subject(relation: relation, place: place, object: object)] ?? []
        where counts(holder, for: right) {
            connect(holder, right)
        }
        if noteObject(relation, place, object) { ground(relation, place: place, object: object) }
    }

    mutating func connect(_ from: NodeID, _ to: NodeID) {
        if masks.merge(to, into: from) { spread(from: [from]) }
    }

    /// Passes marks on to everybody who gets them by way of these nodes.
    mutating func spread(from start: [NodeID]) {
        var (waiting, before): ([NodeID], [NodeID]) = (start, [])
        while let node = waiting.popLast() {
            // What that adds goes with the rest.
            if instances.hasJoined { fire(node) }
            before.removeAll(keepingCapacity: true)
            predecessors(node, into: &before)
            for previous in before where masks.merge(node, into: previous) { waiting.append(previous) }
            guard roles[Int(node)].contains(.givenBySeveral) else { continue }
            for number in instances.joinedTo[node] ?? [] {
                for holder in instances.holders[number] where effort.allows(1) && masks.merge(node, into: holder) {
                    waiting.append(holder)
                }
            }
        }
    }

    /// Gives a node what the rights it has together give.
    mutating func fire(_ node: NodeID) {
        var isStable = false
        while !isStable {
            isStable = true
            for word in 0..<masks.stride {
                var bits = masks.joining(node, word: word)
                while bits != 0 {
                    for join in instances.joins[word * 64 + bits.trailingZeroBitCount]
                    where effort.allows(1) && hasAll(join, node) && takeHead(join.number, node) {
                        isStable = false
                    }
                    bits &= bits - 1
                }
            }
        }
    }

    @inline(__always) private func hasAll(_ join: Instances.Join, _ node: NodeID) -> Bool {
        for mark in join.marks where !masks.has(node, mark) { return false }
        return true
    }

    private mutating func takeHead(_ number: Int, _ node: NodeID) -> Bool {
        if instances.addHolder(node, of: number) { undo?.holders.append((number, node)) }
        return instances[number].map { masks.merge($0.head, into: node) } ?? false
    }

    /// Makes a node a holder of all that an instance asks for.
    mutating func give(_ number: Int, to node: NodeID) {
        if takeHead(number, node) { spread(from: [node]) }
    }
}
