/// A value as the machine works with it: sixteen plain bytes, nothing counted. Strings and entities are numbers given by
/// ``Symbols``; sets, records and addresses are places in a ``Pool``.
struct Cell {
    enum Tag: UInt8 { case bool, long, string, entity, decimal, datetime, duration, address, set, record }

    /// Whose pool a set, record or address is in.
    enum Tier: UInt8 { case policies, store, layer, scratch }

    let tag: Tag
    var tier = Tier.policies
    /// Of a set: whether no element is a set, record or address, so that elements are equal when their bytes are.
    var isFlat = false
    /// A symbol, or the place in a pool.
    var index: Int32 = 0
    /// A number, or how many elements there are.
    var payload: Int64 = 0

    static func bool(_ flag: Bool) -> Cell { Cell(tag: .bool, payload: flag ? 1 : 0) }
    static func long(_ long: Int64) -> Cell { Cell(tag: .long, payload: long) }
    static func string(_ symbol: Int32) -> Cell { Cell(tag: .string, index: symbol) }
    static func entity(_ symbol: Int32) -> Cell { Cell(tag: .entity, index: symbol) }

    var isTrue: Bool { payload != 0 }

    /// Whether two such are equal exactly when their bytes are.
    var isPlain: Bool { tag.rawValue < Tag.address.rawValue }

    func isIdentical(to other: Cell) -> Bool { tag == other.tag && index == other.index && payload == other.payload }

    /// Any total order of plain cells; it means nothing.
    func precedes(_ other: Cell) -> Bool {
        if tag != other.tag { return tag.rawValue < other.tag.rawValue }
        return index != other.index ? index < other.index : payload < other.payload
    }
}

/// A member of a record.
struct Field {
    let name: Int32
    var value: Cell
}

/// Some consecutive places of a pool.
struct Span {
    var start: Int32 = 0
    var count: Int32 = 0

    var end: Int32 { start + count }
}
