public import StrictJSON

/// A change as a person is shown it, and as they sign it: the statement is made of the sheet's own terms, assessment and
/// requirement, so that nobody can sign anything but what they see. Every client of people's uses it.
public struct ChangeSheet: Sendable {
    /// Somebody's word on it.
    public struct Word: Sendable {
        public let by: String
        public let verdict: ApprovalStatement.Verdict
        /// Whether it counts as things stand: not when its key is no longer the person's, or they may not approve any more.
        public let counts: Bool

        public init(by: String, verdict: ApprovalStatement.Verdict, counts: Bool) {
            self.by = by
            self.verdict = verdict
            self.counts = counts
        }
    }

    public let gateway: String
    public let id: String
    public let state: Change.State
    public let wait: Change.Wait
    /// A stable code for why it ended as it did.
    public let reason: String?
    /// Why it is void, in words.
    public let because: String?
    /// What a person who refused it said.
    public let said: String?
    public let requester: PrincipalID
    public let adopter: String?
    /// The request that made it.
    public let request: String
    public let created: Instant
    public let expires: Instant
    public let terms: Terms
    public let shown: ShownAssessment
    public let requirement: ApprovalRequirement
    public let words: [Word]
    /// What is still missing, in words; nil when nothing is, or nothing helps.
    public let needs: String?
    /// The people whose approval would count, sorted.
    public let eligible: [String]
    /// Why it must not be signed as things stand now; nil when it would do what it says.
    public let obstacle: String?
    public let evidence: SealedEvidence?

    public init(
        _ change: Change, gateway: String, words: [Word], needs: String?, eligible: [String], obstacle: String?,
        evidence: SealedEvidence?
    ) {
        self.gateway = gateway
        (id, state, wait, reason) = (change.id, change.state, change.wait, change.reason)
        (because, said) = (change.because, change.said)
        (requester, adopter, request) = (change.requester, change.adopter, change.request)
        (created, expires, terms) = (change.created, change.expires, change.terms)
        (shown, requirement) = (change.shown, change.requirement)
        (self.words, self.needs, self.eligible) = (words, needs, eligible)
        (self.obstacle, self.evidence) = (obstacle, evidence)
    }

    /// What a person signs who says this of the change as it is shown.
    ///
    /// - Parameters:
    ///   - nonce: 32 hexadecimal digits, never used before.
    ///   - life: how long the statement is good for, in seconds.
    public func statement(
        _ verdict: ApprovalStatement.Verdict, by person: String, issued: Instant, life: Int64 = 600, nonce: String,
        reason: String? = nil
    ) -> ApprovalStatement {
        ApprovalStatement(
            verdict: verdict, gateway: gateway, change: id, terms: terms.digest, assessment: shown.digest,
            requirement: requirement.digest, approver: person, issued: issued, expires: issued.adding(seconds: life),
            nonce: nonce, reason: reason)
    }

    /// Whether this is what its agent claimed when it was staged, and not what somebody put in its place.
    public func isClaim(_ copy: WorkingCopy) -> Bool { copy.commitment == terms.claims }

    /// One for all that is shown: who compares it has compared everything.
    public var digest: Digest {
        Digest(of: [terms.json, shown.json, requirement.json])
    }

    /// Those that a statement is made of, for clients that compute none.
    private var digests: JSONValue {
        [
            "terms": .string(terms.digest.hex), "assessment": .string(shown.digest.hex),
            "requirement": .string(requirement.digest.hex),
        ]
    }

    // MARK: As it is sent

    public var json: JSONValue {
        var json: JSONValue = [
            "gateway": .string(gateway), "id": .string(id), "state": .string(state.rawValue), "wait": .string(wait.rawValue),
            "requester": requester.json, "request": .string(request), "created": .integer(created.milliseconds),
            "expires": .integer(expires.milliseconds), "terms": terms.json, "assessment": shown.json,
            "requirement": requirement.json,
            "words": .array(
                words.map { ["by": .string($0.by), "verdict": .string($0.verdict.rawValue), "counts": .bool($0.counts)] }),
            "eligible": .array(eligible.map(JSONValue.string)), "digest": .string(digest.hex), "digests": digests,
        ]
        json.add("reason", reason.map(JSONValue.string))
        json.add("because", because.map(JSONValue.string))
        json.add("said", said.map(JSONValue.string))
        json.add("adopter", adopter.map(JSONValue.string))
        json.add("needs", needs.map(JSONValue.string))
        json.add("obstacle", obstacle.map(JSONValue.string))
        json.add("evidence", evidence?.json)
        return json
    }

    /// - Throws: ``ShapeError``, also when it was not written down in the one form whose digests are signed.
    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        gateway = try fields.string("gateway")
        id = try fields.string("id")
        guard let state = Change.State(rawValue: try fields.string("state")),
            let wait = Change.Wait(rawValue: try fields.string("wait"))
        else { throw ShapeError(.invalid, at: "/state", "not a change") }
        (self.state, self.wait) = (state, wait)
        reason = try fields.optionalString("reason")
        because = try fields.optionalString("because")
        said = try fields.optionalString("said")
        requester = try PrincipalID(json: try fields.required("requester"), at: "/requester")
        adopter = try fields.optionalString("adopter")
        request = try fields.string("request")
        created = try fields.instant("created")
        expires = try fields.instant("expires")
        terms = try Terms(json: try fields.required("terms"))
        shown = try ShownAssessment(json: try fields.required("assessment"))
        requirement = try ApprovalRequirement(json: try fields.required("requirement"))
        words = try fields.array("words").map { try Word(json: $0) }
        needs = try fields.optionalString("needs")
        eligible = try fields.strings("eligible")
        obstacle = try fields.optionalString("obstacle")
        evidence = try fields.optional("evidence").map { try SealedEvidence(json: $0) }
        let (whole, parts) = (try fields.digest("digest"), try fields.required("digests"))
        try fields.end()
        guard whole == digest, parts == digests else {
            throw ShapeError(.invalid, at: "/digest", "the digest is not that of what is shown")
        }
    }
}

extension ChangeSheet.Word {
    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json, at: "/words")
        by = try fields.string("by")
        guard let verdict = ApprovalStatement.Verdict(rawValue: try fields.string("verdict")) else {
            throw ShapeError(.invalid, at: "/words", "not a verdict")
        }
        self.verdict = verdict
        counts = try fields.bool("counts")
        try fields.end()
    }
}
