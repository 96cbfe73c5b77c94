public import StrictJSON

/// What a person signs to approve or refuse a change (invariant 6). Approving and refusing are different
/// statements, and each names one gateway, one change and one moment.
public struct ApprovalStatement: Hashable, Sendable {
    public enum Verdict: String, Sendable {
        case approve, refuse
        /// What a person found of a change whose effect nobody could tell: that it came about, or that it did not.
        case executed, failed

        /// Whether it settles what came of a change, and does not decide on one.
        public var settles: Bool { self == .executed || self == .failed }
    }

    /// Why a statement does not hold.
    public enum Problem: Sendable { case otherGateway, otherChange, otherPerson, digestMismatch, expired, notYetValid }

    public let verdict: Verdict
    public let gateway: String
    public let change: String
    /// The digests of what was shown: the change's terms, what is known of its weight, and what policy demands of approvals.
    public let terms: Digest
    public let assessment: Digest
    public let requirement: Digest
    public let approver: String
    public let issued: Instant
    public let expires: Instant
    private static let type = "exequatur-approval-v2"

    /// 32 hexadecimal digits, never used before.
    public let nonce: String
    /// Why it is refused, for whoever asked: up to ``longestReason`` visible characters.
    public let reason: String?

    public static let longestReason = 280

    /// The longest a statement may be good for, in seconds.
    public static let longestLife: Int64 = 900

    public init(
        verdict: Verdict, gateway: String, change: String, terms: Digest, assessment: Digest, requirement: Digest,
        approver: String,
        issued: Instant, expires: Instant, nonce: String, reason: String? = nil
    ) {
        self.verdict = verdict
        self.gateway = gateway
        self.change = change
        self.terms = terms
        self.assessment = assessment
        self.requirement = requirement
        self.approver = approver
        self.issued = issued
        self.expires = expires
        self.nonce = nonce
        self.reason = reason
    }

    public var json: JSONValue {
        var json: JSONValue = [
            "type": .string(Self.type), "verdict": .string(verdict.rawValue), "gateway": .string(gateway),
            "change": .string(change), "terms": .string(terms.hex), "assessment": .string(assessment.hex),
            "requirement": .string(requirement.hex), "approver": .string(approver), "issued": .integer(issued.milliseconds),
            "expires": .integer(expires.milliseconds),
            "nonce": .string(nonce),
        ]
        json.add("reason", reason.map(JSONValue.string))
        return json
    }

    /// The bytes that are signed.
    public var bytes: [UInt8] { JSONWriter.canonical(json) }

    /// Reads a statement; its text must be the canonical one, so that what was signed is what is meant.
    public init(text: String) throws {
        let json = try JSONReader.read(text, limits: .integersOnly)
        var fields = try Fields(json)
        guard try fields.string("type") == Self.type, let verdict = Verdict(rawValue: try fields.string("verdict")) else {
            throw ShapeError(
                .invalid, at: "", "not an approval statement of version 2: sign with the program that fits the gateway")
        }
        self.init(
            verdict: verdict, gateway: try fields.string("gateway"), change: try fields.string("change"),
            terms: try fields.digest("terms"), assessment: try fields.digest("assessment"),
            requirement: try fields.digest("requirement"), approver: try fields.string("approver"),
            issued: try fields.instant("issued"), expires: try fields.instant("expires"), nonce: try fields.string("nonce"),
            reason: try fields.optionalString("reason"))
        try fields.end()
        guard bytes.elementsEqual(text.utf8) else { throw ShapeError(.invalid, at: "", "the statement is not in canonical form") }
        guard nonce.utf8.count == 32, nonce.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw ShapeError(.invalid, at: "/nonce", "32 hexadecimal digits belong here")
        }
        guard reason.map({ verdict == .refuse && Self.isReason($0) }) ?? true else {
            throw ShapeError(
                .invalid, at: "/reason", "a refusal may have a reason of 1 to \(Self.longestReason) visible characters")
        }
    }

    public static func isReason(_ text: String) -> Bool {
        (1...longestReason).contains(text.unicodeScalars.count) && text.unicodeScalars.allSatisfy(Printable.isVisible)
            && text.unicodeScalars.contains { $0 != " " && $0 != "\u{2800}" }
    }

    /// Why the statement does not hold for this change, person, gateway and moment; nil when it does.
    ///
    /// Who refuses, refuses the change whatever became of its plan; who approves, approves what was shown.
    public func problem(for change: Change, by person: Person, at gateway: String, now: Instant) -> Problem? {
        if self.change != change.id { return .otherChange }
        let shown = (change.terms.digest, change.shown.digest, change.requirement.digest)
        if verdict == .approve, (terms, assessment, requirement) != shown { return .digestMismatch }
        if verdict.settles, terms != change.terms.digest { return .digestMismatch }
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
    /// When the gateway took it.
    public let taken: Instant
    /// What was demanded when it was given, whose digest is signed; nil of a refusal, which stands whatever was demanded.
    public let requirement: ApprovalRequirement?

    /// - Parameter requirement: of the change as it was when this was signed.
    public init(
        statement: ApprovalStatement, signature: String, userVerified: Bool, taken: Instant, requirement: ApprovalRequirement?
    ) {
        self.statement = statement
        self.signature = signature
        self.userVerified = userVerified
        self.taken = taken
        self.requirement = statement.verdict == .approve ? requirement : nil
    }

    /// The same, taken together with what was demanded then.
    public func taken(for requirement: ApprovalRequirement) -> SignedApproval {
        SignedApproval(
            statement: statement, signature: signature, userVerified: userVerified, taken: taken, requirement: requirement)
    }

    public var json: JSONValue {
        var json: JSONValue = [
            "statement": .string(JSONWriter.canonicalText(statement.json)), "signature": .string(signature),
            "userVerified": .bool(userVerified), "taken": .integer(taken.milliseconds),
        ]
        json.add("requirement", requirement?.json)
        return json
    }

    /// - Throws: ``ShapeError``, also when what was demanded is not what is signed.
    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        self.init(
            statement: try ApprovalStatement(text: try fields.string("statement")), signature: try fields.string("signature"),
            userVerified: try fields.bool("userVerified"), taken: try fields.instant("taken"),
            requirement: try fields.optional("requirement").map { try ApprovalRequirement(json: $0) })
        try fields.end()
        guard statement.verdict != .approve || requirement?.digest == statement.requirement else {
            throw ShapeError(.invalid, at: "/requirement", "what was demanded is not what was signed")
        }
    }
}
