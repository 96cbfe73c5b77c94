import StrictJSON

/// The four variables of a request.
public enum Variable: String, Sendable, CaseIterable {
    case principal, action, resource, context
}

/// An operator with two operands, both of which are always evaluated.
enum BinaryOperator: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    case add, subtract, multiply
    case `in`
    case contains, containsAll, containsAny, hasTag, getTag
}

/// An operator with one operand.
enum UnaryOperator: Sendable { case not, negate, isEmpty }

/// A Cedar expression.
indirect enum Expression: Sendable {
    case literal(Value)
    case variable(Variable)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case ifThenElse(Expression, then: Expression, else: Expression)
    case unary(UnaryOperator, Expression)
    case binary(BinaryOperator, Expression, Expression)
    case attribute(Expression, ExactString)
    case has(Expression, ExactString)
    case like(Expression, Pattern)
    case `is`(Expression, EntityType)
    case set([Expression])
    case record([(ExactString, Expression)])
    case call(ExtensionFunction, [Expression])
}
