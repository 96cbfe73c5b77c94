public import StrictJSON

extension PolicySet {
    /// Checks that the set is monotone in an attribute of the context, whose own attributes are numbers and sets that only
    /// grow: more of it may turn a denial into a permission, and never the other way.
    ///
    /// - Returns: each place where more could take a right away, or where that can't be ruled out.
    public func obstaclesToMonotonicity(in attribute: ExactString) -> [Diagnostic] {
        (staticPolicies + templates).flatMap { policy in
            var checker = MonotonicityChecker(policy, attribute)
            checker.check()
            return checker.found
        }
    }
}

/// Follows which way each part of a policy moves when the attribute grows. A permit's condition may only come true by it,
/// a forbid's only come false.
private struct MonotonicityChecker {
    private enum Direction {
        case up, down

        var opposite: Direction { self == .up ? .down : .up }
    }

    private let policy: Policy
    private let attribute: ExactString
    private(set) var found: [Diagnostic] = []

    init(_ policy: Policy, _ attribute: ExactString) {
        self.policy = policy
        self.attribute = attribute
    }

    mutating func check() {
        let wanted: Direction = policy.effect == .permit ? .up : .down
        var isGuarded = false
        for condition in policy.conditions {
            if isGuarded { refuseErrors(condition.body) }
            require(condition.body, condition.isUnless ? wanted.opposite : wanted)
            isGuarded = isGuarded || depends(condition.body)
        }
    }

    /// What can fail may not be reached only once there is more: whoever denies on an error would take a right away then.
    private mutating func refuseErrors(_ expression: Expression) {
        if mayErr(expression) {
            found.append(
                policy.diagnostic(
                    "policy.not_monotone",
                    "with more of `context.\(attribute)` this is reached, and it can fail: `\(PolicyWriter.text(expression))`",
                    hint: "put it before what asks for approvals, so that it fails with few as with many", at: expression.range))
        } else {
            for child in expression.children { refuseErrors(child) }
        }
    }

    /// Whether this node itself can fail in a strictly valid policy: by overflow, or because an entity is absent. The principal,
    /// the resource and the context are there.
    private func mayErr(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .unary(.negate, _), .binary(.add, _, _), .binary(.subtract, _, _), .binary(.multiply, _, _), .binary(.getTag, _, _):
            true
        case .call(let function, _): [.offset, .durationSince, .toDate].contains(function)
        case .attribute(let subject, _): !isPresent(subject)
        default: false
        }
    }

    private func isPresent(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .variable, .record: true
        case .attribute(let subject, _): isContext(subject)
        default: false
        }
    }

    private func isContext(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .variable(let variable): variable == .context
        case .attribute(let subject, _): isContext(subject)
        default: false
        }
    }

    /// Whether the expression depends on the attribute at all.
    private func depends(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .variable(let variable): variable == .context
        case .attribute(let subject, let name), .has(let subject, let name):
            if case .variable(.context) = subject.kind { name == attribute && !isHas(expression) } else { depends(subject) }
        default: expression.children.contains { depends($0) }
        }
    }

    private func isHas(_ expression: Expression) -> Bool { if case .has = expression.kind { true } else { false } }

    /// Whether it is `context.attribute`.
    private func isRoot(_ expression: Expression) -> Bool {
        if case .attribute(let subject, attribute) = expression.kind, case .variable(.context) = subject.kind {
            true
        } else {
            false
        }
    }

    private mutating func require(_ expression: Expression, _ direction: Direction) {
        guard depends(expression) else { return }
        switch expression.kind {
        case .and(let a, let b), .or(let a, let b):
            if depends(a) { refuseErrors(b) }
            require(a, direction)
            require(b, direction)
        case .unary(.not, let a), .unary(.isEmpty, let a): require(a, direction.opposite)
        case .ifThenElse(let test, let then, let otherwise):
            if depends(test) { report(test) }
            require(then, direction)
            require(otherwise, direction)
        case .attribute(let subject, _) where isRoot(subject): if direction == .down { report(expression, isReverse: true) }
        case .has(let subject, _) where isRoot(subject): break
        case .binary(let operation, let a, let b): binary(expression, operation, a, b, direction)
        default: report(expression)
        }
    }

    private mutating func binary(
        _ expression: Expression, _ operation: BinaryOperator, _ a: Expression, _ b: Expression, _ direction: Direction
    ) {
        switch operation {
        case .greater, .greaterOrEqual, .containsAll:
            require(a, direction)
            require(b, direction.opposite)
        case .less, .lessOrEqual:
            require(a, direction.opposite)
            require(b, direction)
        case .containsAny:
            require(a, direction)
            require(b, direction)
        case .contains where !depends(b): require(a, direction)
        case .in where !depends(a): require(b, direction)
        default: report(expression)
        }
    }

    private mutating func report(_ expression: Expression, isReverse: Bool = false) {
        let what = "`\(PolicyWriter.text(expression))`"
        let message =
            isReverse
            ? "more of `context.\(attribute)` could take a right away here: \(what) works against it"
            : "it can't be told that more of `context.\(attribute)` never takes a right away: \(what)"
        found.append(
            policy.diagnostic(
                "policy.not_monotone", message,
                hint: "ask for enough, as in `context.\(attribute).count >= 2`, and never for little",
                at: expression.range))
    }
}
