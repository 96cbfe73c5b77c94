public import StrictJSON

/// Why a policy could not be evaluated. Such a policy is skipped and reported.
public enum EvaluationError: Error, Equatable, Sendable {
    case type(expected: String, found: String)
    case missingEntity(EntityUID)
    case missingAttribute(ExactString)
    case missingTag(ExactString)
    case overflow
    /// An extension function was called with the wrong number of arguments. The reference
    /// implementation finds this at evaluation, not when parsing, and the public corpus relies on it.
    case arity(function: String, expected: Int, found: Int)
    /// An extension constructor was given a string it does not accept.
    case malformed(type: String, text: String)
}

extension EvaluationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .type(let expected, let found): "expected \(expected), found \(found)"
        case .missingEntity(let uid): "there is no entity `\(uid)`"
        case .missingAttribute(let name): "there is no attribute `\(name)`"
        case .missingTag(let name): "there is no tag `\(name)`"
        case .overflow: "the result does not fit 64 bits"
        case .arity(let function, let expected, let found): "`\(function)` takes \(expected) argument(s), not \(found)"
        case .malformed(let type, let text): "\(StringLiteral.quoted(text)) is not accepted by `\(type)`"
        }
    }
}
