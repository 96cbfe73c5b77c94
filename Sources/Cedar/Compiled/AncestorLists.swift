/// The symbols of what is above each of many entities, one list after the other.
struct AncestorLists: Sendable {
    private(set) var symbols: [Int32] = []

    /// - Returns: where the list lies; it is sorted.
    mutating func add(_ above: Set<EntityUID>, _ names: inout Symbols) -> Span {
        let start = symbols.count
        for uid in above { symbols.append(names.entity(uid)) }
        symbols[start...].sort()
        return Span(start: Int32(start), count: Int32(symbols.count - start))
    }
}
