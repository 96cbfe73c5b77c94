/// Finds the policies that could apply to a request without looking at the others.
///
/// Each policy stands under one of the things its head or the leading conjuncts of its first `when` ask for: an entity,
/// a type, or the value of a path such as `resource.tenant`; under the one that the fewest policies share. A request
/// is looked up under all that it is: its principal, action and resource, what they are in, their types, and the values
/// of the paths. What asks for nothing of the kind is always a candidate.
struct PolicyIndex: Sendable {
    /// `variable.name.name…`.
    struct Path: Hashable, Sendable {
        let variable: Variable
        let names: [Int32]
    }

    /// A plain value, as a key.
    struct Key: Hashable, Sendable {
        let tag: UInt8
        let index: Int32
        let payload: Int64

        init(_ cell: Cell) { (tag, index, payload) = (cell.tag.rawValue, cell.index, cell.payload) }
    }

    struct PathTable: Sendable {
        let path: Path
        var byValue: [Key: Span] = [:]
        /// All policies under this path: where it can't be evaluated, each of them must be, to report its error.
        var all = Span()
    }

    private(set) var items: [Int32] = []
    /// By symbol.
    private(set) var principals: [Span] = []
    private(set) var resources: [Span] = []
    private(set) var actions: [Span] = []
    private(set) var principalTypes: [Span] = []
    private(set) var resourceTypes: [Span] = []
    private(set) var paths: [PathTable] = []
    private(set) var always = Span()

    /// How many paths are looked up: each costs every request.
    private static let maximumPaths = 8

    /// What a policy can stand under; it stands under all keys of the group chosen.
    enum Term: Hashable {
        case principal(Int32), resource(Int32), action(Int32), principalType(Int32), resourceType(Int32)
        case path(Path, Key)
    }

    init(_ terms: [[[Term]]], entities: Int, strings: Int) {
        let usable = Self.withoutRarePaths(terms)
        var counts: [Term: Int] = [:]
        for groups in usable { for group in groups { for term in group { counts[term, default: 0] += 1 } } }
        var buckets: [Term: [Int32]] = [:]
        var rest: [Int32] = []
        for (policy, groups) in usable.enumerated() {
            func cost(_ group: [Term]) -> Int { group.reduce(0) { $0 + (counts[$1] ?? 0) } }
            // The first of the cheapest, so that the choice does not depend on any order of hashing.
            guard let best = groups.min(by: { cost($0) < cost($1) }) else {
                rest.append(Int32(policy))
                continue
            }
            for term in best { buckets[term, default: []].append(Int32(policy)) }
        }
        always = add(rest)
        principals = Array(repeating: Span(), count: entities)
        (resources, actions) = (principals, principals)
        principalTypes = Array(repeating: Span(), count: strings)
        resourceTypes = principalTypes
        for (term, policies) in buckets { place(term, policies) }
        for place in paths.indices {
            let all = paths[place].byValue.values.flatMap { items[Int($0.start)..<Int($0.end)] }
            paths[place].all = add(all)
        }
    }

    private mutating func add(_ policies: [Int32]) -> Span {
        items += policies
        return Span(start: Int32(items.count - policies.count), count: Int32(policies.count))
    }

    private mutating func place(_ term: Term, _ policies: [Int32]) {
        let span = add(policies)
        switch term {
        case .principal(let symbol): principals[Int(symbol)] = span
        case .resource(let symbol): resources[Int(symbol)] = span
        case .action(let symbol): actions[Int(symbol)] = span
        case .principalType(let symbol): principalTypes[Int(symbol)] = span
        case .resourceType(let symbol): resourceTypes[Int(symbol)] = span
        case .path(let path, let key):
            let known = paths.firstIndex { $0.path == path }
            if known == nil { paths.append(PathTable(path: path)) }
            paths[known ?? paths.count - 1].byValue[key] = span
        }
    }

