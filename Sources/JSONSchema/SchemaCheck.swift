import StrictJSON

/// Holds a value against nodes.
struct SchemaCheck {
    typealias Misfit = JSONSchema.Misfit

    private static let mostSteps = 1_000_000
    private static let deepest = 128

    private let nodes: [SchemaNode]
    private var steps = 0
    /// Whether something could not be checked to its end: then nothing that rests on it counts, also where it is what must not be.
    private(set) var isExhausted = false

    init(_ nodes: [SchemaNode]) { self.nodes = nodes }

    /// - Throws: the first thing that does not fit.
    mutating func require(_ value: JSONValue, _ number: Int, at path: String, depth: Int = 0) throws(Misfit) {
        steps += 1
        guard steps < Self.mostSteps, depth < Self.deepest, !isExhausted else { throw exhausted(path) }
        let node = nodes[number]
        if let always = node.always {
            guard always else { throw Misfit(path: path, message: "nothing may stand here") }
            return
        }
        if let ref = node.ref { try require(value, ref, at: path, depth: depth + 1) }
        if let types = node.types, !types.contains(where: value.isOf) {
            throw Misfit(path: path, message: "\(types.joined(separator: " or ")) belongs here, not \(value.kind)")
        }
        steps += node.choices?.count ?? 0
        if let choices = node.choices, !choices.contains(value) {
            let shown = choices.prefix(10).map(JSONWriter.canonicalText).joined(separator: ", ")
            throw Misfit(path: path, message: "one of \(shown) belongs here")
        }
        if let number = value.number { try require(number, node, path) }
        if let text = value.string { try require(text, node, path) }
        if let all = value.array { try require(all, node, path, depth) }
        if let object = value.object { try require(object, node, path, depth) }
        try requireCombined(value, node, path, depth)
    }

    private mutating func fits(_ value: JSONValue, _ number: Int, at path: String, _ depth: Int) throws(Misfit) -> Bool {
        do throws(Misfit) {
            try require(value, number, at: path, depth: depth + 1)
            return true
        } catch {
            if isExhausted { throw error }
            return false
        }
    }

    private mutating func exhausted(_ path: String) -> Misfit {
        isExhausted = true
        return Misfit(path: path, message: "it takes too long to check")
    }

    private func require(_ number: SchemaNumber, _ node: SchemaNode, _ path: String) throws(Misfit) {
        let isWithin =
            node.minimum.map { !(number < $0) } ?? true && node.maximum.map { !($0 < number) } ?? true
            && node.exclusiveMinimum.map { $0 < number } ?? true && node.exclusiveMaximum.map { number < $0 } ?? true
        guard isWithin else { throw Misfit(path: path, message: "the number is out of its range") }
        guard node.multipleOf.map(number.isMultiple) ?? true else {
            throw Misfit(path: path, message: "a multiple of \(node.multipleOf?.double ?? 0) belongs here")
        }
    }

    private mutating func require(_ text: String, _ node: SchemaNode, _ path: String) throws(Misfit) {
        guard node.lengths.holds(text.unicodeScalars.count) else {
            throw Misfit(path: path, message: "\(node.lengths.words) characters belong here")
        }
        guard let pattern = node.pattern else { return }
        guard try matches(pattern, text, path) else {
            throw Misfit(path: path, message: "the text is not of the form \(pattern.text)")
        }
    }

    private mutating func matches(_ pattern: LinearPattern, _ text: String, _ path: String) throws(Misfit) -> Bool {
        guard let found = pattern.matches(text, steps: &steps, of: Self.mostSteps) else {
            throw exhausted(path)
        }
        return found
    }

