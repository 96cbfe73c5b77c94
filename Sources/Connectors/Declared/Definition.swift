package import Authority

/// Where it is said what an operation takes.
package enum Definition: Sendable {
    /// In the catalogue.
    case here
    /// By the system itself.
    case known(KnownOperation)
    /// By the system itself, and no person has said yet what it does: it is not in the catalogue.
    case unclassified

    var known: KnownOperation? { if case .known(let operation) = self { operation } else { nil } }
}

/// What a system itself says of an operation.
package struct KnownOperation: Sendable {
    package let input: [InputField]
    package let summary: String
    package let offer: Offer

    package init(input: [InputField], summary: String, offer: Offer) {
        (self.input, self.summary, self.offer) = (input, summary, offer)
    }
}

/// What the operations of a catalogue may be called.
package enum OperationNames: Sendable {
    /// `user.add-tag`.
    case objectAndVerb
    /// What somebody else called them: `git_status`.
    case tools

    func problem(_ name: String) -> String? {
        switch self {
        case .objectAndVerb:
            name.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*/) != nil
                ? nil : "an operation is called object.verb, such as user.add-tag: `\(name)`"
        case .tools:
            name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/) != nil
                ? nil : "a tool's name has up to 64 letters, digits and _ . - : `\(name)`"
        }
    }
}