    /// Keeps the paths that most policies ask for.
    private static func withoutRarePaths(_ terms: [[[Term]]]) -> [[[Term]]] {
        var uses: [Path: (count: Int, first: Int)] = [:]
        for (policy, groups) in terms.enumerated() {
            for case .path(let path, _)? in groups.map(\.first) { uses[path, default: (0, policy)].count += 1 }
        }
        guard uses.count > maximumPaths else { return terms }
        let kept = Set(
            uses.sorted { $0.value.count != $1.value.count ? $0.value.count > $1.value.count : $0.value.first < $1.value.first }
                .prefix(maximumPaths).map(\.key))
        return terms.map { groups in
            groups.filter { group in if case .path(let path, _)? = group.first { kept.contains(path) } else { true } }
        }
    }
}

extension PolicyCompiler {
    /// What a policy asks for, each group enough to find it by.
    mutating func terms(_ policy: Policy, _ compiled: CompiledPolicy) -> [[PolicyIndex.Term]] {
        var groups: [[PolicyIndex.Term]] = []
        if compiled.principal.entity >= 0 { groups.append([.principal(compiled.principal.entity)]) }
        if compiled.resource.entity >= 0 { groups.append([.resource(compiled.resource.entity)]) }
        for condition in policy.conditions {
            guard !condition.isUnless, leadingTerms(condition.body, &groups) else { break }
        }
        if !compiled.anyAction {
            let span = compiled.actions
            groups.append(Set(actions[Int(span.start)..<Int(span.end)]).sorted().map { .action($0) })
        }
        if compiled.principal.type >= 0 { groups.append([.principalType(compiled.principal.type)]) }
        if compiled.resource.type >= 0 { groups.append([.resourceType(compiled.resource.type)]) }
        return groups
    }

    /// Adds what the leading conjuncts ask for.
    ///
    /// - Returns: whether the conjuncts after these can still be used: those before them can't err, or were used
    ///   themselves, so that wherever they err the policy is a candidate.
    private mutating func leadingTerms(_ expression: Expression, _ groups: inout [[PolicyIndex.Term]]) -> Bool {
        switch expression.kind {
        case .and(let a, let b): return leadingTerms(a, &groups) && leadingTerms(b, &groups)
        case .binary(.equal, let a, let b): return equality(a, b, &groups) || equality(b, a, &groups)
        case .binary(.in, let a, let b):
            guard case .variable(let variable) = a.kind, variable != .context, case .literal(.entity(let group)) = b.kind else {
                return false
            }
            add(variable, symbol(group), &groups)
            return true
        case .is(let a, let type, nil):
            guard case .variable(let variable) = a.kind, variable == .principal || variable == .resource else { return false }
            let symbol = string(type)
            groups.append([variable == .principal ? .principalType(symbol) : .resourceType(symbol)])
            return true
        default: return false
        }
    }

    private mutating func equality(_ a: Expression, _ b: Expression, _ groups: inout [[PolicyIndex.Term]]) -> Bool {
        guard case .literal(let value) = b.kind else { return false }
        if case .variable(let variable) = a.kind, variable != .context {
            guard case .entity(let uid) = value else { return false }
            add(variable, symbol(uid), &groups)
            return true
        }
        guard let path = path(a) else { return false }
        groups.append([.path(path, PolicyIndex.Key(plainCell(value)))])
        // A policy found under this path is also found where the path errs, but under no other term: it must be the last.
        return false
    }

    private func add(_ variable: Variable, _ symbol: Int32, _ groups: inout [[PolicyIndex.Term]]) {
        switch variable {
        case .principal: groups.append([.principal(symbol)])
        case .resource: groups.append([.resource(symbol)])
        case .action: groups.append([.action(symbol)])
        case .context: break
        }
    }

    private mutating func path(_ expression: Expression) -> PolicyIndex.Path? {
        var names: [Int32] = []
        var next = expression
        while case .attribute(let subject, let name) = next.kind {
            names.insert(string(name), at: 0)
            next = subject
        }
        guard case .variable(let variable) = next.kind, variable != .action, !names.isEmpty else { return nil }
        return PolicyIndex.Path(variable: variable, names: names)
    }
}
