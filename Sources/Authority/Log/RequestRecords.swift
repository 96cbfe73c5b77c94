public import StrictJSON

/// A request as it came: who asked for what, and what the model said besides, sealed.
public struct RequestRecord: Sendable {
    public let principal: PrincipalID
    /// The front door it came through.
    public let door: String
    public let system: String
    public let operation: String
    public let input: JSONValue
    public let evidence: SealedEvidence
    /// Of what its approvers are shown of the evidence: nil where there is nothing.
    public let claims: Digest?
    /// The change that it is to undo.
    public let rollbackOf: String?

    public init(
        _ submission: Submission, door: String, evidence: SealedEvidence, claims: Digest?, rollbackOf: String?
    ) {
        principal = submission.principal.name
        self.door = door
        system = submission.system
        operation = submission.operation.name
        input = submission.input.json
        self.evidence = evidence
        self.claims = claims
        self.rollbackOf = rollbackOf
    }

    var json: JSONValue {
        var json: JSONValue = [
            "principal": principal.json, "door": .string(door), "system": .string(system), "operation": .string(operation),
            "input": input, "evidence": evidence.json,
        ]
        json.add("claims", claims.map { .string($0.hex) })
        json.add("rollbackOf", rollbackOf.map(JSONValue.string))
        return json
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        principal = try PrincipalID(json: try fields.required("principal"), at: "/principal")
        door = try fields.string("door")
        system = try fields.string("system")
        operation = try fields.string("operation")
        input = try fields.required("input")
        evidence = try SealedEvidence(json: try fields.required("evidence"))
        claims = try fields.optionalDigest("claims")
        rollbackOf = try fields.optionalString("rollbackOf")
        try fields.end()
    }
}

/// ``Evidence``, sealed.
public struct SealedEvidence: Sendable {
    public let prompt: SealedText
    public let justification: SealedText
    public let classification: SealedText

    public init(prompt: SealedText, justification: SealedText, classification: SealedText) {
        self.prompt = prompt
        self.justification = justification
        self.classification = classification
    }

    public var json: JSONValue {
        ["prompt": prompt.json, "justification": justification.json, "classification": classification.json]
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        prompt = try SealedText(json: try fields.required("prompt"))
        justification = try SealedText(json: try fields.required("justification"))
        classification = try SealedText(json: try fields.required("classification"))
        try fields.end()
    }
}

/// A text that only whoever has the seal key can read (HPKE, RFC 9180), or the statement that there was none.
public enum SealedText: Sendable {
    case notSupplied
    /// Both in Base64.
    case asClaimed(encapsulated: String, ciphertext: String)

    public var isClaimed: Bool { if case .asClaimed = self { true } else { false } }

    public var json: JSONValue {
        switch self {
        case .notSupplied: ["state": "not supplied"]
        case .asClaimed(let encapsulated, let ciphertext):
            ["state": "as claimed", "encapsulated": .string(encapsulated), "ciphertext": .string(ciphertext)]
        }
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        switch try fields.string("state") {
        case "not supplied": self = .notSupplied
        case "as claimed":
            self = .asClaimed(encapsulated: try fields.string("encapsulated"), ciphertext: try fields.string("ciphertext"))
        default: throw ShapeError(.invalid, at: "/state", "not a sealed text")
        }
        try fields.end()
    }
}

/// A lock placed or lifted. By whom is a person's id, or `exequatur`.
public struct LockRecord: Sendable {
    public let scope: Lock.Scope
    public let subject: String
    public let by: String

    public init(_ lock: Lock, by: String) {
        scope = lock.scope
        subject = lock.subject
        self.by = by
    }

    var json: JSONValue { ["scope": .string(scope.rawValue), "subject": .string(subject), "by": .string(by)] }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        guard let scope = Lock.Scope(rawValue: try fields.string("scope")) else {
            throw ShapeError(.invalid, at: "/scope", "not a lock's scope")
        }
        self.scope = scope
        subject = try fields.string("subject")
        by = try fields.string("by")
        try fields.end()
    }
}

/// A person made a change their own.
public struct AdoptionRecord: Sendable {
    public let by: String
    /// The digest of its terms from then on.
    public let terms: Digest

    public init(by: String, terms: Digest) {
        self.by = by
        self.terms = terms
    }

    var json: JSONValue { ["by": .string(by), "digest": .string(terms.hex)] }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        by = try fields.string("by")
        terms = try fields.digest("digest")
        try fields.end()
    }
}
