import StrictJSON

/// Why a policy could not be run, in symbols.
struct Fault: Error {
    enum Kind: UInt8 { case expected, missingEntity, missingAttribute, missingTag, overflow, arity, malformed }
    enum Expected: UInt8 {
        case bool, long, string, entity, set, entityOrRecord, ordered, decimal, address, datetime, duration

        var name: String {
            switch self {
            case .bool: "bool"
            case .long: "long"
            case .string: "string"
            case .entity: "entity"
            case .set: "set"
            case .entityOrRecord: "record or entity"
            case .ordered: "long, datetime or duration"
            case .decimal: "decimal"
            case .address: "ipaddr"
            case .datetime: "datetime"
            case .duration: "duration"
            }
        }
    }

    let kind: Kind
    var expected = Expected.bool
    var cell = Cell.bool(false)
    /// A symbol, or a function and how many arguments it got.
    var a: Int32 = 0
    var b: Int32 = 0

    static func expected(_ expected: Expected, _ cell: Cell) -> Fault { Fault(kind: .expected, expected: expected, cell: cell) }
}

/// Runs the code of policies for one request. All that it points at outlives it: see ``CompiledPolicies/authorize(_:in:_:)``.
struct Machine {
    let policies: CompiledPolicies
    let code: UnsafePointer<Instruction>
    let constants: UnsafePointer<Cell>
    let policyCells: UnsafePointer<Cell>
    let policyFields: UnsafePointer<Field>
    let rows: UnsafeBufferPointer<EntityStore.Row>
    let storeCells: UnsafePointer<Cell>
    let storeFields: UnsafePointer<Field>
    let ancestors: UnsafePointer<Int32>
    let types: UnsafeBufferPointer<Int32>
    /// For addresses, which are rare.
    let store: UnsafePointer<EntityStore>
    /// What stands over the store: empty where nothing does.
    let layer: LayerPointers
    let workspace: Workspace
    var principal = Cell.bool(false)
    var action = Cell.bool(false)
    var resource = Cell.bool(false)
    var context = Cell.bool(false)

    func cells(_ cell: Cell) -> UnsafePointer<Cell> {
        switch cell.tier {
        case .policies: policyCells + Int(cell.index)
        case .store: storeCells + Int(cell.index)
        case .layer: layer.cells + Int(cell.index)
        case .scratch: UnsafePointer(workspace.cells.base) + Int(cell.index)
        }
    }

    func fields(_ cell: Cell) -> UnsafePointer<Field> {
        switch cell.tier {
        case .policies: policyFields + Int(cell.index)
        case .store: storeFields + Int(cell.index)
        case .layer: layer.fields + Int(cell.index)
        case .scratch: UnsafePointer(workspace.fields.base) + Int(cell.index)
        }
    }

    func address(_ cell: Cell) -> IPAddress {
        switch cell.tier {
        case .policies: policies.pool.addresses[Int(cell.index)]
        case .store: store.pointee.pool.addresses[Int(cell.index)]
        case .layer: layer.addresses[Int(cell.index)]
        case .scratch: workspace.addresses[Int(cell.index)]
        }
    }

    @inline(__always)
    func row(_ entity: Int32) -> EntityStore.Row {
        if entity < rows.count, rows[Int(entity)].exists { return rows[Int(entity)] }
        return layer.row(entity)
    }

    @inline(__always)
    func fields(_ span: Span, of row: EntityStore.Row) -> UnsafePointer<Field> {
        (row.tier == .layer ? layer.fields : storeFields) + Int(span.start)
    }

    @inline(__always)
    func above(_ row: EntityStore.Row) -> UnsafePointer<Int32> {
        (row.tier == .layer ? layer.ancestors : ancestors) + Int(row.above.start)
    }

    var symbols: Symbols { layer.whole?.pointee.symbols ?? store.pointee.symbols }

    func type(_ entity: Int32) -> Int32 {
        entity < types.count
            ? types[Int(entity)] : entity < Workspace.unknown ? symbols.type(entity) : workspace.type(entity, symbols)
    }

    /// The member of that name among sorted fields.
    @inline(__always)
    func find(_ name: Int32, _ fields: UnsafePointer<Field>, _ count: Int) -> Cell? {
        if count <= 8 {
            for place in 0..<count where fields[place].name == name { return fields[place].value }
            return nil
        }
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if fields[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < count && fields[low].name == name ? fields[low].value : nil
    }

    func isMember(_ entity: Int32, of group: Int32) -> Bool {
        if entity == group { return true }
        let row = row(entity)
        let (span, above) = (row.above, above(row))
        if span.count <= 8 {
            for place in 0..<Int(span.count) where above[place] == group { return true }
            return false
        }
        var (low, high) = (0, Int(span.count))
        while low < high {
            let middle = (low + high) / 2
            if above[middle] < group { low = middle + 1 } else { high = middle }
        }
        return low < Int(span.count) && above[low] == group
    }

    func isEqual(_ a: Cell, _ b: Cell) -> Bool {
        guard a.tag == b.tag else { return false }
        switch a.tag {
        case .address: return address(a) == address(b)
        case .set:
            guard a.payload == b.payload, a.isFlat == b.isFlat else { return false }
            let (x, y, count) = (cells(a), cells(b), Int(a.payload))
            if a.isFlat { return (0..<count).allSatisfy { x[$0].isIdentical(to: y[$0]) } }
            // Sets of sets or records have no order here; many of them are compared by hashing.
            if count > 32 { return value(a) == value(b) }
            return (0..<count).allSatisfy { contains(b, x[$0]) }
        case .record:
            guard a.payload == b.payload else { return false }
            let (x, y) = (fields(a), fields(b))
            return (0..<Int(a.payload)).allSatisfy { x[$0].name == y[$0].name && isEqual(x[$0].value, y[$0].value) }
        default: return a.index == b.index && a.payload == b.payload
        }
    }

    func contains(_ set: Cell, _ element: Cell) -> Bool {
        let (elements, count) = (cells(set), Int(set.payload))
        if set.isFlat {
            guard element.isPlain else { return false }
            if count <= 8 {
                for place in 0..<count where elements[place].isIdentical(to: element) { return true }
                return false
            }
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                if elements[middle].precedes(element) { low = middle + 1 } else { high = middle }
            }
            return low < count && elements[low].isIdentical(to: element)
        }
        for place in 0..<count where isEqual(elements[place], element) { return true }
        return false
    }

