/// Changes that can only take away: a fact removed, a restriction inserted.
extension ReachGraph {
    /// Takes a change that only takes away. What might have rested on it is taken back, and what still holds is given anew.
    mutating func revoke(_ fact: Fact) {
        let isRestriction = rules.relations[Int(fact.relation)].isRestriction
        guard facts.contains(fact) != isRestriction else { return }
        let ends = [fact.a, fact.b].filter { $0 != .none }
        let before = ends.map { Set(successors($0)) }
        let gone = instances(lookingUp: fact).compactMap { instances.number(Instance.Key(rule: $0.rule.id, binding: $0.binding)) }
        _ = isRestriction ? facts.insert(fact) : facts.remove(fact)
        var doubt = Doubt()
        for (end, old) in zip(ends, before) {
            for lost in old.subtracting(successors(end)).sorted() {
                add(&doubt, end, stillMissing(end, stake(end, masks.mask(lost))))
            }
        }
        for number in gone { drop(number, &doubt) }
        let free = isRestriction ? [] : unheld(since: fact)
        let unheld = free.flatMap { rightsOn[$0] ?? [] }
        for right in unheld {
            for number in (instances.byEach[right] ?? []) + (instances.fromRight[right] ?? []) { drop(number, &doubt) }
        }
        settle(&doubt)
        for right in unheld { retire(right) }
        // What is looked for again when somebody holds it.
        for subject in free { forgetObject(Held(relation: subject.relation, place: subject.place), subject.object) }
    }

    /// What nobody holds any more, now that the fact is gone.
    private func unheld(since fact: Fact) -> [Right.Subject] {
        let flags = usage.flags[Int(fact.relation)]
        guard !usage.isDerived[Int(fact.relation)] else { return [] }
        var subjects: [Right.Subject] = []
        if flags.contains(.held) { subjects.append(Right.Subject(relation: fact.relation, place: 0, object: fact.b)) }
        if flags.contains(.heldSecond) { subjects.append(Right.Subject(relation: fact.relation, place: 1, object: fact.a)) }
        return subjects.filter { !isHeld($0) }
    }

    /// Frees the mark of a right that nobody holds; it is made ready again when somebody does.
    private mutating func retire(_ right: NodeID) {
        masks.clear(right, masks.mask(right))
        masks.freeMark(right)
    }

    private func isHeld(_ subject: Right.Subject) -> Bool {
        if subject.object == .none { return !facts.all(subject.relation).isEmpty }
        return subject.place == 0
            ? !facts.into.nodes(subject.relation, of: subject.object).isEmpty
            : !facts.out.nodes(subject.relation, of: subject.object).isEmpty
    }

    /// The marks that nodes may have lost.
    private struct Doubt {
        /// By node: the first of its words in `words`.
        var places: [NodeID: Int] = [:]
        var words: [UInt64] = []
        var waiting: [NodeID] = []
    }

    /// Those of the marks that a node has, other than its own.
    private func stake(_ node: NodeID, _ bits: [UInt64]) -> [UInt64] {
        var stake = zip(bits, masks.mask(node)).map { $0 & $1 }
        if let mark = masks.mark(of: node) { stake[mark / 64] &= ~(1 << UInt64(mark % 64)) }
        return stake
    }

    /// How many nodes to look at before everything that may be lost is taken back and derived again.
    private static let patience = 4096

    /// The marks of the stake that the node does not get some other way. What it still gets, nobody loses by it.
    private func stillMissing(_ node: NodeID, _ stake: [UInt64]) -> [UInt64] {
        var (missing, seen, waiting): ([UInt64], Set<NodeID>, [NodeID]) = (stake, [node], [node])
        var next = 0
        while next < waiting.count, missing.contains(where: { $0 != 0 }) {
            guard next < Self.patience else { return missing }
            let here = waiting[next]
            next += 1
            if here != node, let mark = masks.mark(of: here) { missing[mark / 64] &= ~(1 << UInt64(mark % 64)) }
            for successor in successors(here) where masks.intersects(successor, missing) && seen.insert(successor).inserted {
                waiting.append(successor)
            }
        }
        return missing
    }

    private mutating func drop(_ number: Int, _ doubt: inout Doubt) {
        guard let instance = instances[number] else { return }
        let given = masks.mask(instance.head)
        let holders = instance.rights.count == 1 ? [instance.rights[0]] : Array(instances.holders[number])
        for holder in holders { add(&doubt, holder, given) }
        instances.remove(number)
    }

    private func add(_ doubt: inout Doubt, _ node: NodeID, _ bits: [UInt64]) {
        let stride = masks.stride
        var own = -1
        if let mark = masks.mark(of: node) { own = mark }
        var place = doubt.places[node] ?? -1
        var isNew = false
        for word in 0..<stride {
            var fresh = bits[word] & masks.words[Int(node) * stride + word]
            if own / 64 == word, own >= 0 { fresh &= ~(1 << UInt64(own % 64)) }
            if place >= 0 { fresh &= ~doubt.words[place + word] }
            guard fresh != 0 else { continue }
            if place < 0 {
                place = doubt.words.count
                doubt.places[node] = place
                doubt.words.append(contentsOf: repeatElement(0, count: stride))
            }
            doubt.words[place + word] |= fresh
            isNew = true
        }
        if isNew { doubt.waiting.append(node) }
    }

    private mutating func settle(_ doubt: inout Doubt) {
        let stride = masks.stride
        var before: [NodeID] = []
        while let node = doubt.waiting.popLast(), !isTooWide(doubt) {
            guard let place = doubt.places[node] else { continue }
            let bits = Array(doubt.words[place..<place + stride])
            before.removeAll(keepingCapacity: true)
            predecessors(node, into: &before)
            for previous in before { add(&doubt, previous, bits) }
            if roles[Int(node)].contains(.givenBySeveral) {
                for number in instances.joinedTo[node] ?? [] {
                    for holder in instances.holders[number] { add(&doubt, holder, bits) }
                }
            }
            loseInstances(node, bits, &doubt)
        }
        guard !isTooWide(doubt) else { return deriveAll() }
        let affected = doubt.places.keys.sorted()
        for node in affected {
            if let place = doubt.places[node] { masks.clear(node, Array(doubt.words[place..<place + stride])) }
        }
        for node in affected {
            for successor in successors(node) { _ = masks.merge(successor, into: node) }
            if instances.hasJoined { fire(node) }
        }
        spread(from: affected)
    }

    /// When much is in doubt, to derive everything anew is quicker than to find out what stands.
    private func isTooWide(_ doubt: Doubt) -> Bool { doubt.places.count > max(1024, names.count / 16) }

    private mutating func deriveAll() {
        masks.clearAll()
        instances.forgetHolders()
        let marked = masks.marked.indices.filter { masks.marked[$0] != .none }
        for mark in marked { masks.set(masks.marked[mark], mark) }
        spread(from: marked.map { masks.marked[$0] })
    }

    /// What a node had by rights that are in doubt now is in doubt too.
    private mutating func loseInstances(_ node: NodeID, _ bits: [UInt64], _ doubt: inout Doubt) {
        guard instances.hasJoined else { return }
        for word in bits.indices where bits[word] != 0 {
            for bit in 0..<64 where bits[word] & (1 << UInt64(bit)) != 0 {
                let right = masks.marked[word * 64 + bit]
                for number in instances.byEach[right] ?? [] where instances.holders[number].contains(node) {
                    instances.removeHolder(node, of: number)
                    if let head = instances[number]?.head { add(&doubt, node, masks.mask(head)) }
                }
            }
        }
    }
}
