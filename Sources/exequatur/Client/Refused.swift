import Gateway

/// What the gateway refused, with the code that the process ends with: those of sysexits.h, where one fits.
struct Refused: Error, CustomStringConvertible {
    let description: String
    let exitCode: Int32

    /// - Parameters:
    ///   - kind: of the refusal; nil for one that is not of the gateway's own.
    ///   - status: HTTP's.
    init(_ description: String, kind: Refusal.Kind?, status: UInt) {
        self.description = description
        exitCode =
            switch (kind, status) {
            case (.invalid, _), (nil, 400): 65
            case (.notFound, _), (nil, 404): 66
            case (.forbidden, _), (nil, 401), (nil, 403): 77
            case (.unavailable, _), (.tooMany, _), (nil, 503), (nil, 429): 75
            default: 1
            }
    }
}
