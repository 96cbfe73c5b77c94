public import StrictJSON

/// A JSON Schema (draft 2020-12, and what draft-07 writes otherwise), ready to check values with.
///
/// A keyword of the standard that it can't check it refuses to read: to pass over it would let through what its author meant to keep
/// out. `format`, the other annotations and unknown keywords check nothing, as the standard has it. Nothing is ever fetched: a
/// `$ref` stays within the schema.
public struct JSONSchema: Sendable {
    let nodes: [SchemaNode]
    let root: Int

    /// - Throws: ``Problem`` for a schema that is malformed, refers to what is not in it, or uses what can't be checked.
    public init(_ json: JSONValue) throws(Problem) {
        var compiler = SchemaCompiler(json)
        root = try compiler.node(at: "")
        nodes = compiler.finished
    }

    /// Why a schema can't be used.
    public struct Problem: Error, Hashable, CustomStringConvertible, Sendable {
        /// A JSON Pointer (RFC 6901) into the schema.
        public let path: String
        public let message: String

        public var description: String { "\(path.isEmpty ? "/" : path): \(message)" }
    }

    /// The first thing in a value that does not fit.
    public struct Misfit: Error, Hashable, Sendable {
        /// A JSON Pointer into the value.
        public let path: String
        public let message: String
    }

    /// Why the value does not fit; nil when it does.
    ///
    /// The work is bounded: a value that takes more than a million steps to check does not fit.
    public func misfit(_ value: JSONValue) -> Misfit? {
        var check = SchemaCheck(nodes)
        do throws(Misfit) {
            try check.require(value, root, at: "")
            return nil
        } catch { return error }
    }
}
