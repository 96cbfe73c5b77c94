public import StrictJSON

/// What is asked: may this principal do this action on this resource, in this context?
public struct Request: Sendable, Equatable {
    public var principal: EntityUID
    public var action: EntityUID
    public var resource: EntityUID
    public var context: [ExactString: Value]

    public init(principal: EntityUID, action: EntityUID, resource: EntityUID, context: [ExactString: Value] = [:]) {
        self.principal = principal
        self.action = action
        self.resource = resource
        self.context = context
    }
}