    // MARK: Running

    /// Whether the policy's conditions hold.
    func run(_ span: Span) throws(Fault) -> Bool {
        guard span.count > 0 else { return true }
        let stack = workspace.stack.base
        var top = -1
        var place = Int(span.start)
        let end = Int(span.end)
        while place < end {
            let instruction = code[place]
            place += 1
            switch instruction.operation {
            case .constant:
                top += 1
                stack[top] = constants[Int(instruction.a)]
            case .principal:
                top += 1
                stack[top] = principal
            case .action:
                top += 1
                stack[top] = action
            case .resource:
                top += 1
                stack[top] = resource
            case .context:
                top += 1
                stack[top] = context
            case .principalAttribute:
                top += 1
                stack[top] = try attribute(instruction.b, of: principal)
            case .resourceAttribute:
                top += 1
                stack[top] = try attribute(instruction.b, of: resource)
            case .contextAttribute:
                top += 1
                stack[top] = try attribute(instruction.b, of: context)
            case .attribute: stack[top] = try attribute(instruction.a, of: stack[top])
            case .has: stack[top] = .bool(try has(instruction.a, stack[top]))
            case .jumpIfFalse: if try bool(stack[top]) { top -= 1 } else { place = Int(instruction.a) }
            case .jumpIfTrue: if try bool(stack[top]) { place = Int(instruction.a) } else { top -= 1 }
            case .branch:
                if try !bool(stack[top]) { place = Int(instruction.a) }
                top -= 1
            case .jump: place = Int(instruction.a)
            case .assertBool: _ = try bool(stack[top])
            case .not: stack[top] = .bool(try !bool(stack[top]))
            case .isType: stack[top] = .bool(try type(entity(stack[top])) == instruction.a)
            case .typeOrFalse:
                if try type(entity(stack[top])) != instruction.a {
                    stack[top] = .bool(false)
                    place = Int(instruction.b)
                }
            case .equal:
                top -= 1
                stack[top] = .bool(isEqual(stack[top], stack[top + 1]))
            case .notEqual:
                top -= 1
                stack[top] = .bool(!isEqual(stack[top], stack[top + 1]))
            case .in:
                top -= 1
                stack[top] = .bool(try isMember(stack[top], of: stack[top + 1]))
            case .negate, .isEmpty, .like: stack[top] = try unary(instruction, stack[top])
            case .makeSet, .makeRecord, .call:
                let count =
                    instruction.operation == .makeRecord
                    ? policies.shapes[Int(instruction.a)].count
                    : Int(instruction.operation == .call ? instruction.b : instruction.a)
                top -= count - 1
                stack[top] = try composite(instruction, stack + top, count)
            default:
                top -= 1
                stack[top] = try binary(instruction.operation, stack[top], stack[top + 1])
            }
        }
        return try bool(stack[top])
    }

    @inline(__always)
    private func bool(_ cell: Cell) throws(Fault) -> Bool {
        guard cell.tag == .bool else { throw .expected(.bool, cell) }
        return cell.isTrue
    }

    func entity(_ cell: Cell) throws(Fault) -> Int32 {
        guard cell.tag == .entity else { throw .expected(.entity, cell) }
        return cell.index
    }

    @inline(__always)
    func attribute(_ name: Int32, of cell: Cell) throws(Fault) -> Cell {
        let found: Cell?
        if cell.tag == .entity {
            let row = row(cell.index)
            guard row.exists else { throw Fault(kind: .missingEntity, a: cell.index) }
            found = find(name, fields(row.attributes, of: row), Int(row.attributes.count))
        } else if cell.tag == .record {
            found = find(name, fields(cell), Int(cell.payload))
        } else {
            throw .expected(.entityOrRecord, cell)
        }
        guard let found else { throw Fault(kind: .missingAttribute, a: name) }
        return found
    }

    private func has(_ name: Int32, _ cell: Cell) throws(Fault) -> Bool {
        switch cell.tag {
        case .entity:
            let row = row(cell.index)
            return find(name, fields(row.attributes, of: row), Int(row.attributes.count)) != nil
        case .record: return find(name, fields(cell), Int(cell.payload)) != nil
        default: throw .expected(.entityOrRecord, cell)
        }
    }

    private func isMember(_ cell: Cell, of group: Cell) throws(Fault) -> Bool {
        let member = try entity(cell)
        guard group.tag == .set else { return isMember(member, of: try entity(group)) }
        let elements = cells(group)
        for place in 0..<Int(group.payload) { _ = try entity(elements[place]) }
        for place in 0..<Int(group.payload) where isMember(member, of: elements[place].index) { return true }
        return false
    }
}
