import StrictJSON

/// The operations that are not on every policy's way.
extension Machine {
    func unary(_ instruction: Instruction, _ cell: Cell) throws(Fault) -> Cell {
        switch instruction.operation {
        case .negate:
            let (result, overflow) = (0 as Int64).subtractingReportingOverflow(try long(cell))
            guard !overflow else { throw Fault(kind: .overflow) }
            return .long(result)
        case .isEmpty: return .bool(try set(cell).payload == 0)
        default:
            guard cell.tag == .string else { throw .expected(.string, cell) }
            let text = workspace.name(cell.index, symbols)
            return .bool(policies.patterns[Int(instruction.a)].matches(text.string))
        }
    }

    func binary(_ operation: Instruction.Operation, _ a: Cell, _ b: Cell) throws(Fault) -> Cell {
        switch operation {
        case .less: return .bool(try precedes(a, b))
        case .greater: return .bool(try precedes(b, a))
        case .lessOrEqual: return .bool(try !precedes(b, a))
        case .greaterOrEqual: return .bool(try !precedes(a, b))
        case .add: return try arithmetic(a, b) { $0.addingReportingOverflow($1) }
        case .subtract: return try arithmetic(a, b) { $0.subtractingReportingOverflow($1) }
        case .multiply: return try arithmetic(a, b) { $0.multipliedReportingOverflow(by: $1) }
        case .contains: return .bool(contains(try set(a), b))
        case .containsAll:
            let (whole, part) = (try set(a), try set(b))
            let elements = cells(part)
            return .bool((0..<Int(part.payload)).allSatisfy { contains(whole, elements[$0]) })
        case .containsAny:
            let (whole, part) = (try set(a), try set(b))
            let elements = cells(part)
            return .bool((0..<Int(part.payload)).contains { contains(whole, elements[$0]) })
        default:
            let (owner, name) = (try entity(a), try string(b))
            let row = row(owner)
            let tag = find(name, fields(row.tags, of: row), Int(row.tags.count))
            if operation == .hasTag { return .bool(tag != nil) }
            guard row.exists else { throw Fault(kind: .missingEntity, a: owner) }
            guard let tag else { throw Fault(kind: .missingTag, a: name) }
            return tag
        }
    }

    private func long(_ cell: Cell) throws(Fault) -> Int64 {
        guard cell.tag == .long else { throw .expected(.long, cell) }
        return cell.payload
    }

    private func string(_ cell: Cell) throws(Fault) -> Int32 {
        guard cell.tag == .string else { throw .expected(.string, cell) }
        return cell.index
    }

    private func set(_ cell: Cell) throws(Fault) -> Cell {
        guard cell.tag == .set else { throw .expected(.set, cell) }
        return cell
    }

    private func precedes(_ a: Cell, _ b: Cell) throws(Fault) -> Bool {
        let expected: Fault.Expected
        switch a.tag {
        case .long: expected = .long
        case .datetime: expected = .datetime
        case .duration: expected = .duration
        default: throw .expected(.ordered, a)
        }
        guard a.tag == b.tag else { throw .expected(expected, b) }
        return a.payload < b.payload
    }

    private func arithmetic(_ a: Cell, _ b: Cell, _ operation: (Int64, Int64) -> (partialValue: Int64, overflow: Bool))
        throws(Fault) -> Cell
    {
        let (result, overflow) = operation(try long(a), try long(b))
        guard !overflow else { throw Fault(kind: .overflow) }
        return .long(result)
    }

    // MARK: Sets, records and calls

    func composite(_ instruction: Instruction, _ values: UnsafeMutablePointer<Cell>, _ count: Int) throws(Fault) -> Cell {
        switch instruction.operation {
        case .makeSet: return makeSet(values, count)
        case .makeRecord:
            let shape = policies.shapes[Int(instruction.a)]
            let start = workspace.fields.extend(by: count)
            for (place, member) in shape.enumerated() {
                workspace.fields[start + place] = Field(name: member.name, value: values[Int(member.position)])
            }
            return Cell(tag: .record, tier: .scratch, index: Int32(start), payload: Int64(count))
        default: return try call(ExtensionFunction.allCases[Int(instruction.a)], values, count)
        }
    }

