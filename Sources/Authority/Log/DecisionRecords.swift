public import Cedar
public import StrictJSON

/// The policies in force from here on, whole: decisions by them can be made again.
public struct PoliciesRecord: Sendable {
    public let digest: Digest
    public let schema: Digest
    public let sources: [(name: String, text: String)]
    public let schemaText: String

    public init(_ bundle: PolicyBundle) {
        digest = bundle.digest
        schema = bundle.schema
        sources = bundle.sources
        schemaText = bundle.schemaText
    }

    var json: JSONValue {
        [
            "digest": .string(digest.hex), "schema": .string(schema.hex),
            "sources": .array(sources.map { ["name": .string($0.name), "text": .string($0.text)] }),
            "schemaText": .string(schemaText),
        ]
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        digest = try fields.digest("digest")
        schema = try fields.digest("schema")
        var sources: [(name: String, text: String)] = []
        for source in try fields.array("sources") {
            var source = try Fields(source, at: "/sources")
            sources.append((try source.string("name"), try source.string("text")))
            try source.end()
        }
        self.sources = sources
        schemaText = try fields.string("schemaText")
        try fields.end()
    }

    /// The set that was in force.
    ///
    /// - Throws: `PolicyBundle.Refusal`; ``StoreError`` when the texts are not those of the digest.
    public func bundle() throws -> PolicyBundle {
        let bundle = try PolicyBundle(recorded: sources, schemaText: schemaText, schema: schema)
        guard bundle.digest == digest else { throw StoreError(.corrupt, "the policies are not those of their digest") }
        return bundle
    }
}

/// A decision with all that it rests on. It gives nobody anything: a ``Decision`` can be made again from it, by whoever has the
/// policies, and compared.
public struct DecisionRecord: Sendable {
    /// A decision over the same facts, on reading something else.
    public struct Further: Sendable {
        public let operation: String
        public let resource: EntityUID
        public let verdict: Decision.Verdict
        public let policies: [String]

        public init(_ operation: String, on resource: EntityUID, _ decision: Decision) {
            self.operation = operation
            self.resource = resource
            verdict = decision.verdict
            policies = decision.policies
        }

        var json: JSONValue {
            [
                "operation": .string(operation), "resource": resource.json, "verdict": .string(verdict.rawValue),
                "policies": .array(policies.map(JSONValue.string)),
            ]
        }

        init(json: JSONValue) throws {
            var fields = try Fields(json, at: "/further")
            operation = try fields.string("operation")
            resource = try EntityUID(json: try fields.required("resource"))
            verdict = try Decision.Verdict(text: try fields.string("verdict"))
            policies = try fields.strings("policies")
            try fields.end()
        }
    }

    private let asked: JSONValue
    public let decided: DecidedRecord
    /// Of what it decides on, when that is a change: the terms and the assessment that its signatures must be for.
    public let terms: Digest?
    public let assessment: Digest?
    /// The nonces of the signed statements that it counts.
    public let counted: [String]
    /// Why it was denied all the same, when not by policy.
    public let reason: String?
    public let further: [Further]

    /// - Parameter change: what it decides on.
    public init(
        _ question: Question, _ decision: Decision, change: Change? = nil, counted: [String] = [], reason: String? = nil,
        further: [Further] = []
    ) {
        asked = question.json
        decided = DecidedRecord(decision)
        terms = change?.digest
        assessment = change?.shown.digest
        self.counted = counted
        self.reason = reason
        self.further = further
    }

    /// The question, read only when it is asked for: it holds every fact.
    public func question() throws -> Question { try Question(json: asked) }

    var json: JSONValue {
        var json: JSONValue = ["question": asked, "decision": decided.json]
        json.add("terms", terms.map { .string($0.hex) })
        json.add("assessment", assessment.map { .string($0.hex) })
        if !counted.isEmpty { json.add("counted", .array(counted.map(JSONValue.string))) }
        json.add("reason", reason.map(JSONValue.string))
        if !further.isEmpty { json.add("further", .array(further.map(\.json))) }
        return json
    }

    init(json: JSONValue) throws {
        var fields = try Fields(json)
        asked = try fields.required("question")
        decided = try DecidedRecord(json: try fields.required("decision"))
        terms = try fields.optionalDigest("terms")
        assessment = try fields.optionalDigest("assessment")
        counted = try fields.optionalArray("counted").compactMap(\.string)
        reason = try fields.optionalString("reason")
        further = try fields.optionalArray("further").map { try Further(json: $0) }
        try fields.end()
    }
}

/// What was decided, as the log says. No ``Decision``: nothing is granted by it.
public struct DecidedRecord: Sendable {
    /// The bytes that the decision must come out as when it is made again.
    public let json: JSONValue
    public let verdict: Decision.Verdict
    public let eligible: [String]
    public let needs: String?
    public let policies: [String]
    public let epochs: Epochs

    init(_ decision: Decision) {
        json = decision.json
        verdict = decision.verdict
        eligible = decision.eligible
        needs = decision.needs
        policies = decision.policies
        epochs = decision.epochs
    }

    init(json: JSONValue) throws(ShapeError) {
        self.json = json
        var fields = try Fields(json, at: "/decision")
        verdict = try Decision.Verdict(text: try fields.string("verdict"))
        eligible = try fields.strings("eligible")
        needs = try fields.optionalString("needs")
        policies = try fields.strings("policies")
        epochs = try Epochs(json: try fields.required("epochs"))
    }
}

extension Decision.Verdict {
    init(text: String) throws(ShapeError) {
        guard let verdict = Self(rawValue: text) else { throw ShapeError(.invalid, at: "/verdict", "not a verdict") }
        self = verdict
    }
}

/// Why something could not be decided or done; the message is for the operator.
public struct FailureRecord: Sendable {
    public let code: String
    public let message: String

    public init(_ error: ConnectorError) {
        code = error.code.rawValue
        message = error.message
    }

    var json: JSONValue { ["code": .string(code), "message": .string(message)] }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        code = try fields.string("code")
        message = try fields.string("message")
        try fields.end()
    }
}
