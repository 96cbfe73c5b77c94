import StrictJSON

/// That an attribute or tag is there, once a certain expression has been true.
struct Capability: Equatable {
    enum Name: Equatable {
        case attribute(ExactString)
        case tag(Expression)
    }

    let subject: Expression
    let name: Name
}

/// What is known of the type of an expression.
struct Typing {
    /// Nil when it can't be told.
    var type: CedarType?
    /// Whether the expression is well typed.
    var isValid: Bool
    /// What is known to be there when the expression is true.
    var capabilities: [Capability]

    init(_ type: CedarType?, isValid: Bool = true, _ capabilities: [Capability] = []) {
        self.type = type
        self.isValid = isValid
        self.capabilities = isValid ? capabilities : []
    }

    static func invalid(_ type: CedarType? = nil) -> Typing { Typing(type, isValid: false) }

    /// As a part of something: what is invalid in a part is invalid in the whole.
    func after(_ parts: Typing...) -> Typing { parts.allSatisfy(\.isValid) ? self : .invalid(type) }
}
