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
