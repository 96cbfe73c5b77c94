/// One step of the stack machine that policies are compiled to.
struct Instruction {
    enum Operation: UInt8 {
        /// Pushes constant `a`.
        case constant
        case principal, action, resource, context
        /// Replaces the top by its attribute `a`.
        case attribute
        case has
        case not, negate, isEmpty
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        case add, subtract, multiply
        case `in`, contains, containsAll, containsAny, hasTag, getTag
        /// Whether the top is like pattern `a`.
        case like
        /// Whether the top is an entity of the type `a`.
        case isType
        /// Leaves the top when it is an entity of the type `a`; makes it false and goes to `b` otherwise.
        case typeOrFalse
        /// Goes to `a` when the top is false (true), and leaves it; takes it away otherwise.
        case jumpIfFalse, jumpIfTrue
        /// Takes the top and goes to `a` when it was false.
        case branch
        case jump
        /// The top must be a boolean.
        case assertBool
        /// Makes a set of the top `a`.
        case makeSet
        /// Makes a record of the top values, with the names of record shape `a`.
        case makeRecord
        /// Calls extension function `a` on the top `b`.
        case call
        /// Attribute `b` of the principal, resource or context in one step.
        case principalAttribute, resourceAttribute, contextAttribute
    }

    let operation: Operation
    var a: Int32 = 0
    var b: Int32 = 0
}

/// A policy ready to run: what its head asks, in symbols, and where its code is.
struct CompiledPolicy {
    struct Scope {
        /// The type asked for; -1 for any.
        var type: Int32 = -1
        /// The entity asked for; -1 for any.
        var entity: Int32 = -1
        /// Whether `entity` itself is asked for, not what is in it.
        var isExact = false
        /// Whether nothing can match: a slot that was not filled.
        var isNever = false
    }

    let isPermit: Bool
    var principal = Scope()
    var resource = Scope()
    /// The actions asked for, or groups of them; none for any.
    var actions = Span()
    var anyAction = true
    var exactAction = false
    var code = Span()
}
