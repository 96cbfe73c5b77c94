import StrictJSON

extension Schema {
    /// What validation found.
    public struct Findings: Sendable {
        /// Errors by place, then what belongs to no place.
        public let errors: [Diagnostic]
        public let warnings: [Diagnostic]
        public var isValid: Bool { errors.isEmpty }
    }

    /// Checks every policy, template and link against the schema, in every environment it could apply in.
    ///
    /// The level is how many entities deep policies may look (RFC 76), nil for no limit: at level 1, `principal.team` may
    /// be read, and `principal.team.lead` may not.
    public func validate(_ policies: PolicySet, mode: ValidationMode = .strict, level: Int? = nil) -> Findings {
        let validator = Validator(self, mode, level)
        var found: [Diagnostic] = []
        for policy in policies.staticPolicies + policies.templates { found += validator.check(policy) }
        for policy in policies.policies where policy.template != nil { found += validator.checkLink(policy) }
        found.sort(by: Diagnostics.precedes)
        return Findings(errors: found.filter { $0.severity == .error }, warnings: found.filter { $0.severity == .warning })
    }
}

/// Checks single policies.
struct Validator {
    let schema: Schema
    let mode: ValidationMode
    let level: Int?
    private let environments: [Schema.Environment]
    private let entityNames: [String]

    init(_ schema: Schema, _ mode: ValidationMode, _ level: Int?) {
        self.schema = schema
        self.mode = mode
        self.level = level
        environments = schema.environments
        entityNames = schema.entityTypes.keys.map(\.string).sorted()
    }

    func check(_ policy: Policy) -> [Diagnostic] {
        var found = NameCheck(schema, policy, entityNames).problems()
        // A head that names what does not exist applies to nothing: that needs no second message.
        if found.isEmpty { found += application(policy) }
        var isPossible = false
        var problems: Set<Diagnostic> = []
        if mode == .strict, case .in(let actions) = policy.action { problems.formUnion(check(actions, policy)) }
        for environment in environments where mayApply(policy, environment) {
            var checker = Typechecker(schema, mode, environment, policy, keepTypes: level != nil)
            let typing = checker.conditions()
            problems.formUnion(checker.problems)
            if typing.type != .false || !typing.isValid { isPossible = true }
            if let level, let types = checker.types {
                problems.formUnion(LevelChecker(policy, types, environment, level).problems())
            }
        }
        found += Self.merged(problems)
        if !isPossible, found.isEmpty {
            found.append(
                policy.diagnostic(
                    "validation.impossible", "this policy applies to no request that the schema allows", severity: .warning,
                    at: .none))
        }
        return found + TextWarnings.warnings(policy)
    }

    /// One message for each place and kind, though several environments may have their own.
    private static func merged(_ problems: Set<Diagnostic>) -> [Diagnostic] {
        struct Place: Hashable {
            let code: String
            let start: SourcePosition?
            let end: SourcePosition?
        }
        return Dictionary(grouping: problems) { Place(code: $0.code, start: $0.start, end: $0.end) }.values.compactMap { alike in
            let ordered = alike.sorted { ($0.hint == nil ? 1 : 0, $0.message) < ($1.hint == nil ? 1 : 0, $1.message) }
            return ordered.first.map { $0.count(alike.count) }
        }
    }

    /// The strict validator asks of the actions of a head what it asks of every set.
    private func check(_ actions: [EntityReference], _ policy: Policy) -> [Diagnostic] {
        if actions.isEmpty { return [policy.diagnostic("validation.empty_set", "the set of actions is empty", at: .none)] }
        let types = Set(actions.compactMap { $0.entity?.type }).sorted()
        guard types.count > 1 else { return [] }
        let names = types.map { "`\($0)`" }.joined(separator: " and ")
        return [
            policy.diagnostic(
                "validation.incompatible_types", "the types \(names) don't go together",
                hint: "write a policy for each namespace",
                at: actions[0].range)
        ]
    }

    /// What can be wrong with a link beyond what is wrong with its template: what the slots are filled with.
    func checkLink(_ policy: Policy) -> [Diagnostic] {
        let filled = [policy.principal, policy.resource].compactMap { $0.reference?.entity }
        let unknown = filled.filter { !schema.isKnown($0.type) }.map { uid in
            policy.diagnostic("validation.unknown_entity_type", "there is no entity type `\(uid.type)`", at: .none)
        }
        return unknown + application(policy)
    }

    // MARK: The head

    /// Whether the head can match in the environment, as far as types tell.
    private func mayApply(_ policy: Policy, _ environment: Schema.Environment) -> Bool {
        mayBe(policy.principal, environment.principal) && mayBe(policy.resource, environment.resource)
            && mayBe(policy.action, environment.action)
    }

    private func mayBe(_ constraint: ScopeConstraint, _ type: EntityType) -> Bool {
        func isIn(_ reference: EntityReference) -> Bool {
            reference.entity.map { schema.entityTypes[$0.type] == nil || schema.canBe([type], in: [$0.type]) } ?? true
        }
        return switch constraint.kind {
        case .any: true
        case .equal(let reference): reference.entity.map { $0.type == type || schema.entityTypes[$0.type] == nil } ?? true
        case .in(let reference): isIn(reference)
        case .is(let other): other == type
        case .isIn(let other, let reference): other == type && isIn(reference)
        }
    }