    private mutating func require(_ all: [JSONValue], _ node: SchemaNode, _ path: String, _ depth: Int) throws(Misfit) {
        guard node.counts.holds(all.count) else { throw Misfit(path: path, message: "\(node.counts.words) values belong here") }
        if node.isUnique {
            // By canonical form: as many steps as there are values.
            var seen: Set<[UInt8]> = []
            steps += all.count
            for (index, one) in all.enumerated() where !seen.insert(JSONWriter.canonical(one)).inserted {
                throw Misfit(path: "\(path)/\(index)", message: "the value stands here twice")
            }
        }
        for (index, one) in all.enumerated() {
            guard let number = index < node.prefix.count ? node.prefix[index] : node.items else { continue }
            try require(one, number, at: "\(path)/\(index)", depth: depth + 1)
        }
        guard let contains = node.contains else { return }
        var count = 0
        for (index, one) in all.enumerated() where try fits(one, contains, at: "\(path)/\(index)", depth) { count += 1 }
        guard Int64(count) >= node.containing.least ?? 1, Int64(count) <= node.containing.most ?? .max else {
            throw Misfit(path: path, message: "a value of another kind is missing, or there are too many")
        }
    }

    private mutating func require(_ object: JSONObject, _ node: SchemaNode, _ path: String, _ depth: Int) throws(Misfit) {
        guard node.sizes.holds(object.members.count) else {
            throw Misfit(path: path, message: "\(node.sizes.words) members belong here")
        }
        for name in node.required where object[name] == nil { throw Misfit(path: path, message: "`\(name)` is missing") }
        for (name, others) in node.dependentRequired where object[name] != nil {
            for other in others where object[other] == nil {
                throw Misfit(path: path, message: "`\(other)` is missing, which `\(name)` needs")
            }
        }
        for member in object.members {
            let place = path + "/" + member.key.replacing("~", with: "~0").replacing("/", with: "~1")
            try require(member, node, place, depth)
        }
        for (name, number) in node.dependentSchemas where object[name] != nil {
            try require(.object(object), number, at: path, depth: depth + 1)
        }
    }

    private mutating func require(_ member: JSONObject.Member, _ node: SchemaNode, _ path: String, _ depth: Int) throws(Misfit) {
        if let names = node.names { try require(.string(member.key), names, at: path, depth: depth + 1) }
        var isKnown = false
        if let number = node.properties[ExactString(member.key)] {
            isKnown = true
            try require(member.value, number, at: path, depth: depth + 1)
        }
        for (pattern, number) in node.patterns where try matches(pattern, member.key, path) {
            isKnown = true
            try require(member.value, number, at: path, depth: depth + 1)
        }
        if !isKnown, let additional = node.additional {
            if nodes[additional].always == false { throw Misfit(path: path, message: "there is no such member") }
            try require(member.value, additional, at: path, depth: depth + 1)
        }
    }

    private mutating func requireCombined(_ value: JSONValue, _ node: SchemaNode, _ path: String, _ depth: Int) throws(Misfit) {
        for number in node.all { try require(value, number, at: path, depth: depth + 1) }
        if let any = node.any {
            var (found, first): (Bool, Misfit?) = (false, nil)
            for number in any where !found {
                do throws(Misfit) {
                    try require(value, number, at: path, depth: depth + 1)
                    found = true
                } catch {
                    if isExhausted { throw error }
                    first = first ?? error
                }
            }
            if !found { throw first ?? Misfit(path: path, message: "nothing may stand here") }
        }
        if let one = node.one {
            var count = 0
            for number in one where try fits(value, number, at: path, depth) { count += 1 }
            guard count == 1 else {
                throw Misfit(
                    path: path, message: count == 0 ? "it is none of what may stand here" : "it could be more than one thing")
            }
        }
        if let not = node.not, try fits(value, not, at: path, depth) {
            throw Misfit(path: path, message: "this is what may not stand here")
        }
        guard let condition = node.condition else { return }
        guard let next = try fits(value, condition.test, at: path, depth) ? condition.then : condition.otherwise else { return }
        try require(value, next, at: path, depth: depth + 1)
    }
}
