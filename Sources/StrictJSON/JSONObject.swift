/// The members of a JSON object, in the order they were written, no name twice.
///
/// Names are compared by their Unicode scalars, never by canonical equivalence: `é` written in one
/// scalar and in two are different names.
public struct JSONObject: Sendable {
    public struct Member: Sendable {
        public let key: String
        public let value: JSONValue
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var members: [Member]

    public init() { members = [] }

    /// - Precondition: no two members have the same key.
    public init(_ members: [Member]) {
        precondition(Self.firstDuplicate(in: members) == nil, "a JSON object has each name once")
        self.members = members
    }

    init(checked members: [Member]) { self.members = members }

    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    /// Reads the member; assigning replaces it, or removes it when `nil`.
    public subscript(key: String) -> JSONValue? {
        get { members.first { ExactString($0.key) == ExactString(key) }?.value }
        set {
            let place = members.firstIndex { ExactString($0.key) == ExactString(key) }
            switch (place, newValue) {
            case (let i?, let value?): members[i] = Member(key: key, value: value)
            case (let i?, nil): members.remove(at: i)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The index of the first member whose key an earlier one has, or nil.
    static func firstDuplicate(in members: [Member]) -> Int? {
        // Most objects are small, or written in order.
        guard members.count > 8 else {
            return members.indices.dropFirst().first { later in
                members[..<later].contains { ExactString($0.key) == ExactString(members[later].key) }
            }
        }
        if zip(members, members.dropFirst()).allSatisfy({ ExactString($0.key) < ExactString($1.key) }) { return nil }
        let order = members.indices.sorted {
            let (a, b) = (members[$0].key.utf8, members[$1].key.utf8)
            return a.elementsEqual(b) ? $0 < $1 : a.lexicographicallyPrecedes(b)
        }
        return zip(order, order.dropFirst())
            .filter { members[$0].key.utf8.elementsEqual(members[$1].key.utf8) }
            .map(\.1).min()
    }
}

extension JSONObject: Equatable {
    /// Order does not count.
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.members.count == b.members.count && a.members.allSatisfy { b[$0.key] == $0.value }
    }
}
