/// The instances of rules, by what they ask for and what they give.
struct Instances {
    private var numbers: [Instance.Key: Int] = [:]
    private var all: [Int: Instance] = [:]
    private var next = 0
    /// Those that ask for one right, by that right and by what they give.
    private(set) var fromRight: [NodeID: [Int]] = [:]
    private(set) var singleTo: [NodeID: [Int]] = [:]
    /// Those that ask for several, by the first right, by each, and by what they give.
    private(set) var byFirst: [NodeID: [Int]] = [:]
    private(set) var byEach: [NodeID: [Int]] = [:]
    private(set) var joinedTo: [NodeID: [Int]] = [:]
    /// Who has all that they ask for.
    private(set) var holders: [Int: Set<NodeID>] = [:]

    var hasJoined: Bool { !byFirst.isEmpty }

    subscript(number: Int) -> Instance? { all[number] }

    func number(_ key: Instance.Key) -> Int? { numbers[key] }

    /// - Returns: its number; nil when it is there already.
    mutating func insert(_ instance: Instance) -> Int? {
        guard numbers[instance.key] == nil else { return nil }
        let number = next
        next += 1
        numbers[instance.key] = number
        all[number] = instance
        if instance.rights.count == 1 {
            fromRight[instance.rights[0], default: []].append(number)
            singleTo[instance.head, default: []].append(number)
        } else {
            byFirst[instance.rights[0], default: []].append(number)
            for right in instance.rights { byEach[right, default: []].append(number) }
            joinedTo[instance.head, default: []].append(number)
        }
        return number
    }

    mutating func remove(_ number: Int) {
        guard let instance = all.removeValue(forKey: number) else { return }
        numbers[instance.key] = nil
        holders[number] = nil
        func drop(_ table: inout [NodeID: [Int]], _ node: NodeID) {
            // A change that is taken back goes by its last instance first.
            if table[node]?.last == number { table[node]?.removeLast() } else { table[node]?.removeAll { $0 == number } }
            if table[node]?.isEmpty == true { table[node] = nil }
        }
        if instance.rights.count == 1 {
            drop(&fromRight, instance.rights[0])
            drop(&singleTo, instance.head)
        } else {
            drop(&byFirst, instance.rights[0])
            for right in instance.rights { drop(&byEach, right) }
            drop(&joinedTo, instance.head)
        }
    }

    /// - Returns: whether that is new.
    mutating func addHolder(_ node: NodeID, of number: Int) -> Bool { holders[number, default: []].insert(node).inserted }

    mutating func forgetHolders() { holders = [:] }

    mutating func removeHolder(_ node: NodeID, of number: Int) { holders[number]?.remove(node) }
}
