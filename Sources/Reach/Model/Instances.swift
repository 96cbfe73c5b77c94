/// The instances of rules, by what they ask for and what they give.
struct Instances {
    private var numbers: [Instance.Key: Int] = [:]
    private var all: [Instance?] = []
    private var free: [Int] = []
    /// Those that ask for one right, by that right and by what they give.
    private(set) var fromRight: [NodeID: [Int]] = [:]
    private(set) var singleTo: [NodeID: [Int]] = [:]
    /// Those that ask for several, by each right, and by what they give.
    private(set) var byEach: [NodeID: [Int]] = [:]
    private(set) var joinedTo: [NodeID: [Int]] = [:]
    /// Those that ask for several, by the mark of the first right: looked through at every node that gets a mark.
    private(set) var joins: [[Join]] = []
    private var placeOfJoin: [Int: Int] = [:]
    /// Who has all that they ask for.
    private(set) var holders: [Set<NodeID>] = []

    /// An instance that asks for several rights, with their marks.
    struct Join {
        let number: Int
        let marks: [Int]
    }

    var hasJoined: Bool { !joinedTo.isEmpty }

    subscript(number: Int) -> Instance? { all[number] }

    func number(_ key: Instance.Key) -> Int? { numbers[key] }

    /// - Returns: its number; nil when it is there already.
    mutating func insert(_ instance: Instance) -> Int? {
        guard numbers[instance.key] == nil else { return nil }
        let number = free.popLast() ?? all.count
        if number == all.count {
            all.append(instance)
            holders.append([])
        } else {
            all[number] = instance
        }
        numbers[instance.key] = number
        if instance.rights.count == 1 {
            fromRight[instance.rights[0], default: []].append(number)
            singleTo[instance.head, default: []].append(number)
        } else {
            for right in instance.rights { byEach[right, default: []].append(number) }
            joinedTo[instance.head, default: []].append(number)
        }
        return number
    }

    mutating func setMarks(_ marks: [Int], of number: Int) {
        while joins.count <= marks[0] { joins.append([]) }
        joins[marks[0]].append(Join(number: number, marks: marks))
        placeOfJoin[number] = marks[0]
    }

    mutating func remove(_ number: Int) {
        if let place = placeOfJoin.removeValue(forKey: number) {
            if joins[place].last?.number == number {
                joins[place].removeLast()
            } else {
                joins[place].removeAll { $0.number == number }
            }
        }
        guard let instance = all[number] else { return }
        all[number] = nil
        free.append(number)
        numbers[instance.key] = nil
        holders[number] = []
        func drop(_ table: inout [NodeID: [Int]], _ node: NodeID) {
            // A change that is taken back goes by its last instance first.
            if table[node]?.last == number { table[node]?.removeLast() } else { table[node]?.removeAll { $0 == number } }
            if table[node]?.isEmpty == true { table[node] = nil }
        }
        if instance.rights.count == 1 {
            drop(&fromRight, instance.rights[0])
            drop(&singleTo, instance.head)
        } else {
            for right in instance.rights { drop(&byEach, right) }
            drop(&joinedTo, instance.head)
        }
    }

    /// - Returns: whether that is new.
    mutating func addHolder(_ node: NodeID, of number: Int) -> Bool { holders[number].insert(node).inserted }

    mutating func forgetHolders() { for number in holders.indices { holders[number] = [] } }

    mutating func removeHolder(_ node: NodeID, of number: Int) { holders[number].remove(node) }
}
