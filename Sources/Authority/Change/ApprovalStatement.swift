public import StrictJSON

/// What a person signs to approve or refuse a change (invariant 6). Approving and refusing are different
/// statements, and each names one gateway, one change and one moment.
public struct ApprovalStatement: Hashable, Sendable {
    public enum Verdict: String, Sendable { case approve, refuse }

    /// Why a statement does not hold.
    public enum Problem: Sendable { case otherGateway, otherChange, otherPerson, digestMismatch, expired, notYetValid }

    public let verdict: Verdict
    public let gateway: String
    public let change: String
    /// The digest of the change's terms.
    public let plan: Digest
    /// The digest of the assessment that was shown.
    public let assessment: Digest
    public let approver: String
    public let issued: Instant
    public let expires: Instant
    /// 32 hexadecimal digits, never used before.
    public let nonce: String

    /// The longest a statement may be good for, in seconds.
    public static let longestLife: Int64 = 900

    public init(
        verdict: Verdict, gateway: String, change: String, plan: Digest, assessment: Digest, approver: String,
        issued: Instant, expires: Instant, nonce: String
    ) {
        self.verdict = verdict
        self.gateway = gateway
        self.change = change
        self.plan = plan
        self.assessment = assessment
        self.approver = approver
        self.issued = issued
        self.expires = expires
        self.nonce = nonce
    }

    public var json: JSONValue {
        [
            "type": "exequatur-approval-v1", "verdict": .string(verdict.rawValue), "gateway": .string(gateway),
            "change": .string(change), "plan": .string(plan.hex), "assessment": .string(assessment.hex),
            "approver": .string(approver), "issued": .integer(issued.milliseconds), "expires": .integer(expires.milliseconds),
            "nonce": .string(nonce),
        ]
    }

    /// The bytes that are signed.
    public var bytes: [UInt8] { JSONWriter.canonical(json) }

    /// Reads a statement; its text must be the canonical one, so that what was signed is what is meant.
    public init(text: String) throws {
        let json = try JSONReader.read(text, limits: .integersOnly)
        var fields = try Fields(json)
        guard try fields.string("type") == "exequatur-approval-v1", let verdict = Verdict(rawValue: try fields.string("verdict")),
            let plan = Digest(hex: try fields.string("plan")), let assessment = Digest(hex: try fields.string("assessment"))
        else { throw ShapeError(.invalid, at: "", "not an approval statement") }
        self.init(
            verdict: verdict, gateway: try fields.string("gateway"), change: try fields.string("change"), plan: plan,
            assessment: assessment, approver: try fields.string("approver"),
            issued: try fields.instant("issued"), expires: try fields.instant("expires"), nonce: try fields.string("nonce"))
        try fields.end()
        guard bytes.elementsEqual(text.utf8) else { throw ShapeError(.invalid, at: "", "the statement is not in canonical form") }
        guard nonce.utf8.count == 32, nonce.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw ShapeError(.invalid, at: "/nonce", "32 hexadecimal digits belong here")
        }
    }

    /// Why the statement does not hold for this change, person, gateway and moment; nil when it does.
    ///
    /// Who refuses, refuses the change whatever became of its plan; who approves, approves what was shown.
    public func problem(for change: Change, by person: Person, at gateway: String, now: Instant) -> Problem? {
        if self.change != change.id { return .otherChange }
        if verdict == .approve, plan != change.digest || assessment != change.assessment { return .digestMismatch }
        return problem(by: person, at: gateway, now: now)
    }

    /// Why the statement does not hold for this person, gateway and moment, whatever the change is like; nil when it does.
    public func problem(by person: Person, at gateway: String, now: Instant) -> Problem? {
        if self.gateway != gateway { return .otherGateway }
        if approver != person.id { return .otherPerson }
        if now >= expires || expires <= issued || expires > issued.adding(seconds: Self.longestLife) { return .expired }
        if issued > now.adding(seconds: 60) { return .notYetValid }
        return nil
    }
}

/// A statement with its signature, as stored: whoever has the person's public key can verify it.
public struct SignedApproval: Sendable {
    public let statement: ApprovalStatement
    /// The armoured SSH signature.
    public let signature: String
    /// Whether a security key verified who touched it, by PIN or biometrics (the UV flag).
    public let userVerified: Bool

    public init(statement: ApprovalStatement, signature: String, userVerified: Bool) {
        self.statement = statement
        self.signature = signature
        self.userVerified = userVerified
    }

    public var json: JSONValue {
        [
            "statement": .string(JSONWriter.canonicalText(statement.json)), "signature": .string(signature),
            "userVerified": .bool(userVerified),
        ]
    }

    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        self.init(
            statement: try ApprovalStatement(text: try fields.string("statement")), signature: try fields.string("signature"),
            userVerified: try fields.bool("userVerified"))
        try fields.end()
    }
}
