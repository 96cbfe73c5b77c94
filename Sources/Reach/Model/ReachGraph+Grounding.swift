/// Fills in rules from the facts.
extension ReachGraph {
    /// All ways to fill in a rule that agree with what is given already.
    ///
    /// - Parameter given: a node for each variable, or none where it is open.
    mutating func bindings(_ rule: Rule, given: [NodeID]? = nil) -> [[NodeID]] {
        var found: [[NodeID]] = []
        var binding = given ?? Array(repeating: .none, count: rule.variables)
        search(rule, rule.lookups.filter { !$0.isNegated }, &binding, &found)
        return found
    }

    /// What a term stands for; none while its variable is open.
    func resolve(_ term: RuleTerm, _ binding: [NodeID]) -> NodeID {
        switch term {
        case .variable(let variable): binding[variable]
        case .node(let name): number(name) ?? .none
        }
    }

    private mutating func search(_ rule: Rule, _ open: [Lookup], _ binding: inout [NodeID], _ found: inout [[NodeID]]) {
        guard let index = open.firstIndex(where: { $0.terms.contains { resolve($0, binding) != .none } }) ?? open.indices.first
        else { return searchHoldings(rule, 0, &binding, &found) }
        let lookup = open[index]
        var rest = open
        rest.remove(at: index)
        for fact in matches(lookup, binding) where effort.allows(1) {
            var next = binding
            if unify(lookup.terms, fact, &next) { search(rule, rest, &next, &found) }
        }
    }

    private func matches(_ lookup: Lookup, _ binding: [NodeID]) -> [Fact] {
        let values = lookup.terms.map { resolve($0, binding) }
        guard values.count == 2 else {
            guard values[0] != .none else { return facts.all(lookup.relation) }
            return facts.contains(lookup.relation, values[0]) ? [Fact(relation: lookup.relation, a: values[0], b: .none)] : []
        }
        if values[0] != .none {
            return facts.out.nodes(lookup.relation, of: values[0]).map { Fact(relation: lookup.relation, a: values[0], b: $0) }
        }
        if values[1] != .none {
            return facts.into.nodes(lookup.relation, of: values[1]).map { Fact(relation: lookup.relation, a: $0, b: values[1]) }
        }
        return facts.all(lookup.relation)
    }

    /// Makes the terms equal to the fact's nodes, if that can be.
    func unify(_ terms: [RuleTerm], _ fact: Fact, _ binding: inout [NodeID]) -> Bool {
        for (term, node) in zip(terms, [fact.a, fact.b]) {
            let value = resolve(term, binding)
            if value == .none, case .variable(let variable) = term {
                binding[variable] = node
            } else if value != node {
                return false
            }
        }
        return true
    }

    /// The objects of the holdings: they must be held by somebody, somewhere.
    private mutating func searchHoldings(_ rule: Rule, _ index: Int, _ binding: inout [NodeID], _ found: inout [[NodeID]]) {
        guard index < rule.holdings.count else {
            if isUnrestricted(rule, binding) { found.append(binding) }
            return
        }
        let holding = rule.holdings[index]
        let held = objects[Held(relation: holding.relation, place: holding.place)] ?? []
        let object = holding.object.map { resolve($0, binding) } ?? .none
        if object == .none, case .variable(let variable)? = holding.object {
            for object in held.sorted() where effort.allows(1) {
                var next = binding
                next[variable] = object
                searchHoldings(rule, index + 1, &next, &found)
            }
        } else if held.contains(object) {
            searchHoldings(rule, index + 1, &binding, &found)
        }
    }

    private func isUnrestricted(_ rule: Rule, _ binding: [NodeID]) -> Bool {
        rule.lookups.allSatisfy { lookup in
            guard lookup.isNegated else { return true }
            let nodes = lookup.terms.map { resolve($0, binding) }
            return !facts.contains(Fact(relation: lookup.relation, a: nodes[0], b: nodes.count > 1 ? nodes[1] : .none))
        }
    }

    // MARK: Instances

