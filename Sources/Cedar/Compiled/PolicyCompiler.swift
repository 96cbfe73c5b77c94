import StrictJSON

/// Turns policies into code for the machine.
struct PolicyCompiler {
    private(set) var symbols = Symbols()
    private(set) var pool = Pool(tier: .policies)
    private(set) var constants: [Cell] = []
    private(set) var code: [Instruction] = []
    private(set) var actions: [Int32] = []
    private(set) var patterns: [Pattern] = []
    /// For each record made at run time: the symbols of its names in order, and which value each is.
    private(set) var shapes: [[(name: Int32, position: Int32)]] = []
    /// How high the stack can grow.
    private(set) var stackHeight = 1
    private var height = 0

    mutating func compile(_ policy: Policy) -> CompiledPolicy {
        var compiled = CompiledPolicy(isPermit: policy.effect == .permit)
        compiled.principal = scope(policy.principal)
        compiled.resource = scope(policy.resource)
        switch policy.action {
        case .any: break
        case .equal(let reference): (compiled.exactAction, compiled.actions) = (true, actionSpan([reference]))
        case .in(let references): compiled.actions = actionSpan(references)
        }
        if case .any = policy.action {} else { compiled.anyAction = false }
        compiled.code = conditions(policy.conditions)
        return compiled
    }

    private mutating func scope(_ constraint: ScopeConstraint) -> CompiledPolicy.Scope {
        var scope = CompiledPolicy.Scope()
        if let reference = constraint.reference {
            guard let uid = reference.entity else { return CompiledPolicy.Scope(isNever: true) }
            scope.entity = symbols.entity(uid)
        }
        switch constraint.kind {
        case .is(let type), .isIn(let type, _): scope.type = symbols.string(type)
        case .equal: scope.isExact = true
        case .any, .in: break
        }
        return scope
    }

    private mutating func actionSpan(_ references: [EntityReference]) -> Span {
        let start = Int32(actions.count)
        for reference in references { if let uid = reference.entity { actions.append(symbols.entity(uid)) } }
        return Span(start: start, count: Int32(actions.count) - start)
    }

    /// Code that leaves true when all conditions hold; no code when there is none.
    private mutating func conditions(_ conditions: [Condition]) -> Span {
        let start = Int32(code.count)
        height = 0
        var exits: [Int] = []
        for (index, condition) in conditions.enumerated() {
            emit(condition.body)
            add(condition.isUnless ? .not : .assertBool, 0)
            if index < conditions.count - 1 { exits.append(add(.jumpIfFalse, -1)) }
        }
        for exit in exits { code[exit].a = Int32(code.count) }
        return Span(start: start, count: Int32(code.count) - start)
    }

    /// - Parameter change: how many more values are on the stack afterwards.
    @discardableResult
    private mutating func add(_ operation: Instruction.Operation, _ change: Int, _ a: Int32 = 0, _ b: Int32 = 0) -> Int {
        code.append(Instruction(operation: operation, a: a, b: b))
        height += change
        stackHeight = max(stackHeight, height + 1)
        return code.count - 1
    }

    private mutating func emit(_ expression: Expression) {
        switch expression.kind {
        case .literal(let value): constant(value)
        case .variable(let variable): add(Self.push(variable), 1)
        case .and(let a, let b): shortCircuit(.jumpIfFalse, a, b)
        case .or(let a, let b): shortCircuit(.jumpIfTrue, a, b)
        case .ifThenElse(let test, let then, let otherwise):
            emit(test)
            let branch = add(.branch, -1)
            emit(then)
            let end = add(.jump, -1)
            code[branch].a = Int32(code.count)
            emit(otherwise)
            code[end].a = Int32(code.count)
        case .unary(let operation, let a):
            emit(a)
            add(operation == .not ? .not : operation == .negate ? .negate : .isEmpty, 0)
        case .binary(let operation, let a, let b):
            emit(a)
            emit(b)
            add(Self.instruction(operation), -1)
        case .attribute(let a, let name): attribute(a, name)
        case .has(let a, let name):
            emit(a)
            add(.has, 0, symbols.string(name))
        case .like(let a, let pattern):
            emit(a)
            patterns.append(pattern)
            add(.like, 0, Int32(patterns.count - 1))
        case .is(let a, let type, let group): `is`(a, type, group)
        case .set, .record, .call: composite(expression)
        }
    }

