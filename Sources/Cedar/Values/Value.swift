public import StrictJSON

/// A value of the Cedar language.
public enum Value: Hashable, Sendable {
    case bool(Bool)
    case long(Int64)
    case string(ExactString)
    case entity(EntityUID)
    case set(Set<Value>)
    case record([ExactString: Value])
    case decimal(Decimal)
    case ip(IPAddress)
    case datetime(Datetime)
    case duration(Duration)
}

extension Value {
    /// The type's name as error messages give it.
    public var typeName: String {
        switch self {
        case .bool: "bool"
        case .long: "long"
        case .string: "string"
        case .entity(let uid): "entity of type `\(uid.type)`"
        case .set: "set"
        case .record: "record"
        case .decimal: "decimal"
        case .ip: "ipaddr"
        case .datetime: "datetime"
        case .duration: "duration"
        }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    public init(stringLiteral value: String) { self = .string(ExactString(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .long(value) }
}
