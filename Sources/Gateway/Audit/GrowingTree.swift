import Authority
import TransparencyLog

/// A tree rebuilt from its leaves, compared with checkpoints as it grows.
struct GrowingTree {
    private var edge = TreeEdge()
    private var matched: Set<Checkpoint> = []

    var size: Int64 { edge.size }
    var root: Hash { edge.root }

    mutating func append(_ leaf: Hash) { edge.grow(leaf) }

    mutating func compare(with checkpoints: [Checkpoint], _ problems: inout [String]) {
        for checkpoint in checkpoints where checkpoint.size == size { match(checkpoint, &problems) }
    }

    private mutating func match(_ checkpoint: Checkpoint, _ problems: inout [String]) {
        matched.insert(checkpoint)
        if root != checkpoint.root {
            problems.append("\(checkpoint.origin): the first \(size) entries are not those of the checkpoint")
        }
    }

    mutating func finish(_ checkpoints: [Checkpoint], expected: Int64, _ log: LogName, _ problems: inout [String]) {
        if size != expected { problems.append("\(log.rawValue): \(expected) entries are counted, \(size) are there") }
        for checkpoint in checkpoints where checkpoint.size == 0 && checkpoint.root != .empty {
            problems.append("\(checkpoint.origin): a checkpoint of the empty log has a root that is not empty")
        }
        for checkpoint in checkpoints where checkpoint.size > size {
            problems.append("\(checkpoint.origin): the checkpoint has \(checkpoint.size) entries, the log only \(size)")
        }
    }
}