    mutating func string(_ string: ExactString) -> Int32 { symbols.string(string) }
    mutating func symbol(_ uid: EntityUID) -> Int32 { symbols.entity(uid) }

    /// A literal as a cell; literals are plain.
    mutating func plainCell(_ value: Value) -> Cell { pool.cell(value, &symbols) }

    private mutating func constant(_ value: Value) {
        constants.append(pool.cell(value, &symbols))
        add(.constant, 1, Int32(constants.count - 1))
    }

    private static func push(_ variable: Variable) -> Instruction.Operation {
        switch variable {
        case .principal: .principal
        case .action: .action
        case .resource: .resource
        case .context: .context
        }
    }

    private mutating func shortCircuit(_ jump: Instruction.Operation, _ a: Expression, _ b: Expression) {
        emit(a)
        let exit = add(jump, -1)
        emit(b)
        add(.assertBool, 0)
        code[exit].a = Int32(code.count)
    }

    private mutating func attribute(_ a: Expression, _ name: ExactString) {
        let symbol = symbols.string(name)
        switch a.kind {
        case .variable(.principal): add(.principalAttribute, 1, 0, symbol)
        case .variable(.resource): add(.resourceAttribute, 1, 0, symbol)
        case .variable(.context): add(.contextAttribute, 1, 0, symbol)
        default:
            emit(a)
            add(.attribute, 0, symbol)
        }
    }

    /// `a is T in g` tests the type first, and looks at `g` only when it is that.
    private mutating func `is`(_ a: Expression, _ type: EntityType, _ group: Expression?) {
        emit(a)
        guard let group else {
            add(.isType, 0, symbols.string(type))
            return
        }
        let test = add(.typeOrFalse, 0, symbols.string(type))
        emit(group)
        add(.in, -1)
        code[test].b = Int32(code.count)
    }

    /// A set, record or call: made now when it is of constants, at run time otherwise.
    private mutating func composite(_ expression: Expression) {
        if let value = expression.constant { return constant(value) }
        switch expression.kind {
        case .set(let elements):
            for element in elements { emit(element) }
            add(.makeSet, 1 - elements.count, Int32(elements.count))
        case .record(let members):
            for (_, member) in members { emit(member) }
            let shape = members.enumerated().map { (name: symbols.string($1.0), position: Int32($0)) }
            shapes.append(shape.sorted { $0.name < $1.name })
            add(.makeRecord, 1 - members.count, Int32(shapes.count - 1))
        case .call(let function, let arguments):
            for argument in arguments { emit(argument) }
            add(
                .call, 1 - arguments.count, Int32(ExtensionFunction.allCases.firstIndex(of: function) ?? 0),
                Int32(arguments.count))
        default: break
        }
    }

    private static func instruction(_ operation: BinaryOperator) -> Instruction.Operation {
        switch operation {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .in: .in
        case .contains: .contains
        case .containsAll: .containsAll
        case .containsAny: .containsAny
        case .hasTag: .hasTag
        case .getTag: .getTag
        }
    }
}

extension Expression {
    /// The value of an expression that is made of literals only and does not err.
    var constant: Value? {
        switch kind {
        case .literal(let value): return value
        case .set(let elements):
            var values: Set<Value> = []
            for element in elements {
                guard let value = element.constant else { return nil }
                values.insert(value)
            }
            return .set(values)
        case .record(let members):
            var values: [ExactString: Value] = [:]
            for (name, member) in members {
                guard let value = member.constant else { return nil }
                values[name] = value
            }
            return .record(values)
        case .call(let function, let arguments):
            let values = arguments.compactMap(\.constant)
            return values.count == arguments.count ? try? function.call(values) : nil
        default: return nil
        }
    }
}
