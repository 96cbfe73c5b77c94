import StrictJSON

/// Checks that a policy looks no more than so many entities deep (RFC 76), so that the entities it needs can be fetched
/// in so many rounds. Every part that was typed is looked at; the parts that can't be reached have no type.
struct LevelChecker {
    private let policy: Policy
    private let types: [ObjectIdentifier: CedarType]
    private let environment: Schema.Environment
    private let level: Int
    private var found: Set<Diagnostic> = []

    init(_ policy: Policy, _ types: [ObjectIdentifier: CedarType], _ environment: Schema.Environment, _ level: Int) {
        self.policy = policy
        self.types = types
        self.environment = environment
        self.level = level
    }

    func problems() -> Set<Diagnostic> {
        var copy = self
        for condition in policy.conditions { copy.check(condition.body) }
        return copy.found
    }

    private func isReached(_ expression: Expression) -> Bool { types[ObjectIdentifier(expression)] != nil }

    private func isEntity(_ expression: Expression) -> Bool {
        switch types[ObjectIdentifier(expression)] {
        case .entity, .anyEntity: true
        default: false
        }
    }

    private mutating func check(_ expression: Expression) {
        guard isReached(expression) else { return }
        switch expression.kind {
        case .binary(.in, let a, let b), .binary(.hasTag, let a, let b), .binary(.getTag, let a, let b):
            look(into: a, from: expression)
            check(b)
        case .is(let a, _, let group?):
            look(into: a, from: expression)
            check(group)
        case .attribute(let a, _) where isEntity(a), .has(let a, _) where isEntity(a): look(into: a, from: expression)
        default: for child in expression.children { check(child) }
        }
    }

    private mutating func look(into target: Expression, from expression: Expression) {
        guard isReached(target) else { return }
        let depth = depth(target, [])
        guard depth >= level else { return }
        found.insert(
            policy.diagnostic(
                "validation.level", "this looks \(depth + 1) entities deep, and \(level) are allowed",
                hint: "copy what is needed into the request's context, or raise the level", at: expression.range))
    }

    /// How many entities were looked into to find this one. `path` are the record attributes taken of it.
    private mutating func depth(_ expression: Expression, _ path: [ExactString]) -> Int {
        guard isReached(expression) else { return 0 }
        switch expression.kind {
        case .literal(let value):
            if value != .entity(environment.action) {
                found.insert(
                    policy.diagnostic(
                        "validation.level_literal", "an entity written out can't be looked into",
                        hint: "only the principal, the action, the resource and the context are sure to be fetched",
                        at: expression.range))
            }
            return 0
        case .ifThenElse(let test, let then, let otherwise):
            check(test)
            return max(depth(then, path), depth(otherwise, path))
        case .attribute(let a, let name): return isEntity(a) ? depth(a, path) + 1 : depth(a, path + [name])
        case .binary(.getTag, let a, let b):
            check(b)
            return depth(a, path) + 1
        case .record(let members):
            for (name, member) in members where name != path.last { check(member) }
            return members.first { $0.0 == path.last }.map { depth($0.1, path.dropLast()) } ?? 0
        default: return 0
        }
    }
}
