import StrictJSON

/// Numbers for strings and entities, so that comparing them is comparing numbers.
struct Symbols: Sendable {
    private(set) var strings: [ExactString: Int32] = [:]
    private(set) var names: [ExactString] = []
    private(set) var entities: [EntityUID: Int32] = [:]
    private(set) var uids: [EntityUID] = []
    /// The symbol of each entity's type.
    private(set) var types: [Int32] = []

    mutating func string(_ string: ExactString) -> Int32 {
        if let known = strings[string] { return known }
        let symbol = Int32(names.count)
        strings[string] = symbol
        names.append(string)
        return symbol
    }

    mutating func entity(_ uid: EntityUID) -> Int32 {
        if let known = entities[uid] { return known }
        let symbol = Int32(uids.count)
        entities[uid] = symbol
        uids.append(uid)
        types.append(string(uid.type))
        return symbol
    }
}
