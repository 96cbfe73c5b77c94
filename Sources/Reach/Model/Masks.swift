/// For each node, the set of marks it can take: one bit a mark, in words of 64.
struct Masks {
    private(set) var stride = 2
    private(set) var words: [UInt64] = []
    /// The nodes marked, by the mark's number.
    private(set) var marked: [NodeID] = []
    private var markOf: [NodeID: Int] = [:]
    private var free: [Int] = []

    /// The marks of rights that instances ask for first.
    private var joins: [UInt64] = [0, 0]

    // What is needed to go back: the masks as they were when first touched.
    private var isRecording = false
    private var touched: [NodeID: [UInt64]] = [:]

    mutating func resize(_ nodes: Int) {
        guard nodes * stride > words.count else { return }
        words.append(contentsOf: repeatElement(0, count: nodes * stride - words.count))
    }

    mutating func truncate(_ nodes: Int) { words.removeLast(words.count - nodes * stride) }

    /// Takes all marks from all nodes.
    mutating func clearAll() {
        for index in words.indices { words[index] = 0 }
    }

    mutating func reserve(_ nodes: Int) { words.reserveCapacity(nodes * stride) }

    func mark(of node: NodeID) -> Int? { markOf[node] }

    /// Gives the node a mark of its own; the node's mask does not have it yet.
    mutating func addMark(_ node: NodeID) -> Int {
        if let mark = markOf[node] { return mark }
        if free.isEmpty, marked.count == stride * 64 { widen() }
        let mark = free.popLast() ?? marked.count
        if mark == marked.count { marked.append(node) } else { marked[mark] = node }
        markOf[node] = mark
        return mark
    }

    /// The words that one more mark takes.
    var costOfMark: Int { free.isEmpty && marked.count == stride * 64 ? words.count : 0 }

    /// Takes a mark back that no node has any more.
    mutating func freeMark(_ node: NodeID) {
        guard let mark = markOf.removeValue(forKey: node) else { return }
        joins[mark / 64] &= ~(1 << UInt64(mark % 64))
        marked[mark] = .none
        free.append(mark)
    }

    private mutating func widen() {
        let (old, count) = (stride, words.count / stride)
        stride = old * 2
        var wide = [UInt64](repeating: 0, count: count * stride)
        for node in 0..<count {
            for word in 0..<old { wide[node * stride + word] = words[node * old + word] }
        }
        words = wide
        joins += Array(repeating: 0, count: old)
        for (node, mask) in touched { touched[node] = mask + Array(repeating: 0, count: old) }
    }

    @inline(__always) func has(_ node: NodeID, _ mark: Int) -> Bool {
        words[Int(node) * stride + mark / 64] & (1 << UInt64(mark % 64)) != 0
    }

    mutating func markJoin(_ mark: Int) { joins[mark / 64] |= 1 << UInt64(mark % 64) }

    /// The marks of rights that instances ask for first, of those the node has: one word of them.
    @inline(__always) func joining(_ node: NodeID, word: Int) -> UInt64 { words[Int(node) * stride + word] & joins[word] }

    func isJoining(_ node: NodeID) -> Bool { (0..<stride).contains { joining(node, word: $0) != 0 } }

    /// Whether the one has marks that the other lacks.
    @inline(__always) func adds(_ from: NodeID, to node: NodeID) -> Bool {
        let (source, target) = (Int(from) * stride, Int(node) * stride)
        for word in 0..<stride where words[source + word] & ~words[target + word] != 0 { return true }
        return false
    }

    func intersects(_ node: NodeID, _ bits: [UInt64]) -> Bool {
        for word in 0..<stride where words[Int(node) * stride + word] & bits[word] != 0 { return true }
        return false
    }

    /// Gives the node all marks of the other.
    ///
    /// - Returns: whether any was new.
    @inline(__always) mutating func merge(_ from: NodeID, into node: NodeID) -> Bool {
        guard adds(from, to: node) else { return false }
        record(node)
        let (source, target) = (Int(from) * stride, Int(node) * stride)
        for word in 0..<stride { words[target + word] |= words[source + word] }
        return true
    }

    mutating func set(_ node: NodeID, _ mark: Int) {
        record(node)
        words[Int(node) * stride + mark / 64] |= 1 << UInt64(mark % 64)
    }

    func mask(_ node: NodeID) -> [UInt64] { Array(words[Int(node) * stride..<(Int(node) + 1) * stride]) }

    mutating func clear(_ node: NodeID, _ bits: [UInt64]) {
        record(node)
        for word in 0..<stride { words[Int(node) * stride + word] &= ~bits[word] }
    }

    // MARK: Going back

    private mutating func record(_ node: NodeID) {
        guard isRecording, touched[node] == nil else { return }
        touched[node] = mask(node)
    }

    mutating func beginRecording() { isRecording = true }

    /// The masks as they were, of the nodes touched since the recording began.
    var recorded: [NodeID: [UInt64]] { touched }

    /// Puts the masks back as they were.
    mutating func rewind() {
        for (node, mask) in touched {
            for word in 0..<mask.count { words[Int(node) * stride + word] = mask[word] }
        }
        (isRecording, touched) = (false, [:])
    }
}
