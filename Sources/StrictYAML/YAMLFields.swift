public import StrictJSON
public import Yams

/// What is wrong in the configuration, and on which line.
public struct ConfigurationError: Error, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let message: String

    public init(file: String, line: Int, message: String) {
        (self.file, self.line, self.message) = (file, line, message)
    }

    public var description: String { "\(file):\(line): \(message)" }
}

/// Takes the keys of a YAML mapping one by one, and refuses what was not taken: a typo is an error with its line.
public struct YAMLFields {
    public let file: String
    public let path: String
    /// Where the mapping starts.
    public let line: Int
    private var rest: [(key: Node, value: Node)]
    private var known: [String] = []
    private var lines: [String: Int] = [:]

    /// Reads a whole file.
    ///
    /// - Throws: ``ConfigurationError`` when it is no YAML, or no mapping.
    public static func read(_ text: String, file: String) throws -> YAMLFields {
        do {
            let parser = try Yams.Parser(yaml: text)
            guard let node = try parser.singleRoot() else {
                throw ConfigurationError(file: file, line: 1, message: "the file is empty")
            }
            // Nodes know their anchors for as long as the parser lives.
            try withExtendedLifetime(parser) { try requireNoAnchor(node, file) }
            return try YAMLFields(node, file: file)
        } catch let error as YamlError {
            throw ConfigurationError(file: file, line: error.line, message: "not YAML: \(error)")
        }
    }

    /// A few lines of anchors can stand for billions of values: there are none. An anchor comes before what repeats it, so the
    /// first one found ends this.
    private static func requireNoAnchor(_ node: Node, _ file: String) throws {
        guard node.anchor == nil else {
            throw ConfigurationError(
                file: file, line: node.mark?.line ?? 1, message: "anchors (`&`) and aliases (`*`) are not taken: write it out")
        }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                try requireNoAnchor(key, file)
                try requireNoAnchor(value, file)
            }
        case .sequence(let sequence): for one in sequence { try requireNoAnchor(one, file) }
        case .scalar, .alias: break
        }
    }

    public init(_ node: Node, file: String, path: String = "") throws {
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

    public func problem(_ message: String, at node: Node? = nil) -> ConfigurationError {
        ConfigurationError(file: file, line: node?.mark?.line ?? line, message: message)
    }

    /// A problem with the value of a key that was taken before.
    public func problem(_ message: String, of key: String) -> ConfigurationError {
        ConfigurationError(file: file, line: lines[key] ?? line, message: message)
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    public mutating func node(_ key: String) -> Node? {
        known.append(key)
        guard let place = rest.firstIndex(where: { $0.key.string == key }) else { return nil }
        let found = rest.remove(at: place)
        lines[key] = found.key.mark?.line
        return found.value
    }

    public mutating func required(_ key: String) throws -> Node {
        guard let node = node(key) else {
            // What is missing may be there under a misspelt name.
            if let slip = rest.first(where: { Suggestion.nearest(to: $0.key.string ?? "", in: [key]) != nil }) {
                throw problem("unknown key `\(full(slip.key.string ?? ""))`; did you mean `\(key)`?", at: slip.key)
            }
            throw problem("`\(full(key))` is missing")
        }
        return node
    }

    public mutating func string(_ key: String) throws -> String { try scalar(try required(key), key) }

    public mutating func optionalString(_ key: String) throws -> String? { try node(key).map { try scalar($0, key) } }

    private func scalar(_ node: Node, _ key: String) throws -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw problem("`\(full(key))` must be a text", at: node)
        }
        return scalar.string
    }

    public mutating func integer(_ key: String, default fallback: Int64, in range: ClosedRange<Int64>) throws -> Int64 {
        guard let node = node(key) else { return fallback }
        guard let value = Int64(try scalar(node, key)), range.contains(value) else {
            throw problem("`\(full(key))` must be a whole number from \(range.lowerBound) to \(range.upperBound)", at: node)
        }
        return value
    }

    public mutating func flag(_ key: String) throws -> Bool {
        guard let node = node(key) else { return false }
        let text = try scalar(node, key)
        guard text == "true" || text == "false" else { throw problem("`\(full(key))` must be true or false", at: node) }
        return text == "true"
    }

    public mutating func strings(_ key: String) throws -> [String] {
        try nodes(key).map { try scalar($0, key) }
    }

    public mutating func optionalStrings(_ key: String) throws -> [String]? {
        rest.contains { $0.key.string == key }
            ? try strings(key)
            : {
                known.append(key); return nil
            }()
    }

    public mutating func nodes(_ key: String) throws -> [Node] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let sequence) = node else { throw problem("`\(full(key))` must be a list", at: node) }
        return Array(sequence)
    }

    public mutating func mapping(_ key: String) throws -> YAMLFields {
        try YAMLFields(try required(key), file: file, path: full(key))
    }

    public mutating func optionalMapping(_ key: String) throws -> YAMLFields? {
        try node(key).map { try YAMLFields($0, file: file, path: full(key)) }
    }

    public mutating func mappings(_ key: String) throws -> [YAMLFields] {
        try nodes(key).enumerated().map { try YAMLFields($1, file: file, path: "\(full(key))[\($0)]") }
    }

    /// What is written under some keys, as JSON, without taking it.
    public func written(_ keys: [String]) throws -> JSONValue {
        var all: JSONValue = [:]
        for key in keys {
            if let value = rest.first(where: { $0.key.string == key })?.value { all.add(key, try value.json(file)) }
        }
        return all
    }

    /// The keys that were not taken yet, in order.
    public var left: [String] { rest.compactMap(\.key.string) }

    public func end() throws {
        guard let (key, _) = rest.first else { return }
        let name = key.string ?? "?"
        let hint =
            Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" }
            ?? "; known here: \(known.sorted().joined(separator: ", "))"
        throw problem("unknown key `\(full(name))`" + hint, at: key)
    }
}

extension YamlError {
    /// The line it is about; 1 when it does not say.
    fileprivate var line: Int {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: 1
        }
    }
}
