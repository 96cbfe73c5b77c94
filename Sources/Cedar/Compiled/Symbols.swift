import StrictJSON

/// Numbers for strings and entities, so that comparing them is comparing numbers.
///
/// Some can stand over others: what those know keeps its number, and what they don't is numbered from where they end.
struct Symbols: Sendable {
    private final class Below: Sendable {
        let symbols: Symbols

        init(_ symbols: Symbols) { self.symbols = symbols }
    }

    private let below: Below?
    /// The first numbers given here.
    let firstString: Int32
    let firstEntity: Int32
    private var strings: [ExactString: Int32] = [:]
    private var names: [ExactString] = []
    private var entities: [EntityUID: Int32] = [:]
    private var uids: [EntityUID] = []
    /// The symbol of the type of each entity numbered here.
    private(set) var types: [Int32] = []

    init() { (below, firstString, firstEntity) = (nil, 0, 0) }

    init(over symbols: Symbols) {
        below = Below(symbols)
        (firstString, firstEntity) = (symbols.stringCount, symbols.entityCount)
    }

    var stringCount: Int32 { firstString + Int32(names.count) }
    var entityCount: Int32 { firstEntity + Int32(uids.count) }

    /// The symbol of a string; nil when it has none.
    func known(_ string: ExactString) -> Int32? { below?.symbols.known(string) ?? strings[string] }

    /// The symbol of an entity; nil when it has none.
    func known(_ uid: EntityUID) -> Int32? { below?.symbols.known(uid) ?? entities[uid] }

    mutating func string(_ string: ExactString) -> Int32 {
        if let known = known(string) { return known }
        let symbol = stringCount
        strings[string] = symbol
        names.append(string)
        return symbol
    }

    mutating func entity(_ uid: EntityUID) -> Int32 {
        if let known = known(uid) { return known }
        let symbol = entityCount
        entities[uid] = symbol
        uids.append(uid)
        types.append(string(uid.type))
        return symbol
    }

    func name(_ symbol: Int32) -> ExactString {
        if let below, symbol < firstString { return below.symbols.name(symbol) }
        return names[Int(symbol - firstString)]
    }

    func uid(_ symbol: Int32) -> EntityUID {
        if let below, symbol < firstEntity { return below.symbols.uid(symbol) }
        return uids[Int(symbol - firstEntity)]
    }

    func type(_ symbol: Int32) -> Int32 {
        if let below, symbol < firstEntity { return below.symbols.type(symbol) }
        return types[Int(symbol - firstEntity)]
    }
}
