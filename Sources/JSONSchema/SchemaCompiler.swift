import StrictJSON

/// Makes nodes of a schema, each place once, as they are referred to.
struct SchemaCompiler {
    typealias Problem = JSONSchema.Problem

    private static let most = 5_000
    private static let deepest = 200
    /// What can't be checked here, or was meant for schemas of schemas.
    private static let refused: Set<String> = [
        "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary", "dependencies", "unevaluatedItems",
        "unevaluatedProperties",
    ]

    private let document: JSONValue
    private var places: [ExactString: Int] = [:]
    private var anchors: [ExactString: String] = [:]
    private var nodes: [SchemaNode?] = []
    private var depth = 0
    /// Where a part has an identity of its own: what is referred to from there would be looked for there.
    private var identified: String?
    /// Where an anchor stands that stands elsewhere, too.
    private var twice: String?

    init(_ document: JSONValue) {
        self.document = document
        find(document, "", 0)
    }

    var finished: [SchemaNode] { nodes.compactMap { $0 } }

    /// Finds the anchors, wherever they stand.
    private mutating func find(_ json: JSONValue, _ path: String, _ depth: Int) {
        guard depth < 64 else { return }
        switch json {
        case .object(let object):
            if object["$id"]?.string != nil, !path.isEmpty { identified = path }
            if let anchor = object["$anchor"]?.string, anchors.updateValue(path, forKey: ExactString(anchor)) != nil {
                twice = path
            }
            for member in object.members { find(member.value, path + "/" + Self.escaped(member.key), depth + 1) }
        case .array(let all): for (index, one) in all.enumerated() { find(one, "\(path)/\(index)", depth + 1) }
        default: break
        }
    }

    private static func escaped(_ key: String) -> String { key.replacing("~", with: "~0").replacing("/", with: "~1") }

