public import StrictJSON

/// What a model claimed of a change, for those who are asked to approve it. The sealed original is in the log; this copy is
/// outside it, and is gone when the change is over.
public struct WorkingCopy: Sendable {
    public let justification: String?
    public let prompt: String?
    /// 32 random bytes: nobody who has the log can guess the text from its commitment.
    public let salt: [UInt8]

    public init(justification: String?, prompt: String?, salt: [UInt8]) {
        self.justification = justification
        self.prompt = prompt
        self.salt = salt
    }

    /// What stands in the request's log entry, and in the terms that are signed.
    public var commitment: Digest { Digest(of: json) }

    public var json: JSONValue {
        [
            "justification": justification.map(JSONValue.string) ?? .null, "prompt": prompt.map(JSONValue.string) ?? .null,
            "salt": .array(salt.map { .integer(Int64($0)) }),
        ]
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        justification = try fields.required("justification").string
        prompt = try fields.required("prompt").string
        salt = try fields.array("salt").compactMap(\.integer).map(UInt8.init(clamping:))
        try fields.end()
    }
}

/// Where working copies are kept, each under a key of its own.
public protocol WorkingCopies: Sendable {
    func put(_ copy: WorkingCopy, of change: String) throws
    /// Nil when there is none, or none any more.
    func copy(of change: String) throws -> WorkingCopy?
    /// Destroys the key and what it opens. Destroying one that is gone succeeds.
    func destroy(_ change: String) throws
    /// The ids of the changes that have one.
    func changes() throws -> [String]
}
