import StrictJSON

/// Where the sets, records and addresses of one tier lie.
struct Pool: Sendable {
    var cells: [Cell] = []
    var fields: [Field] = []
    var addresses: [IPAddress] = []
    let tier: Cell.Tier

    /// The value as a cell; what it is made of is added to the pool.
    mutating func cell(_ value: Value, _ symbols: inout Symbols) -> Cell {
        switch value {
        case .bool(let flag): return .bool(flag)
        case .long(let long): return .long(long)
        case .string(let string): return .string(symbols.string(string))
        case .entity(let uid): return .entity(symbols.entity(uid))
        case .decimal(let decimal): return Cell(tag: .decimal, payload: decimal.tenThousandths)
        case .datetime(let datetime): return Cell(tag: .datetime, payload: datetime.milliseconds)
        case .duration(let duration): return Cell(tag: .duration, payload: duration.milliseconds)
        case .ip(let address):
            addresses.append(address)
            return Cell(tag: .address, tier: tier, index: Int32(addresses.count - 1))
        case .set(let elements):
            var inner: [Cell] = []
            for element in elements { inner.append(cell(element, &symbols)) }
            let isFlat = inner.allSatisfy(\.isPlain)
            if isFlat { inner.sort { $0.precedes($1) } }
            cells += inner
            return Cell(
                tag: .set, tier: tier, isFlat: isFlat, index: Int32(cells.count - inner.count), payload: Int64(inner.count))
        case .record(let members):
            let span = record(members, &symbols)
            return Cell(tag: .record, tier: tier, index: span.start, payload: Int64(span.count))
        }
    }

    mutating func record(_ members: [ExactString: Value], _ symbols: inout Symbols) -> Span {
        var inner: [Field] = []
        for (name, value) in members { inner.append(Field(name: symbols.string(name), value: cell(value, &symbols))) }
        inner.sort { $0.name < $1.name }
        fields += inner
        return Span(start: Int32(fields.count - inner.count), count: Int32(inner.count))
    }
}
