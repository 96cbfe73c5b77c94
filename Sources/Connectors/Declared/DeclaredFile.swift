package import Authority
import Foundation
import StrictJSON
package import StrictYAML

/// The file that a catalogue is in.
package struct DeclaredFile {
    private let path: String
    private var fields: YAMLFields
    /// What every operation rests on: what is written there is part of what approvals are bound to.
    private var shared = ["kinds", "relations", "reads", "rules"]

    /// - Throws: ``ConfigurationError`` for a file that can't be read.
    package init(_ path: String, _ configuration: YAMLFields) throws {
        self.path = path
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw configuration.problem("the catalogue \(path) can't be read: does it exist?", of: "catalogue")
        }
        fields = try YAMLFields.read(text, file: path)
    }

    /// Counts one more of the file's parts to what every operation rests on.
    package mutating func shares(_ key: String) { shared.append(key) }

    /// Reads it all.
    ///
    /// - Parameters:
    ///   - resolve: gives the path of a file that is named.
    ///   - names: what its operations may be called.
    ///   - more: takes what a kind of system adds to the file.
    ///   - lookup: says where an operation is defined, and takes the fields that say which one is meant.
    ///   - step: takes what it adds to an operation, by its name; gives nil for one that only reads.
    /// - Throws: ``ConfigurationError``, also for a catalogue that contradicts itself.
    package mutating func declared<Request: DeclaredRequest>(
        resolving resolve: (String) -> String, names: OperationNames = .objectAndVerb, _ more: (inout YAMLFields) throws -> Void,
        lookup: (String, inout YAMLFields) throws -> Definition = { _, _ in .here },
        step: (String, inout YAMLFields, [InputField], Access) throws -> DeclaredStep<Request>?
    ) throws -> Declared<Request> {
        let whole = try fields.written(shared)
        var reader = try DeclaredReader<DeclaredStep<Request>?>(&fields)
        let prefix = reader.namespace.lowercased() + "."
        var kinds: [String: KindReading<Request>] = [:]
        try reader.readKinds(&fields) { kinds[$1.name] = try KindReading(&$0, prefix) }
        try reader.readRelations(&fields)
        try more(&fields)
        try reader.readOperations(&fields, names, lookup) { name, fields, input, access in
            var written = try fields.written(fields.left.filter { !Self.isDefinition($0) })
            written.add("shared", .string(Digest(of: whole).hex))
            return (try step(name, &fields, input, access), written)
        }
        let reads: [MoreReading<Request>] = try fields.more("reads", prefix)
        let rules = try fields.optionalString("rules").map { try text(of: resolve($0)) }
        try fields.end()
        let declared = Declared(
            catalogue: reader.catalogue(), kinds: kinds, reads: reads,
            steps: reader.operations.reduce(into: [:]) { $0[$1.operation.name] = $1.native },
            rules: try (rules ?? reader.defaultRules(fields)) + reader.namingRules,
            unread: Self.unread(reader.catalogue(), kinds, reads))
        if let problem = declared.problem { throw ConfigurationError(file: path, line: 1, message: problem) }
        return declared
    }

    /// Whether the operation's own definition holds what stands under that key.
    private static func isDefinition(_ key: String) -> Bool {
        [
            "on", "access", "summary", "input", "answer", "classes", "effects", "inverse", "reversibility", "sensitivity",
            "phrase",
        ].contains(key)
    }

    private func text(of rules: String) throws -> String {
        guard let text = try? String(contentsOfFile: rules, encoding: .utf8) else {
            throw fields.problem("the rule file \(rules) can't be read", of: "rules")
        }
        return text
    }

    private static func unread<Request>(
        _ catalogue: Catalogue, _ kinds: [String: KindReading<Request>], _ reads: [MoreReading<Request>]
    ) -> [String] {
        let facts = kinds.values.flatMap { $0.facts + $0.more.flatMap(\.facts) } + reads.flatMap(\.facts)
        let read = Set(facts.map(\.relation))
        return kinds.filter { $0.value.fixed == nil && $0.value.list == nil }.map { "kind \($0.key)" }.sorted()
            + catalogue.relations.filter { $0.origin == .backend && !read.contains($0.name) }.map { "relation \($0.localName)" }
    }
}
