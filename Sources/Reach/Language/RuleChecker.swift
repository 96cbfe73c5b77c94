/// Checks statements against each other and compiles the rules.
struct RuleChecker {
    private(set) var relations: [Relation] = []
    private(set) var numbers: [String: RelationID] = [:]
    private(set) var rules: [Rule] = []
    private(set) var facts: [NamedFact] = []
    private(set) var problems: [RuleProblem] = []
    private var written: [WrittenRule] = []
    private var stated: [Atom] = []
    /// The relations with rules of their own.
    private var derived: Set<String> = []

    mutating func read(_ parser: RuleParser) {
        problems += parser.problems
        for statement in parser.statements {
            switch statement {
            case .relation(let relation, let place): declare(relation, place)
            case .rule(let rule): written.append(rule)
            case .fact(let atom): stated.append(atom)
            }
        }
    }

    private mutating func declare(_ relation: Relation, _ place: Place) {
        if relation.name == "become" {
            problems.append(RuleProblem(.redeclared, "`become` is built in", at: place))
        } else if let number = numbers[relation.name] {
            guard relations[Int(number)] != relation else { return }
            problems.append(
                RuleProblem(
                    .redeclared, "`\(relation.name)` is declared otherwise already", at: place,
                    hint: "make the declarations equal"))
        } else if relations.count >= Int(RelationID.max) {
            problems.append(RuleProblem(.limit, "too many relations", at: place))
        } else {
            numbers[relation.name] = RelationID(relations.count)
            relations.append(relation)
        }
    }

    mutating func check() {
        derived = Set(written.map(\.head.relation)).subtracting(["become"])
        for rule in written {
            do throws(RuleProblem) { rules.append(try compile(rule)) } catch { problems.append(error) }
        }
        for atom in stated {
            do throws(RuleProblem) { facts.append(try fact(atom)) } catch { problems.append(error) }
        }
    }

    private func fact(_ atom: Atom) throws(RuleProblem) -> NamedFact {
        guard atom.relation != "become" else {
            throw RuleProblem(.become, "`become` is what rules conclude, not a fact", at: atom.place)
        }
        _ = try relation(atom)
        let names = atom.terms.compactMap { if case .node(let name) = $0 { name } else { nil } }
        return NamedFact(atom.relation, names[0], names.count > 1 ? names[1] : nil)
    }

    /// The relation an atom is of, with as many places as the atom has terms.
    private func relation(_ atom: Atom) throws(RuleProblem) -> RelationID {
        guard let number = numbers[atom.relation] else {
            throw RuleProblem(
                .unknownRelation, "no relation `\(atom.relation)` is declared", at: atom.place,
                hint: "declare it: relation \(atom.relation)(\(atom.terms.count == 1 ? "who" : "who, what")).")
        }
        let places = relations[Int(number)].words.count
        guard places == atom.terms.count else {
            throw RuleProblem(
                .arity, "`\(atom.relation)` has \(places) place\(places == 1 ? "" : "s"), not \(atom.terms.count)", at: atom.place
            )
        }
        return number
    }

    private func compile(_ rule: WrittenRule) throws(RuleProblem) -> Rule {
        let taker = try taker(of: rule)
        for atom in rule.body { try checkCondition(atom, taker) }
        let scope = try bindVariables(rule, taker)
        let about = rule.body.filter { $0.variables.contains(taker) }
        let held = holders(about)
        guard !held.isEmpty else {
            throw RuleProblem(.taker, "no condition says what the taker `?\(taker)` holds", at: rule.head.place)
        }
        let narrowing = about.filter { atom in !held.contains { $0.place == atom.place } }
        if let bad = about.first(where: { derived.contains($0.relation) }), let first = narrowing.first {
            throw RuleProblem(
                .derived, "`\(bad.relation)` has rules of its own, so its holder can't be narrowed", at: first.place,
                hint: "narrow it in its own rules")
        }
        let gives: RelationID? = rule.head.relation == "become" ? nil : try relation(rule.head)
        return Rule(
            id: rules.count, holdings: try held.map2 { atom throws(RuleProblem) in try holding(atom, taker, scope) },
            narrowings: try narrowing.map2 { atom throws(RuleProblem) in try self.narrowing(atom, taker, scope) },
            lookups: try rule.body.filter { !$0.variables.contains(taker) }.map2 { atom throws(RuleProblem) in
                Lookup(relation: try relation(atom), terms: atom.terms.map { term($0, scope) }, isNegated: atom.isNegated)
            },
            gives: gives, object: rule.head.terms.count == 2 ? term(rule.head.terms[1], scope) : nil, variables: scope.count,
            because: rule.because,
            source: rule.source, place: rule.head.place)
    }

