/// The edges of control, read off the facts: whoever controls the first end comes to control the other.
extension ReachGraph {
    /// Where one gets from a node in one step; instances that ask for several rights are not among them.
    func successors(_ node: NodeID) -> [NodeID] {
        var found: [NodeID] = []
        if isRight(node) {
            for number in instances.fromRight[node] ?? [] { if let head = instances[number]?.head { found.append(head) } }
            return found
        }
        facts.out.forEach(of: node) { link in
            let flags = usage.flags[Int(link.relation)]
            if flags.contains(.forward) || (flags.contains(.checkedForward) && passes(usage.forward[Int(link.relation)], node)) {
                found.append(link.node)
            }
            if flags.contains(.held) {
                addRights(on: Right.Subject(relation: link.relation, place: 0, object: link.node), node, &found)
            }
        }
        facts.into.forEach(of: node) { link in
            let flags = usage.flags[Int(link.relation)]
            if flags.contains(.backward) || (flags.contains(.checkedBackward) && passes(usage.backward[Int(link.relation)], node))
            {
                found.append(link.node)
            }
            if flags.contains(.heldSecond) {
                addRights(on: Right.Subject(relation: link.relation, place: 1, object: link.node), node, &found)
            }
        }
        for relation in usage.heldAlone where facts.contains(relation, node) {
            addRights(on: Right.Subject(relation: relation, place: 0, object: .none), node, &found)
        }
        return found
    }

    private func addRights(on subject: Right.Subject, _ holder: NodeID, _ found: inout [NodeID]) {
        for right in rightsOn[subject] ?? [] where counts(holder, for: right) { found.append(right) }
    }

    /// From where one gets to a node in one step.
    func predecessors(_ node: NodeID, into found: inout [NodeID]) {
        if isRight(node), let right = rights[node] { holders(of: right, node, &found) }
        facts.into.forEach(of: node) { link in
            let flags = usage.flags[Int(link.relation)]
            if flags.contains(.forward)
                || (flags.contains(.checkedForward) && passes(usage.forward[Int(link.relation)], link.node))
            {
                found.append(link.node)
            }
        }
        if roles[Int(node)].contains(.ledBackward) {
            facts.out.forEach(of: node) { link in
                let flags = usage.flags[Int(link.relation)]
                if flags.contains(.backward)
                    || (flags.contains(.checkedBackward) && passes(usage.backward[Int(link.relation)], link.node))
                {
                    found.append(link.node)
                }
            }
        }
        guard roles[Int(node)].contains(.givenByOne) else { return }
        for number in instances.singleTo[node] ?? [] { if let right = instances[number]?.rights[0] { found.append(right) } }
    }

    private func holders(of right: Right, _ node: NodeID, _ found: inout [NodeID]) {
        let candidates: [NodeID] =
            if right.object == .none {
                facts.all(right.relation).map(\.a)
            } else if right.place == 0 {
                facts.into.nodes(right.relation, of: right.object)
            } else {
                facts.out.nodes(right.relation, of: right.object)
            }
        found += candidates.filter { counts($0, for: node) }
    }

    /// Whether a holder passes all checks of some direct rule.
    func passes(_ rules: [[Usage.Check]], _ holder: NodeID) -> Bool {
        rules.contains { $0.allSatisfy { facts.contains($0.relation, holder) != $0.isNegated } }
    }

    /// Whether a holder is one that counts for the right.
    func counts(_ holder: NodeID, for right: NodeID) -> Bool {
        guard let checks = rights[right]?.checks else { return false }
        return checks.allSatisfy { check in
            let fact =
                check.place == 0
                ? Fact(relation: check.relation, a: holder, b: check.other)
                : Fact(relation: check.relation, a: check.other, b: holder)
            return facts.contains(fact) != check.isNegated
        }
    }
}