    /// The number of the schema at a place, which is read if it was not yet.
    mutating func node(at path: String) throws(Problem) -> Int {
        if let identified { throw Problem(path: identified + "/$id", message: "only the whole schema may have an `$id`") }
        if let twice { throw Problem(path: twice + "/$anchor", message: "the anchor stands twice") }
        if let known = places[ExactString(path)] { return known }
        guard nodes.count < Self.most else { throw Problem(path: path, message: "the schema has more than \(Self.most) parts") }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw Problem(path: path, message: "the schema is nested, or refers to itself, too deep")
        }
        let number = nodes.count
        places[ExactString(path)] = number
        nodes.append(nil)
        guard let json = value(at: path) else { throw Problem(path: path, message: "`$ref` leads here, and there is nothing") }
        nodes[number] = try read(json, path)
        return number
    }

    private func value(at path: String) -> JSONValue? {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().reduce(Optional(document)) { value, token in
            let token = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .object(let object): return object[token]
            case .array(let all):
                guard let index = Int(token), all.indices.contains(index) else { return .none }
                return all[index]
            default: return nil
            }
        }
    }

    private mutating func read(_ json: JSONValue, _ path: String) throws(Problem) -> SchemaNode {
        var node = SchemaNode()
        if let always = json.bool {
            node.always = always
            return node
        }
        guard let object = json.object else { throw Problem(path: path, message: "a schema is an object, true or false") }
        for member in object.members { try read(member.key, member.value, path, object, &node) }
        return node
    }

    private mutating func read(
        _ key: String, _ value: JSONValue, _ path: String, _ object: JSONObject, _ node: inout SchemaNode
    ) throws(Problem) {
        let place = path + "/" + Self.escaped(key)
        switch key {
        case "$ref": node.ref = try reference(value, place)
        case "type":
            let types = if let one = value.string { [one] } else { try strings(value, place) }
            let known: Set = ["null", "boolean", "string", "number", "integer", "array", "object"]
            if let other = types.first(where: { !known.contains($0) }) {
                throw Problem(path: place, message: "there is no type `\(other)`")
            }
            node.types = types
        case "enum": node.choices = try array(value, place)
        case "const": node.choices = [value]
        case "minimum": node.minimum = try number(value, place)
        case "maximum": node.maximum = try number(value, place)
        case "exclusiveMinimum": node.exclusiveMinimum = try number(value, place)
        case "exclusiveMaximum": node.exclusiveMaximum = try number(value, place)
        case "multipleOf": node.multipleOf = try number(value, place)
        case "minLength": node.lengths.least = try count(value, place)
        case "maxLength": node.lengths.most = try count(value, place)
        case "pattern": node.pattern = try pattern(value.string, place)
        case "minItems": node.counts.least = try count(value, place)
        case "maxItems": node.counts.most = try count(value, place)
        case "uniqueItems":
            guard let flag = value.bool else { throw Problem(path: place, message: "true or false belongs here") }
            node.isUnique = flag
        case "prefixItems": node.prefix = try list(value, place)
        // An array of schemas is how draft-07 writes `prefixItems`, with `additionalItems` for the rest.
        case "items" where value.array != nil: node.prefix = try list(value, place)
        case "items": node.items = try self.node(at: place)
        case "additionalItems": if object["items"]?.array != nil { node.items = try self.node(at: place) }
        case "contains": node.contains = try self.node(at: place)
        case "minContains": node.containing.least = try count(value, place)
        case "maxContains": node.containing.most = try count(value, place)
        case "minProperties": node.sizes.least = try count(value, place)
        case "maxProperties": node.sizes.most = try count(value, place)
        case "required": node.required = try strings(value, place)
        case "properties": node.properties = try table(value, place)
        case "patternProperties":
            for (name, number) in try table(value, place).sorted(by: { $0.key < $1.key }) {
                node.patterns.append((try pattern(name.string, place), number))
            }
        case "additionalProperties": node.additional = try self.node(at: place)
        case "propertyNames": node.names = try self.node(at: place)
        case "dependentRequired":
            for member in try members(value, place) {
                node.dependentRequired.append((member.key, try strings(member.value, place)))
            }
        case "dependentSchemas":
            node.dependentSchemas = try table(value, place).sorted { $0.key < $1.key }.map { ($0.string, $1) }
        case "allOf": node.all = try list(value, place)
        case "anyOf": node.any = try list(value, place)
        case "oneOf": node.one = try list(value, place)
        case "not": node.not = try self.node(at: place)
        case "if":
            node.condition = (
                try self.node(at: place), object["then"] == nil ? nil : try self.node(at: path + "/then"),
                object["else"] == nil ? nil : try self.node(at: path + "/else")
            )
        case "then", "else": break
        case let key where Self.refused.contains(key): throw Problem(path: place, message: "`\(key)` can't be checked")
        // Whatever else stands there says something, and checks nothing.
        default: break
        }
    }

    // MARK: Parts

    private mutating func reference(_ value: JSONValue, _ place: String) throws(Problem) -> Int {
        guard let text = value.string else { throw Problem(path: place, message: "`$ref` is a text") }
        let base = document["$id"]?.string ?? ""
        let fragment = !base.isEmpty && text.hasPrefix(base) ? String(text.dropFirst(base.count)) : text
        guard fragment.isEmpty || fragment.hasPrefix("#") else {
            throw Problem(path: place, message: "`$ref` leads out of the schema, and nothing is fetched")
        }
        let name = String(fragment.dropFirst())
        if name.isEmpty || name.hasPrefix("/") { return try node(at: name.unescapedPercent) }
        guard let path = anchors[ExactString(name)] else { throw Problem(path: place, message: "there is no anchor `\(name)`") }
        return try node(at: path)
    }

    private func array(_ value: JSONValue, _ place: String) throws(Problem) -> [JSONValue] {
        guard let all = value.array else { throw Problem(path: place, message: "a list belongs here") }
        return all
    }

    private func strings(_ value: JSONValue, _ place: String) throws(Problem) -> [String] {
        let all = try array(value, place)
        let texts = all.compactMap(\.string)
        guard texts.count == all.count else { throw Problem(path: place, message: "a list of texts belongs here") }
        return texts
    }

    private func members(_ value: JSONValue, _ place: String) throws(Problem) -> [JSONObject.Member] {
        guard let object = value.object else { throw Problem(path: place, message: "an object belongs here") }
        return object.members
    }

    private func number(_ value: JSONValue, _ place: String) throws(Problem) -> SchemaNumber {
        guard let number = value.number else { throw Problem(path: place, message: "a number belongs here") }
        return number
    }

    private func count(_ value: JSONValue, _ place: String) throws(Problem) -> Int64 {
        switch value {
        case .integer(let count) where count >= 0: return count
        case .number(let count) where count >= 0 && count.rounded() == count && count < 1e15: return Int64(count)
        default: throw Problem(path: place, message: "a whole number from 0 on belongs here")
        }
    }

    private func pattern(_ text: String?, _ place: String) throws(Problem) -> LinearPattern {
        guard let text else { throw Problem(path: place, message: "a text belongs here") }
        do throws(LinearPattern.Problem) { return try LinearPattern(text) } catch {
            throw Problem(path: place, message: "the pattern can't be used: \(error.message)")
        }
    }

    private mutating func list(_ value: JSONValue, _ place: String) throws(Problem) -> [Int] {
        var numbers: [Int] = []
        for index in try array(value, place).indices { numbers.append(try node(at: "\(place)/\(index)")) }
        return numbers
    }

    private mutating func table(_ value: JSONValue, _ place: String) throws(Problem) -> [ExactString: Int] {
        var numbers: [ExactString: Int] = [:]
        for member in try members(value, place) {
            numbers[ExactString(member.key)] = try node(at: place + "/" + Self.escaped(member.key))
        }
        return numbers
    }
}

extension String {
    /// A fragment of a URL as a pointer (RFC 6901, section 6).
    fileprivate var unescapedPercent: String {
        guard utf8.contains(UInt8(ascii: "%")) else { return self }
        var (bytes, rest): ([UInt8], Substring.UTF8View) = ([], self[...].utf8)
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let digits = Substring(rest.prefix(2)).description as String?, digits.utf8.count == 2,
                let value = UInt8(digits, radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
