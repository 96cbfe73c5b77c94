import StrictJSON

/// One schema object, its subschemas by their numbers.
struct SchemaNode: Sendable {
    /// A schema that is `true` or `false`.
    var always: Bool?
    var ref: Int?
    var types: [String]?
    var choices: [JSONValue]?
    // Numbers
    var minimum: SchemaNumber?, maximum: SchemaNumber?, exclusiveMinimum: SchemaNumber?, exclusiveMaximum: SchemaNumber?
    var multipleOf: SchemaNumber?
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
    var properties: [ExactString: Int] = [:]
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

/// A number: whole ones are compared exactly, also where a double would round them.
enum SchemaNumber: Sendable {
    case whole(Int64)
    case fraction(Double)

    var double: Double {
        switch self {
        case .whole(let whole): Double(whole)
        case .fraction(let fraction): fraction
        }
    }

    static func < (a: SchemaNumber, b: SchemaNumber) -> Bool {
        if case .whole(let x) = a, case .whole(let y) = b { return x < y }
        return a.double < b.double
    }

    /// Whether it is so many steps. Decimals that no double is exactly, such as 0.07 in steps of 0.01, count as what they stand for.
    func isMultiple(of step: SchemaNumber) -> Bool {
        if case .whole(let x) = self, case .whole(let y) = step {
            return y != 0 && x.remainderReportingOverflow(dividingBy: y).partialValue == 0
        }
        let quotient = double / step.double
        return quotient.isFinite && abs(quotient - quotient.rounded()) <= 4 * quotient.ulp
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

    var number: SchemaNumber? {
        switch self {
        case .integer(let integer): .whole(integer)
        case .number(let number): .fraction(number)
        default: nil
        }
    }
}
