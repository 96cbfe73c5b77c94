/// The links of each node: compressed sparse rows, plus what was added and removed since they were made.
struct Rows {
    private var starts: [UInt32] = [0]
    private var links: [UInt64] = []
    private var added: [NodeID: [UInt64]] = [:]
    private var removed: [NodeID: Set<UInt64>] = [:]

    /// Packs the links of `count` nodes: `each` calls back with (row, link) for every one, the same ones each time.
    ///
    /// - Returns: whether some link is there twice; the rows are then not to be used.
    mutating func pack(_ count: Int, _ each: ((NodeID, Link) -> Void) -> Void) -> Bool {
        var starts = [UInt32](repeating: 0, count: count + 1)
        each { row, _ in starts[Int(row) + 1] += 1 }
        for index in 0..<count { starts[index + 1] += starts[index] }
        var next = starts
        var links = [UInt64](repeating: 0, count: Int(starts[count]))
        each { row, link in
            links[Int(next[Int(row)])] = link.bits
            next[Int(row)] += 1
        }
        var isDoubled = false
        for row in 0..<count where starts[row + 1] - starts[row] > 1 {
            let range = Int(starts[row])..<Int(starts[row + 1])
            links[range].sort()
            isDoubled = isDoubled || range.dropFirst().contains { links[$0] == links[$0 - 1] }
        }
        (self.starts, self.links, added, removed) = (starts, links, [:], [:])
        return isDoubled
    }

    @inline(__always) private func row(_ node: NodeID) -> Range<Int> {
        guard Int(node) + 1 < starts.count else { return 0..<0 }
        return Int(starts[Int(node)])..<Int(starts[Int(node) + 1])
    }

    func contains(_ link: Link, in node: NodeID) -> Bool {
        if added[node]?.contains(link.bits) == true { return true }
        guard position(link.bits, row(node)) != nil else { return false }
        return removed[node]?.contains(link.bits) != true
    }

    private func position(_ bits: UInt64, _ row: Range<Int>) -> Int? {
        var (low, high) = (row.lowerBound, row.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if links[middle] < bits { low = middle + 1 } else { high = middle }
        }
        return low < row.upperBound && links[low] == bits ? low : nil
    }

    /// The link must not be there.
    mutating func insert(_ link: Link, in node: NodeID) {
        guard position(link.bits, row(node)) == nil else {
            removed[node]?.remove(link.bits)
            if removed[node]?.isEmpty == true { removed[node] = nil }
            return
        }
        added[node, default: []].append(link.bits)
    }

    /// The link must be there.
    mutating func remove(_ link: Link, from node: NodeID) {
        if let index = added[node]?.firstIndex(of: link.bits) {
            added[node]?.remove(at: index)
            if added[node]?.isEmpty == true { added[node] = nil }
        } else {
            removed[node, default: []].insert(link.bits)
        }
    }

    @inline(__always) func forEach(of node: NodeID, _ body: (Link) -> Void) {
        let row = row(node)
        if removed.isEmpty || removed[node] == nil {
            for index in row { body(Link(bits: links[index])) }
        } else if let gone = removed[node] {
            for index in row where !gone.contains(links[index]) { body(Link(bits: links[index])) }
        }
        guard !added.isEmpty, let more = added[node] else { return }
        for bits in more { body(Link(bits: bits)) }
    }

    /// The nodes that a node is linked to by one relation.
    func nodes(_ relation: RelationID, of node: NodeID) -> [NodeID] {
        var found: [NodeID] = []
        forEach(of: node) { if $0.relation == relation { found.append($0.node) } }
        return found
    }

    /// How many links were packed.
    var count: Int { links.count }

    /// The bytes held, without the small change since the last packing.
    var bytes: Int { starts.count * 4 + links.count * 8 }
}
