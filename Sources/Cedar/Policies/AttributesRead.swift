public import StrictJSON

extension PolicySet {
    /// The names of the attributes that policies look at, on anything but the context.
    public var attributesRead: Set<ExactString> {
        var names: Set<ExactString> = []
        for policy in staticPolicies + templates { for condition in policy.conditions { condition.body.collect(&names) } }
        return names
    }
}

extension Expression {
    fileprivate func collect(_ names: inout Set<ExactString>) {
        switch kind {
        case .attribute(let subject, let name), .has(let subject, let name):
            if !subject.isContext { names.insert(name) }
        default: break
        }
        for child in children { child.collect(&names) }
    }

    /// Whether it is the context or something in it, before any entity is followed.
    private var isContext: Bool {
        switch kind {
        case .variable(.context): true
        case .attribute(let subject, _): subject.isContext
        default: false
        }
    }
}

extension PolicySet {
    /// The texts that policies compare attributes with, by the attribute's name.
    public var literalsByAttribute: [ExactString: Set<String>] {
        var found: [ExactString: Set<String>] = [:]
        for policy in staticPolicies + templates { for condition in policy.conditions { condition.body.collectLiterals(&found) } }
        return found
    }
}

extension Expression {
    fileprivate func collectLiterals(_ found: inout [ExactString: Set<String>]) {
        if case .binary(_, let a, let b) = kind {
            for (subject, literal) in [(a, b), (b, a)] {
                guard case .attribute(_, let name) = subject.kind else { continue }
                found[name, default: []].formUnion(literal.texts)
            }
        }
        for child in children { child.collectLiterals(&found) }
    }

    private var texts: [String] {
        if case .literal(.string(let text)) = kind { return [text.string] }
        if case .set = kind { return children.flatMap(\.texts) }
        return []
    }
}