    private func makeSet(_ values: UnsafeMutablePointer<Cell>, _ count: Int) -> Cell {
        if count > 32 {
            let elements = (0..<count).map { value(values[$0]) }
            return workspace.cell(.set(Set(elements)), symbols)
        }
        let start = workspace.cells.extend(by: count)
        var distinct = 0
        for place in 0..<count {
            let isNew = (0..<distinct).allSatisfy { !isEqual(workspace.cells[start + $0], values[place]) }
            guard isNew else { continue }
            workspace.cells[start + distinct] = values[place]
            distinct += 1
        }
        return workspace.finishSet(from: start, count: distinct)
    }

    /// Calls through the same functions that the plain evaluator uses.
    private func call(_ function: ExtensionFunction, _ values: UnsafeMutablePointer<Cell>, _ count: Int) throws(Fault) -> Cell {
        var arguments: [Value] = []
        for place in 0..<count { arguments.append(value(values[place])) }
        do throws(EvaluationError) {
            return workspace.cell(try function.call(arguments), symbols)
        } catch {
            throw fault(error, function, values, count)
        }
    }

    private func fault(
        _ error: EvaluationError, _ function: ExtensionFunction, _ values: UnsafeMutablePointer<Cell>, _ count: Int
    ) -> Fault {
        let place = Int32(ExtensionFunction.allCases.firstIndex(of: function) ?? 0)
        switch error {
        case .overflow: return Fault(kind: .overflow)
        case .arity: return Fault(kind: .arity, a: place, b: Int32(count))
        case .malformed: return Fault(kind: .malformed, cell: values[0], a: place)
        case .type(let expected, let found):
            let kinds: [Fault.Expected] = [.string, .decimal, .address, .datetime, .duration]
            let misfit = (0..<count).first { value(values[$0]).typeName == found } ?? 0
            return .expected(kinds.first { $0.name == expected } ?? .string, values[misfit])
        default: return Fault(kind: .overflow)
        }
    }

    // MARK: Back to values

    func value(_ cell: Cell) -> Value {
        switch cell.tag {
        case .bool: .bool(cell.isTrue)
        case .long: .long(cell.payload)
        case .string: .string(workspace.name(cell.index, symbols))
        case .entity: .entity(workspace.uid(cell.index, symbols))
        case .decimal: .decimal(Decimal(tenThousandths: cell.payload))
        case .datetime: .datetime(Datetime(milliseconds: cell.payload))
        case .duration: .duration(Duration(milliseconds: cell.payload))
        case .address: .ip(address(cell))
        case .set: .set(Set((0..<Int(cell.payload)).map { value(cells(cell)[$0]) }))
        case .record:
            .record(
                Dictionary(
                    uniqueKeysWithValues: (0..<Int(cell.payload)).map { place in
                        let field = fields(cell)[place]
                        return (workspace.name(field.name, symbols), value(field.value))
                    }))
        }
    }

    /// The fault as the plain evaluator would have put it.
    func error(_ fault: Fault) -> EvaluationError {
        let symbols = symbols
        switch fault.kind {
        case .expected: return .type(expected: fault.expected.name, found: value(fault.cell).typeName)
        case .missingEntity: return .missingEntity(workspace.uid(fault.a, symbols))
        case .missingAttribute: return .missingAttribute(workspace.name(fault.a, symbols))
        case .missingTag: return .missingTag(workspace.name(fault.a, symbols))
        case .overflow: return .overflow
        case .arity:
            let function = ExtensionFunction.allCases[Int(fault.a)]
            return .arity(function: function.rawValue, expected: function.arity, found: Int(fault.b))
        case .malformed:
            let function = ExtensionFunction.allCases[Int(fault.a)]
            guard case .string(let text) = value(fault.cell) else { return .overflow }
            return .malformed(type: function.rawValue, text: text.string)
        }
    }
}
