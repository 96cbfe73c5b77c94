public import StrictJSON

/// What a model claimed of a change, for those who are asked to approve it. The sealed original is in the log; this copy is
/// outside it, and is gone when the change is over.
public struct WorkingCopy: Sendable {
    /// One text, committed to by itself: whoever is not shown it can still tell what the whole commits to.
    public enum Text: Sendable {
        /// As it is shown, with 32 random bytes: nobody who has the log can guess it from its commitment.
        case shown(String, salt: [UInt8])
        /// Not for whoever reads this.
        case withheld(Digest)
    }

    public let justification: Text?
    public let prompt: Text?

    /// Control and invisible characters but for the lines' ends are replaced, and what is long is cut.
    ///
    /// - Parameter random: so many random bytes.
    public init(justification: String?, prompt: String?, random: (Int) -> [UInt8]) {
        self.justification = justification.map { .shown(Text.visible($0), salt: random(32)) }
        self.prompt = prompt.map { .shown(Text.visible($0), salt: random(32)) }
    }

    private init(_ justification: Text?, _ prompt: Text?) {
        self.justification = justification
        self.prompt = prompt
    }

    public var withoutPrompt: WorkingCopy { WorkingCopy(justification, prompt.map { .withheld($0.commitment) }) }

    /// What stands in the request's log entry, and in the terms that are signed.
    public var commitment: Digest {
        Digest(of: [
            "justification": justification.map { .string($0.commitment.hex) } ?? .null,
            "prompt": prompt.map { .string($0.commitment.hex) } ?? .null,
        ])
    }

    public var json: JSONValue { ["justification": justification?.json ?? .null, "prompt": prompt?.json ?? .null] }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        let (justification, prompt) = (try fields.required("justification"), try fields.required("prompt"))
        try fields.end()
        self.init(try Text(json: justification), try Text(json: prompt))
    }
}

extension WorkingCopy.Text {
    /// What is shown of one text, in characters and in lines.
    private static let longest = (characters: 4000, lines: 40)

    /// Nil of one that is withheld.
    public var text: String? { if case .shown(let text, _) = self { text } else { nil } }

    fileprivate static func visible(_ text: String) -> String {
        var (shown, lines) = (String.UnicodeScalarView(), 1)
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if scalar == "\n" { lines += 1 }
            guard count < longest.characters, lines <= longest.lines else { return String(shown) + "…" }
            shown.append(scalar == "\n" || Printable.isVisible(scalar) ? scalar : "\u{FFFD}")
        }
        return String(shown)
    }

    fileprivate var commitment: Digest {
        switch self {
        case .shown(let text, let salt): Digest(of: ["text": .string(text), "salt": Self.json(salt)])
        case .withheld(let digest): digest
        }
    }

    private static func json(_ salt: [UInt8]) -> JSONValue { .array(salt.map { .integer(Int64($0)) }) }

    fileprivate var json: JSONValue {
        switch self {
        case .shown(let text, let salt): ["text": .string(text), "salt": Self.json(salt)]
        case .withheld(let digest): ["withheld": .string(digest.hex)]
        }
    }

    fileprivate init?(json: JSONValue) throws(ShapeError) {
        if json == .null { return nil }
        var fields = try Fields(json)
        if let digest = try fields.optionalDigest("withheld") {
            self = .withheld(digest)
        } else {
            let text = try fields.string("text")
            self = .shown(Self.visible(text), salt: try fields.array("salt").compactMap(\.integer).map(UInt8.init(clamping:)))
        }
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
