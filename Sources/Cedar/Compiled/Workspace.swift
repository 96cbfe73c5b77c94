import StrictJSON

/// The memory that deciding needs beside the policies and entities, kept from one request to the next so that a request
/// allocates none. Not shared: one for each thread that decides; so nothing here is accessed twice at once, and the check for
/// that is left out.
public final class Workspace {
    /// Symbols from here on are of strings and entities that neither the policies nor the store know.
    static let unknown: Int32 = 1 << 30

    @exclusivity(unchecked) var stack = Buffer<Cell>()
    @exclusivity(unchecked) var cells = Buffer<Cell>()
    @exclusivity(unchecked) var fields = Buffer<Field>()
    @exclusivity(unchecked) var addresses: [IPAddress] = []
    @exclusivity(unchecked) private var strings: [ExactString] = []
    @exclusivity(unchecked) private var uids: [EntityUID] = []
    /// For each policy, the request it was last a candidate for.
    @exclusivity(unchecked) var seen: [UInt32] = []
    @exclusivity(unchecked) var generation: UInt32 = 0
    @exclusivity(unchecked) var matched = Buffer<Int32>()
    @exclusivity(unchecked) private var index: [ExactString: Int32] = [:]
    /// How much of each stays from one request to the next.
    private var kept = (cells: 0, fields: 0, addresses: 0, strings: 0, uids: 0)

    public init() {}

    func reset(policies: Int, stackHeight: Int) {
        stack.reserve(stackHeight)
        (cells.count, fields.count, matched.count) = (kept.cells, kept.fields, 0)
        if addresses.count > kept.addresses { addresses.removeLast(addresses.count - kept.addresses) }
        if !index.isEmpty { index.removeAll(keepingCapacity: true) }
        if strings.count > kept.strings { strings.removeLast(strings.count - kept.strings) }
        if uids.count > kept.uids { uids.removeLast(uids.count - kept.uids) }
        if seen.count != policies || generation == .max {
            seen = Array(repeating: 0, count: policies)
            generation = 0
        }
        generation += 1
    }

    /// What is there now stays when it is reset.
    func keep() { kept = (cells.count, fields.count, addresses.count, strings.count, uids.count) }

    // MARK: Symbols

    func string(_ string: ExactString, _ symbols: borrowing Symbols) -> Int32 {
        symbols.known(string) ?? unknownString(string)
    }

    private func unknownString(_ string: ExactString) -> Int32 {
        if strings.count < 16 {
            if let place = strings.firstIndex(of: string) { return Self.unknown + Int32(place) }
        } else {
            if index.isEmpty { for (place, known) in strings.enumerated() { index[known] = Int32(place) } }
            if let place = index[string] { return Self.unknown + place }
            index[string] = Int32(strings.count)
        }
        strings.append(string)
        return Self.unknown + Int32(strings.count - 1)
    }

    func entity(_ uid: EntityUID, _ symbols: borrowing Symbols) -> Int32 {
        if let known = symbols.known(uid) { return known }
        if let place = uids.firstIndex(of: uid) { return Self.unknown + Int32(place) }
        uids.append(uid)
        return Self.unknown + Int32(uids.count - 1)
    }

    func name(_ symbol: Int32, _ symbols: borrowing Symbols) -> ExactString {
        symbol >= Self.unknown ? strings[Int(symbol - Self.unknown)] : symbols.name(symbol)
    }

    func uid(_ symbol: Int32, _ symbols: borrowing Symbols) -> EntityUID {
        symbol >= Self.unknown ? uids[Int(symbol - Self.unknown)] : symbols.uid(symbol)
    }

    func type(_ symbol: Int32, _ symbols: borrowing Symbols) -> Int32 {
        symbol >= Self.unknown ? string(uids[Int(symbol - Self.unknown)].type, symbols) : symbols.type(symbol)
    }

    // MARK: Values

    /// The value as a cell; what it is made of is kept until the next request.
    func cell(_ value: Value, _ symbols: borrowing Symbols) -> Cell {
        switch value {
        case .bool(let flag): return .bool(flag)
        case .long(let long): return .long(long)
        case .string(let string): return .string(self.string(string, symbols))
        case .entity(let uid): return .entity(entity(uid, symbols))
        case .decimal(let decimal): return Cell(tag: .decimal, payload: decimal.tenThousandths)
        case .datetime(let datetime): return Cell(tag: .datetime, payload: datetime.milliseconds)
        case .duration(let duration): return Cell(tag: .duration, payload: duration.milliseconds)
        case .ip(let address): return cell(address)
        case .set(let elements):
            let start = cells.extend(by: elements.count)
            var next = start
            for element in elements {
                let inner = cell(element, symbols)
                cells[next] = inner
                next += 1
            }
            return finishSet(from: start, count: elements.count)
        case .record(let members): return record(members, symbols)
        }
    }

    func cell(_ address: IPAddress) -> Cell {
        addresses.append(address)
        return Cell(tag: .address, tier: .scratch, index: Int32(addresses.count - 1))
    }

    func record(_ members: [ExactString: Value], _ symbols: borrowing Symbols) -> Cell {
        let start = fields.extend(by: members.count)
        var next = start
        for (name, value) in members {
            let field = Field(name: string(name, symbols), value: cell(value, symbols))
            fields[next] = field
            next += 1
        }
        fields.sort(from: start, count: members.count) { $0.name < $1.name }
        return Cell(tag: .record, tier: .scratch, index: Int32(start), payload: Int64(members.count))
    }

    /// Orders the elements of a set that was just written, when they can be ordered.
    func finishSet(from start: Int, count: Int) -> Cell {
        var isFlat = true
        for place in start..<(start + count) where !cells[place].isPlain { isFlat = false }
        if isFlat { cells.sort(from: start, count: count) { $0.precedes($1) } }
        return Cell(tag: .set, tier: .scratch, isFlat: isFlat, index: Int32(start), payload: Int64(count))
    }
}

/// Memory for plain values that grows and is not given back. Elements are trivial: nothing is to be destroyed.
struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private var capacity: Int
    var count = 0

    init() {
        capacity = 16
        base = .allocate(capacity: 16)
    }

    deinit { base.deallocate() }

    mutating func reserve(_ least: Int) {
        guard least > capacity else { return }
        let grown = max(least, capacity * 2)
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: grown)
        moved.update(from: base, count: capacity)
        base.deallocate()
        (base, capacity) = (moved, grown)
    }

    subscript(place: Int) -> Element {
        get { base[place] }
        nonmutating set { base[place] = newValue }
    }

    mutating func append(_ element: Element) {
        reserve(count + 1)
        base[count] = element
        count += 1
    }

    /// Makes room for more elements, to be written; gives the place of the first.
    mutating func extend(by more: Int) -> Int {
        reserve(count + more)
        count += more
        return count - more
    }

    func sort(from start: Int, count: Int, _ precedes: (Element, Element) -> Bool) {
        guard count > 1 else { return }
        if count > 16 {
            var slice = UnsafeMutableBufferPointer(start: base + start, count: count)
            slice.sort(by: precedes)
            return
        }
        for place in (start + 1)..<(start + count) {
            let element = base[place]
            var hole = place
            while hole > start, precedes(element, base[hole - 1]) {
                base[hole] = base[hole - 1]
                hole -= 1
            }
            base[hole] = element
        }
    }
}
