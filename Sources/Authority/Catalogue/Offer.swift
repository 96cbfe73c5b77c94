public import JSONSchema
public import StrictJSON

/// How a system that has a catalogue of its own offers one of its operations: callers see that, unchanged.
public struct Offer: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case tool, resource, resourceTemplate, prompt
    }

    public let kind: Kind
    /// How the system calls it: a tool's or a prompt's name, a resource's URI, a template of URIs (RFC 6570).
    public let name: String
    /// What the system says of it.
    public let document: SystemDocument
    /// What the system takes for input; nil where it says nothing of that.
    public let schema: JSONSchema?
    /// The headers that must repeat parts of the input where they are given (`x-mcp-header` of MCP 2026-07-28).
    public let headers: [Header]
    /// Parts of the input that are always these: whoever asks may leave them out, and can give nothing else.
    public let constants: [JSONObject.Member]

    public init(
        _ kind: Kind, _ name: String, _ document: SystemDocument, schema: JSONSchema?, constants: [JSONObject.Member] = [],
        headers: [Header] = []
    ) {
        self.headers = headers
        self.constants = constants
        self.kind = kind
        self.name = name
        self.document = document
        self.schema = schema
    }

    /// A header that repeats a part of the input.
    public struct Header: Hashable, Sendable {
        public let name: String
        /// The names of the members, from the input down.
        public let path: [String]

        public init(_ name: String, at path: [String]) { (self.name, self.path) = (name, path) }

        /// The part of this input; nil where it is not given, or null.
        public func argument(in input: JSONValue) -> JSONValue? {
            let found = path.reduce(Optional(input), { $0?[$1] })
            guard let found, found != .null else { return nil }
            return found
        }

        /// What it says of the part; nil for what no header can say.
        public func text(of argument: JSONValue) -> String? {
            switch argument {
            case .string(let text): text
            case .integer(let number): "\(number)"
            case .bool(let flag): "\(flag)"
            case .null, .number, .array, .object: nil
            }
        }
    }

    var definition: JSONValue {
        ["kind": .string(kind.rawValue), "name": .string(name), "digest": .string(Digest(of: document.json).hex)]
    }
}

/// A JSON document of a system's own: read strictly, and kept as it was written.
public struct SystemDocument: Sendable {
    public let json: JSONValue
    /// As the system wrote it.
    public let bytes: [UInt8]

    /// - Throws: `JSONError` for what is no JSON, or more than the limits let through.
    public init(_ bytes: [UInt8], limits: JSONReader.Limits = JSONReader.Limits()) throws(JSONError) {
        json = try JSONReader.read(bytes, limits: limits)
        self.bytes = bytes
    }

    /// A document of our own making.
    public init(_ json: JSONValue) {
        self.json = json
        bytes = JSONWriter.canonical(json)
    }
}
