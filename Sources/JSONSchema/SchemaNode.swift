import StrictJSON

/// One schema object, its subschemas by their numbers.
struct SchemaNode: Sendable {
    /// A schema that is `true` or `false`.
    var always: Bool?
    var ref: Int?
    var types: [String]?
    var choices: [JSONValue]?
    // Numbers
    var minimum: Double?, maximum: Double?, exclusiveMinimum: Double?, exclusiveMaximum: Double?, multipleOf: Double?
    // Strings
    var lengths = Bounds()
    var pattern: LinearPattern?
    // Arrays
    var counts = Bounds()
    var isUnique = false
    var prefix: [Int] = []
    var items: Int?
    var contains: Int?
    var containing = Bounds()
    // Objects
    var sizes = Bounds()
    var required: [String] = []
    var properties: [String: Int] = [:]
    var patterns: [(LinearPattern, Int)] = []
    var additional: Int?
    var names: Int?
    var dependentRequired: [(String, [String])] = []
    var dependentSchemas: [(String, Int)] = []
    // Combined
    var all: [Int] = []
    var any: [Int]?
    var one: [Int]?
    var not: Int?
    var condition: (test: Int, then: Int?, otherwise: Int?)?

    struct Bounds: Sendable {
        var least: Int64?
        var most: Int64?

        func holds(_ count: Int) -> Bool { Int64(count) >= least ?? 0 && Int64(count) <= most ?? .max }

        var words: String {
            switch (least, most) {
            case (let least?, let most?): "\(least) to \(most)"
            case (let least?, nil): "at least \(least)"
            case (nil, let most?): "at most \(most)"
            case (nil, nil): "any number of"
            }
        }
    }
}

extension JSONValue {
    /// What JSON Schema calls it; a whole number is an integer however it is written.
    func isOf(_ type: String) -> Bool {
        switch (type, self) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object): true
        case ("number", .integer), ("number", .number), ("integer", .integer): true
        case ("integer", .number(let number)): number.rounded() == number
        default: false
        }
    }

    var number: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }
}
