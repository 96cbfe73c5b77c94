import StrictJSON

extension ExtensionFunction {
    func call(_ arguments: [Value]) throws(EvaluationError) -> Value {
        guard arguments.count == arity else {
            throw .arity(function: rawValue, expected: arity, found: arguments.count)
        }
        switch self {
        case .ip, .decimal, .datetime, .duration: return try construct(arguments[0])
        case .isIpv4, .isIpv6, .isLoopback, .isMulticast: return .bool(test(try ip(arguments[0])))
        case .isInRange: return .bool(try ip(arguments[0]).isInRange(ip(arguments[1])))
        case .lessThan, .lessThanOrEqual, .greaterThan, .greaterThanOrEqual:
            return .bool(compare(try decimal(arguments[0]), try decimal(arguments[1])))
        case .offset: return try checked(datetime(arguments[0]).offset(by: duration(arguments[1])).map(Value.datetime))
        case .durationSince: return try checked(datetime(arguments[0]).since(datetime(arguments[1])).map(Value.duration))
        case .toDate: return try checked(datetime(arguments[0]).date.map(Value.datetime))
        case .toTime: return .duration(try datetime(arguments[0]).time)
        case .toMilliseconds, .toSeconds, .toMinutes, .toHours, .toDays:
            return .long(try duration(arguments[0]).milliseconds / unit)
        }
    }

    private func construct(_ argument: Value) throws(EvaluationError) -> Value {
        guard case .string(let text) = argument else { throw .type(expected: "string", found: argument.typeName) }
        let value: Value? =
            switch self {
            case .ip: IPAddress(text.string).map(Value.ip)
            case .decimal: Decimal(text.string).map(Value.decimal)
            case .datetime: Datetime(text.string).map(Value.datetime)
            default: Duration(text.string).map(Value.duration)
            }
        guard let value else { throw .malformed(type: rawValue, text: text.string) }
        return value
    }

    private func test(_ address: IPAddress) -> Bool {
        switch self {
        case .isIpv4: address.isIPv4
        case .isIpv6: address.isIPv6
        case .isLoopback: address.isLoopback
        default: address.isMulticast
        }
    }

    private func compare(_ a: Decimal, _ b: Decimal) -> Bool {
        switch self {
        case .lessThan: a < b
        case .lessThanOrEqual: a <= b
        case .greaterThan: a > b
        default: a >= b
        }
    }

    /// Milliseconds in the unit a `to…` method counts.
    private var unit: Int64 {
        switch self {
        case .toSeconds: 1000
        case .toMinutes: 60_000
        case .toHours: 3_600_000
        case .toDays: Datetime.day
        default: 1
        }
    }

    private func checked(_ value: Value?) throws(EvaluationError) -> Value {
        guard let value else { throw .overflow }
        return value
    }

    private func ip(_ value: Value) throws(EvaluationError) -> IPAddress {
        guard case .ip(let ip) = value else { throw .type(expected: "ipaddr", found: value.typeName) }
        return ip
    }

    private func decimal(_ value: Value) throws(EvaluationError) -> Decimal {
        guard case .decimal(let decimal) = value else { throw .type(expected: "decimal", found: value.typeName) }
        return decimal
    }

    private func datetime(_ value: Value) throws(EvaluationError) -> Datetime {
        guard case .datetime(let datetime) = value else { throw .type(expected: "datetime", found: value.typeName) }
        return datetime
    }

    private func duration(_ value: Value) throws(EvaluationError) -> Duration {
        guard case .duration(let duration) = value else { throw .type(expected: "duration", found: value.typeName) }
        return duration
    }
}
