public import Cedar
import StrictJSON

/// A policy set that may be decided with: parsed, strictly validated against the schema of the catalogues, monotone in
/// approvals, compiled, and hashed.
public struct PolicyBundle: Sendable {
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        public let file: String
        public let diagnostic: Diagnostic
        public var position: SourcePosition { diagnostic.start ?? SourcePosition(line: 1, column: 1) }
        public var description: String { "\(file):\(diagnostic.start == nil ? "\(position): " : "")\(diagnostic)" }
    }

    /// Everything wrong with a policy set, in the order of the texts.
    public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        public let problems: [Problem]
        public var description: String { problems.map(\.description).joined(separator: "\n") }
    }

    public let policies: PolicySet
    public let compiled: CompiledPolicies
    /// The texts as loaded, by file name.
    public let sources: [(name: String, text: String)]
    public let digest: Digest
    /// The schema, as text and read.
    public let schemaText: String
    public let cedarSchema: Cedar.Schema
    /// The digest of the catalogues and the schema made from them.
    public let schema: Digest
    /// What is doubtful without being wrong, such as a policy that can never apply.
    public let warnings: [Problem]

    /// - Throws: ``Refusal`` with everything that is wrong.
    public init(_ sources: [(name: String, text: String)], catalogues: [Catalogue]) throws(Refusal) {
        let text = CatalogueSchema.text(catalogues)
        let known = catalogues.sorted { $0.namespace < $1.namespace }.map { JSONValue.string($0.digest.hex) }
        try self.init(
            sources, schemaText: text, schema: Digest(of: ["catalogues": .array(known), "schema": .string(text)]), isNew: true)
    }

    /// A policy set from the log, which was checked when it was loaded, so that decisions can be replayed.
    public init(recorded sources: [(name: String, text: String)], schemaText: String, schema: Digest) throws(Refusal) {
        try self.init(sources, schemaText: schemaText, schema: schema, isNew: false)
    }

    private init(_ sources: [(name: String, text: String)], schemaText: String, schema: Digest, isNew: Bool) throws(Refusal) {
        self.schemaText = schemaText
        do { cedarSchema = try Cedar.Schema(schemaText) } catch {
            throw Refusal(problems: error.all.map { Problem(file: "schema", diagnostic: $0) })
        }
        var reader = SourceReader()
        for (name, text) in sources { reader.read(name, text) }
        if isNew, reader.problems.isEmpty, let set = try? PolicySet(reader.policies) { reader.check(set, cedarSchema) }
        guard reader.problems.isEmpty, let set = try? PolicySet(reader.policies) else { throw Refusal(problems: reader.problems) }
        policies = set
        compiled = CompiledPolicies(set)
        warnings = reader.warnings
        self.sources = sources
        digest = Digest(of: .array(sources.map { ["name": .string($0.name), "text": .string($0.text)] }))
        self.schema = schema
    }
}

/// Reads policy files, and notes all that is wrong with them.
private struct SourceReader {
    private(set) var policies: [Policy] = []
    private(set) var problems: [PolicyBundle.Problem] = []
    private(set) var warnings: [PolicyBundle.Problem] = []
    private var fileOf: [ExactString: String] = [:]

    mutating func read(_ file: String, _ text: String) {
        do throws(Diagnostics) {
            for policy in try PolicySet.parse(text) {
                let id = policy.annotation("id") ?? "\(file)#\(policy.id)"
                if fileOf.updateValue(file, forKey: ExactString(id)) != nil {
                    add(
                        file,
                        policy.problem(
                            "policy.duplicate_id", "another policy has the id `\(id)` already",
                            hint: "ids name policies in the log"))
                }
                if policy.isTemplate {
                    add(
                        file,
                        policy.problem(
                            "policy.template", "a template alone decides nothing", hint: "name the entity in place of the slot"))
                }
                policies.append(policy.renamed(id))
            }
        } catch {
            for diagnostic in error.all { add(file, diagnostic) }
        }
    }

    private mutating func add(_ file: String, _ diagnostic: Diagnostic) {
        problems.append(PolicyBundle.Problem(file: file, diagnostic: diagnostic))
    }

    /// Validates the set strictly, and refuses one in which more approvals could take a right away.
    mutating func check(_ set: PolicySet, _ schema: Cedar.Schema) {
        let findings = schema.validate(set)
        for diagnostic in findings.errors + set.obstaclesToMonotonicity(in: ContextShape.approvalsName) {
            add(diagnostic.policy.flatMap { fileOf[ExactString($0)] } ?? "", diagnostic)
        }
        warnings = findings.warnings.map {
            PolicyBundle.Problem(file: $0.policy.flatMap { fileOf[ExactString($0)] } ?? "", diagnostic: $0)
        }
    }
}