    private func taker(of rule: WrittenRule) throws(RuleProblem) -> String {
        let head = rule.head
        if head.relation != "become" {
            let number = try relation(head)
            guard !relations[Int(number)].isRestriction else {
                throw RuleProblem(.restriction, "a restriction can't be concluded, only read", at: head.place)
            }
        }
        guard head.relation != "become" || head.terms.count == 2 else {
            throw RuleProblem(.arity, "`become` has two places", at: head.place)
        }
        guard case .variable(let taker) = head.terms[0] else {
            throw RuleProblem(.taker, "the first term of a head is the taker: a variable", at: head.place)
        }
        guard head.terms.count == 1 || head.terms[1] != head.terms[0] else {
            throw RuleProblem(.taker, "the taker stands twice in the head", at: head.place)
        }
        return taker
    }

    private func checkCondition(_ atom: Atom, _ taker: String) throws(RuleProblem) {
        guard atom.relation != "become" else {
            throw RuleProblem(
                .become, "`become` can't be a condition", at: atom.place,
                hint: "leave it out: whoever controls a node holds what it holds")
        }
        let isRestriction = relations[Int(try relation(atom))].isRestriction
        guard atom.isNegated == isRestriction else {
            throw RuleProblem(
                .restriction,
                isRestriction ? "a restriction stands behind `not` only" : "`not` stands before restrictions only",
                at: atom.place,
                hint: isRestriction ? nil : "declare `\(atom.relation)` as a restriction if its absence gives something")
        }
        guard atom.variables.count(where: { $0 == taker }) <= 1 else {
            throw RuleProblem(.taker, "the taker stands twice in one condition", at: atom.place)
        }
        guard derived.contains(atom.relation) else { return }
        guard case .variable(taker)? = atom.terms.first else {
            throw RuleProblem(
                .derived, "`\(atom.relation)` has rules of its own: only the taker can hold it", at: atom.place,
                hint: "write the taker first: \(atom.relation)(?\(taker)\(atom.terms.count == 2 ? ", …" : ""))")
        }
    }

    /// The conditions on the taker that must be held: those with two places, or else the first with one.
    private func holders(_ about: [Atom]) -> [Atom] {
        let positive = about.filter { !$0.isNegated }
        let wide = positive.filter { $0.terms.count == 2 }
        return wide.isEmpty ? Array(positive.prefix(1)) : wide
    }

    /// Numbers the variables that positive conditions bind, and refuses all others.
    private func bindVariables(_ rule: WrittenRule, _ taker: String) throws(RuleProblem) -> [String: Int] {
        var scope: [String: Int] = [:]
        for atom in rule.body where !atom.isNegated {
            for name in atom.variables where name != taker && scope[name] == nil { scope[name] = scope.count }
        }
        for atom in [rule.head] + rule.body.filter(\.isNegated) {
            for name in atom.variables where name != taker && scope[name] == nil {
                throw RuleProblem(
                    .unbound, "no condition says what `?\(name)` is", at: atom.place,
                    hint: "name it in a condition without `not`")
            }
        }
        return scope
    }

    private func term(_ term: Term, _ scope: [String: Int]) -> RuleTerm {
        switch term {
        case .variable(let name): .variable(scope[name] ?? -1)
        case .node(let name): .node(name)
        }
    }

    /// Where the taker stands in the atom, and what stands in the other place.
    private func split(_ atom: Atom, _ taker: String, _ scope: [String: Int]) -> (place: Int, other: RuleTerm?) {
        let place = atom.terms.firstIndex(of: .variable(taker)) ?? 0
        return (place, atom.terms.count == 2 ? term(atom.terms[1 - place], scope) : nil)
    }

    private func holding(_ atom: Atom, _ taker: String, _ scope: [String: Int]) throws(RuleProblem) -> Holding {
        let (place, other) = split(atom, taker, scope)
        return Holding(
            relation: try relation(atom), place: place, object: other, isDerived: derived.contains(atom.relation))
    }

    private func narrowing(_ atom: Atom, _ taker: String, _ scope: [String: Int]) throws(RuleProblem) -> Narrowing {
        let (place, other) = split(atom, taker, scope)
        return Narrowing(relation: try relation(atom), place: place, other: other, isNegated: atom.isNegated)
    }
}

extension Sequence {
    /// `map` that keeps the type of the error.
    fileprivate func map2<T>(_ transform: (Element) throws(RuleProblem) -> T) throws(RuleProblem) -> [T] {
        var result: [T] = []
        for element in self { result.append(try transform(element)) }
        return result
    }
}
