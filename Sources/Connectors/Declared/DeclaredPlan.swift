import StrictJSON

/// What a plan on a declared system was made of: enough to look again.
struct DeclaredPlan: Sendable {
    let operation: String
    let input: JSONValue

    var json: JSONValue { ["operation": .string(operation), "input": input] }

    init(operation: String, input: JSONValue) { (self.operation, self.input) = (operation, input) }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        operation = try fields.string("operation")
        input = try fields.required("input")
        try fields.end()
    }
}