    /// The instances that look this fact up, or its absence, as things stand now.
    mutating func instances(lookingUp fact: Fact) -> [(rule: Rule, binding: [NodeID])] {
        var found: [(rule: Rule, binding: [NodeID])] = []
        for use in usage.lookups[Int(fact.relation)] {
            let rule = rules.rules[use.rule]
            var binding = [NodeID](repeating: .none, count: rule.variables)
            guard unify(rule.lookups[use.index].terms, fact, &binding) else { continue }
            found += bindings(rule, given: binding).map { (rule, $0) }
        }
        return found
    }

    /// Keeps an instance of a rule, and follows what it gives.
    mutating func add(_ rule: Rule, _ binding: [NodeID]) {
        let key = Instance.Key(rule: rule.id, binding: binding)
        guard instances.number(key) == nil, effort.allows(Effort.ofInstance) else { return }
        let object = rule.object.map { resolve($0, binding) } ?? .none
        let head = rule.gives.map { right(Right(relation: $0, place: 0, object: object, checks: [])) } ?? object
        var needed: [NodeID] = []
        for holding in rule.holdings {
            let node = right(
                Right(
                    relation: holding.relation, place: holding.place,
                    object: holding.object.map { resolve($0, binding) } ?? .none,
                    checks: holding.isDerived ? [] : rule.narrowings.map { check($0, binding) }))
            if !needed.contains(node) { needed.append(node) }
        }
        guard let number = instances.insert(Instance(key: key, rights: needed, head: head)) else { return }
        undo?.instances.append(number)
        addRole(needed.count == 1 ? .givenByOne : .givenBySeveral, head)
        if needed.count == 1 { connect(needed[0], head) } else { join(number, needed) }
        guard let gives = rule.gives, noteObject(gives, 0, object) else { return }
        ground(gives, place: 0, object: object)
    }

    private func check(_ narrowing: Narrowing, _ binding: [NodeID]) -> Right.Check {
        Right.Check(
            relation: narrowing.relation, place: narrowing.place, other: narrowing.other.map { resolve($0, binding) } ?? .none,
            isNegated: narrowing.isNegated)
    }

    /// Fills in the rules that ask for a right on an object that nobody had before.
    mutating func ground(_ relation: RelationID, place: Int, object: NodeID) {
        for use in (place == 0 ? usage.held : usage.heldSecond)[Int(relation)] {
            let rule = rules.rules[use.rule]
            var binding = [NodeID](repeating: .none, count: rule.variables)
            if let term = rule.holdings[use.index].object {
                guard unify([term], Fact(relation: relation, a: object, b: .none), &binding) else { continue }
            }
            for binding in bindings(rule, given: binding) { add(rule, binding) }
        }
    }

    /// Marks the rights, so that masks tell who has them all.
    private mutating func join(_ number: Int, _ rights: [NodeID]) {
        var (marks, fresh): ([Int], [NodeID]) = ([], [])
        for right in rights {
            if masks.mark(of: right) == nil {
                guard effort.allows(masks.costOfMark) else { return }
                undo?.marks.append(right)
            }
            let mark = masks.addMark(right)
            marks.append(mark)
            guard !masks.has(right, mark) else { continue }
            masks.set(right, mark)
            fresh.append(right)
        }
        masks.markJoin(marks[0])
        instances.setMarks(marks, of: number)
        // Whoever gets a mark that is fresh is looked at on the way; whoever had them all before is not.
        guard fresh.isEmpty else { return spread(from: fresh) }
        for holder in upstream(of: rights[0]) where marks.allSatisfy({ masks.has(holder, $0) }) { give(number, to: holder) }
    }

    /// Everybody who has a marked right.
    private func upstream(of right: NodeID) -> [NodeID] {
        guard let mark = masks.mark(of: right) else { return [] }
        var (found, seen, next): ([NodeID], Set<NodeID>, Int) = ([right], [right], 0)
        var before: [NodeID] = []
        while next < found.count {
            let node = found[next]
            next += 1
            before.removeAll(keepingCapacity: true)
            predecessors(node, into: &before)
            for number in instances.joinedTo[node] ?? [] { before += instances.holders[number] }
            for previous in before where masks.has(previous, mark) && seen.insert(previous).inserted { found.append(previous) }
        }
        return found
    }
}
