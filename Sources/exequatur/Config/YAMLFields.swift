import StrictJSON
import Yams

/// What is wrong in the configuration, and on which line.
struct ConfigurationError: Error, CustomStringConvertible {
    let file: String
    let line: Int
    let message: String
    var description: String { "\(file):\(line): \(message)" }
}

/// Takes the keys of a YAML mapping one by one, and refuses what was not taken: a typo is an error with its line.
struct YAMLFields {
    let file: String
    let path: String
    /// Where the mapping starts.
    let line: Int
    private var rest: [(key: Node, value: Node)]
    private var known: [String] = []
    private var lines: [String: Int] = [:]

    init(_ node: Node, file: String, path: String = "") throws {
        (self.file, self.path, line) = (file, path, node.mark?.line ?? 1)
        guard case .mapping(let mapping) = node else {
            throw ConfigurationError(
                file: file, line: node.mark?.line ?? 1,
                message: "\(path.isEmpty ? "the file" : path) must be a mapping of keys to values")
        }
        rest = mapping.map { ($0.key, $0.value) }
        var seen: Set<String> = []
        for (key, _) in rest where !seen.insert(key.string ?? "").inserted {
            throw ConfigurationError(file: file, line: key.mark?.line ?? line, message: "`\(key.string ?? "")` is given twice")
        }
    }

    func problem(_ message: String, at node: Node? = nil) -> ConfigurationError {
        ConfigurationError(file: file, line: node?.mark?.line ?? line, message: message)
    }

    /// A problem with the value of a key that was taken before.
    func problem(_ message: String, of key: String) -> ConfigurationError {
        ConfigurationError(file: file, line: lines[key] ?? line, message: message)
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    mutating func node(_ key: String) -> Node? {
        known.append(key)
        guard let place = rest.firstIndex(where: { $0.key.string == key }) else { return nil }
        let found = rest.remove(at: place)
        lines[key] = found.key.mark?.line
        return found.value
    }

    mutating func required(_ key: String) throws -> Node {
        guard let node = node(key) else {
            // What is missing may be there under a misspelt name.
            if let slip = rest.first(where: { Suggestion.nearest(to: $0.key.string ?? "", in: [key]) != nil }) {
                throw problem("unknown key `\(full(slip.key.string ?? ""))`; did you mean `\(key)`?", at: slip.key)
            }
            throw problem("`\(full(key))` is missing")
        }
        return node
    }

    mutating func string(_ key: String) throws -> String { try scalar(try required(key), key) }

    mutating func optionalString(_ key: String) throws -> String? { try node(key).map { try scalar($0, key) } }

    private func scalar(_ node: Node, _ key: String) throws -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw problem("`\(full(key))` must be a text", at: node)
        }
        return scalar.string
    }

    mutating func integer(_ key: String, default fallback: Int64, in range: ClosedRange<Int64>) throws -> Int64 {
        guard let node = node(key) else { return fallback }
        guard let value = Int64(try scalar(node, key)), range.contains(value) else {
            throw problem("`\(full(key))` must be a whole number from \(range.lowerBound) to \(range.upperBound)", at: node)
        }
        return value
    }

    mutating func flag(_ key: String) throws -> Bool {
        guard let node = node(key) else { return false }
        let text = try scalar(node, key)
        guard text == "true" || text == "false" else { throw problem("`\(full(key))` must be true or false", at: node) }
        return text == "true"
    }

    mutating func strings(_ key: String) throws -> [String] {
        try nodes(key).map { try scalar($0, key) }
    }

    mutating func optionalStrings(_ key: String) throws -> [String]? {
        rest.contains { $0.key.string == key }
            ? try strings(key)
            : {
                known.append(key); return nil
            }()
    }

    mutating func nodes(_ key: String) throws -> [Node] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let sequence) = node else { throw problem("`\(full(key))` must be a list", at: node) }
        return Array(sequence)
    }

    mutating func mapping(_ key: String) throws -> YAMLFields { try YAMLFields(try required(key), file: file, path: full(key)) }

    mutating func optionalMapping(_ key: String) throws -> YAMLFields? {
        try node(key).map { try YAMLFields($0, file: file, path: full(key)) }
    }

    mutating func mappings(_ key: String) throws -> [YAMLFields] {
        try nodes(key).enumerated().map { try YAMLFields($1, file: file, path: "\(full(key))[\($0)]") }
    }

    func end() throws {
        guard let (key, _) = rest.first else { return }
        let name = key.string ?? "?"
        let hint =
            Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" }
            ?? "; known here: \(known.sorted().joined(separator: ", "))"
        throw problem("unknown key `\(full(name))`" + hint, at: key)
    }
}