    private func mayBe(_ constraint: ActionConstraint, _ action: EntityUID) -> Bool {
        switch constraint {
        case .any: true
        case .equal(let reference): reference.entity == action
        case .in(let references):
            references.compactMap(\.entity).contains {
                $0 == action || schema.actions[action]?.ancestors.contains($0) == true
            }
        }
    }

    /// Whether some action applies to a principal and a resource that the head allows.
    private func application(_ policy: Policy) -> [Diagnostic] {
        let (principals, resources) = (types(policy.principal), types(policy.resource))
        let applies = schema.actions.values.contains { action in
            (principals.map { !$0.isDisjoint(with: action.principals) } ?? !action.principals.isEmpty)
                && (resources.map { !$0.isDisjoint(with: action.resources) } ?? !action.resources.isEmpty)
                && mayBe(policy.action, action.uid)
        }
        guard !applies else { return [] }
        return [
            policy.diagnostic(
                "validation.inapplicable", "no action applies to such a principal and resource",
                hint: "compare the head with `appliesTo` of its actions; `==` asks for the very entity, `in` for its members too",
                at: .none)
        ]
    }

    /// The entity types that the constraint allows; nil for all.
    private func types(_ constraint: ScopeConstraint) -> Set<EntityType>? {
        switch constraint.kind {
        case .any: nil
        case .equal(let reference): reference.entity.map { [$0.type] }
        case .in(let reference): reference.entity.map { below($0.type) }
        case .is(let type): schema.isKnown(type) ? [type] : []
        case .isIn(let type, let reference):
            reference.entity.map { below($0.type).contains(type) ? [type] : [] } ?? (schema.isKnown(type) ? [type] : [])
        }
    }

    private func below(_ type: EntityType) -> Set<EntityType> {
        Set(schema.entityTypes.values.lazy.filter { $0.ancestors.contains(type) }.map(\.name)).union([type])
    }
}

/// Finds the names in a policy that the schema does not have, in all of its parts, reached or not.
private struct NameCheck {
    private let schema: Schema
    private let policy: Policy
    private let entityNames: [String]
    private var found: [Diagnostic] = []

    init(_ schema: Schema, _ policy: Policy, _ entityNames: [String]) {
        self.schema = schema
        self.policy = policy
        self.entityNames = entityNames
    }

    func problems() -> [Diagnostic] {
        var copy = self
        for constraint in [policy.principal, policy.resource] {
            if let reference = constraint.reference, let uid = reference.entity { copy.check(uid, reference.range) }
            switch constraint.kind {
            case .is(let type), .isIn(let type, _): copy.check(type, constraint.range)
            default: break
            }
        }
        switch policy.action {
        case .any: break
        case .equal(let reference): if let uid = reference.entity { copy.check(uid, reference.range) }
        case .in(let references):
            for reference in references { if let uid = reference.entity { copy.check(uid, reference.range) } }
        }
        for condition in policy.conditions { copy.walk(condition.body) }
        return copy.found
    }

    private mutating func walk(_ expression: Expression) {
        switch expression.kind {
        case .literal(.entity(let uid)): check(uid, expression.range)
        case .is(_, let type, _): check(type, expression.range)
        default: break
        }
        for child in expression.children { walk(child) }
    }

    private mutating func check(_ type: EntityType, _ range: SourceRange) {
        guard !schema.isKnown(type) else { return }
        add("unknown_entity_type", "there is no entity type `\(type)`", near: type.string, entityNames, range)
    }

    private mutating func check(_ uid: EntityUID, _ range: SourceRange) {
        if uid.isAction {
            guard schema.actions[uid] == nil else { return }
            add(
                "unknown_action", "there is no action `\(uid)`", near: uid.description,
                schema.actions.keys.map(\.description).sorted(), range)
        } else if let ids = schema.entityTypes[uid.type]?.enumeration {
            guard !ids.contains(uid.id) else { return }
            add("unknown_id", "`\(uid.type)` has no entity `\(uid.id)`", near: uid.id.string, ids.map(\.string).sorted(), range)
        } else {
            check(uid.type, range)
        }
    }

    private mutating func add(_ code: String, _ message: String, near name: String, _ known: [String], _ range: SourceRange) {
        let hint = Suggestion.nearest(to: name, in: known).map { "did you mean `\($0)`?" }
        found.append(policy.diagnostic("validation." + code, message, hint: hint, at: range))
    }
}

extension Diagnostic {
    /// Says that there are more like it at the same place.
    fileprivate func count(_ count: Int) -> Diagnostic {
        guard count > 1 else { return self }
        return Diagnostic(
            code, message + " (and \(count - 1) more like it in other environments)", hint: hint, severity: severity,
            start: start, end: end,
            policy: policy)
    }
}
