/// Somebody who can take a protected target today.
public struct Standing: Hashable, Sendable {
    public let who: String
    public let target: String
    /// The least number of steps it takes.
    public let depth: Int
}

extension ReachGraph {
    /// Everybody who can take a protected target today, the shortest ways first.
    public func standings() -> [Standing] {
        protectedMarks.flatMap(standings).sorted {
            ($0.depth, ExactName($0.target), ExactName($0.who)) < ($1.depth, ExactName($1.target), ExactName($1.who))
        }
    }

    private func standings(_ mark: Int) -> [Standing] {
        let target = masks.marked[mark]
        let depths = depths(to: target)
        return names.indices.map(NodeID.init).compactMap { node in
            guard node != target, !isRight(node), masks.has(node, mark) else { return nil }
            // Only rights that are held together could be a shorter way than the one found.
            let simple = masks.isJoining(node) ? nil : depths[node]
            let depth = simple ?? proof(from: name(node), to: name(target))?.depth ?? 0
            return Standing(who: name(node), target: name(target), depth: depth)
        }
    }

    /// How far nodes are from the target by rules that ask for one right: backward from the target.
    private func depths(to target: NodeID) -> [NodeID: Int] {
        var depths = [target: 0]
        var (now, later, before): ([NodeID], [NodeID], [NodeID]) = ([target], [], [])
        var depth = 0
        while !now.isEmpty {
            var index = 0
            while index < now.count {
                let node = now[index]
                index += 1
                // It may have been met nearer since it was put in line.
                guard depths[node] == depth else { continue }
                before.removeAll(keepingCapacity: true)
                predecessors(node, into: &before)
                // From a holder to its right costs nothing, from a right to what it gives one.
                let next = isRight(node) ? depth : depth + 1
                for previous in before where depths[previous].map({ $0 > next }) ?? true {
                    depths[previous] = next
                    if next == depth { now.append(previous) } else { later.append(previous) }
                }
            }
            (now, later, depth) = (later, [], depth + 1)
        }
        return depths
    }
}
