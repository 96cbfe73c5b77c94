import Authority
import Gateway
import StrictJSON

extension QueueQuery {
    /// Reads a query's parameters: `state` is `waiting`, `all`, or one of the states.
    ///
    /// - Throws: ``ShapeError`` for a parameter that is not known, or says nothing.
    init(_ parameters: [String: String]) throws(ShapeError) {
        self.init()
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "state": states = try Self.states(named: value)
            case "workload": workload = value
            case "system": system = value
            case "person": person = value
            case "olderThan":
                guard let seconds = Int64(value), seconds >= 0 else {
                    throw ShapeError(.invalid, at: "?olderThan", "a number of seconds belongs here")
                }
                olderThan = seconds
            case "after": after = value
            default: throw ShapeError(.unknownField, at: "?\(Printable.text(name))", "there is no such parameter")
            }
        }
    }

    private static func states(named text: String) throws(ShapeError) -> Set<Change.State> {
        switch text {
        case "waiting": return waiting
        case "all": return Set(Change.State.allCases)
        default:
            guard let state = Change.State(rawValue: text) else {
                let known = ["waiting", "all"] + Change.State.allCases.map(\.rawValue)
                throw ShapeError(.invalid, at: "?state", "one of \(known.joined(separator: ", ")) belongs here")
            }
            return [state]
        }
    }
}
