import Gateway

/// What the gateway refused, or this program instead of it, with the code that the process ends with: those of sysexits.h, where
/// one fits.
struct Refused: Error, CustomStringConvertible {
    let description: String
    let exitCode: Int32
    /// Nil for one that is not of the gateway's own.
    let code: Refusal.Code?

    /// - Parameters:
    ///   - kind: of the refusal; nil for one that is not of the gateway's own.
    ///   - status: HTTP's, where there was an answer.
    init(_ description: String, kind: Refusal.Kind?, status: UInt? = nil, code: Refusal.Code? = nil) {
        self.description = description
        self.code = code
        exitCode = Self.exitCode(kind, status: status)
    }

    static func exitCode(_ kind: Refusal.Kind?, status: UInt? = nil) -> Int32 {
        switch (kind, status) {
        case (.invalid, _), (nil, 400): 65
        case (.notFound, _), (nil, 404): 66
        case (.forbidden, _), (nil, 401), (nil, 403): 77
        case (.unavailable, _), (.tooMany, _), (nil, 503), (nil, 429): 75
        default: 1
        }
    }
}

/// The path of a change, or of something that is done with it: an id is an id, and never a path of its own.
func changePath(_ id: String, _ verb: String? = nil) throws -> String {
    guard id.wholeMatch(of: /chg-[0-9a-f]{1,64}/) != nil else {
        throw Refused("`\(id)` is no change's id: they begin with chg-, as `exequatur changes` lists them", kind: .invalid)
    }
    return "changes/\(id)" + (verb.map { "/\($0)" } ?? "")
}
