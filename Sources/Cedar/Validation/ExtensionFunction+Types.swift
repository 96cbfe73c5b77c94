import StrictJSON

extension ExtensionFunction {
    func argumentType(_ index: Int) -> CedarType {
        switch self {
        case .ip, .decimal, .datetime, .duration: .string
        case .isIpv4, .isIpv6, .isLoopback, .isMulticast, .isInRange: .extension(.ipaddr)
        case .lessThan, .lessThanOrEqual, .greaterThan, .greaterThanOrEqual: .extension(.decimal)
        case .offset: .extension(index == 0 ? .datetime : .duration)
        case .durationSince, .toDate, .toTime: .extension(.datetime)
        case .toMilliseconds, .toSeconds, .toMinutes, .toHours, .toDays: .extension(.duration)
        }
    }

    var resultType: CedarType {
        switch self {
        case .ip: .extension(.ipaddr)
        case .decimal: .extension(.decimal)
        case .datetime, .offset, .toDate: .extension(.datetime)
        case .duration, .durationSince, .toTime: .extension(.duration)
        case .toMilliseconds, .toSeconds, .toMinutes, .toHours, .toDays: .long
        default: .bool
        }
    }

    /// What a constructor accepts.
    var example: String {
        switch self {
        case .ip: "such as \"192.0.2.1\", \"192.0.2.0/24\" or \"2001:db8::/32\""
        case .decimal: "such as \"1.0\" or \"-0.25\", with one to four digits after the dot"
        case .datetime: "such as \"2024-10-15\" or \"2024-10-15T11:35:00Z\""
        default: "such as \"1d12h30m\" or \"-5ms\""
        }
    }
}
