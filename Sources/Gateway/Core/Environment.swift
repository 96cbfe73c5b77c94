public import Authority
public import Logging

/// What the gateway takes from outside: time, randomness, and where it stands.
public struct GatewayEnvironment: Sendable {
    /// The gateway's id: part of what approvers sign.
    public let id: String
    public let tenant: String
    /// Such as `production` or `staging`; policy sees it.
    public let environment: String
    public let purposes: [String]
    /// How long a staged change waits, in seconds.
    public let changeLife: Int64
    /// So many changes of one workload, and for one delegator, wait at a time.
    public let waitingLimit: Int
    /// Whether approvers are shown prompts, and not only justifications.
    public let showsPrompts: Bool
    /// How long a connector's call may take, in seconds.
    public let deadline: Int64
    /// How long one answer looks for what may be seen. Well within the deadline: past that the answer would be a failure.
    public let looking: Duration
    public let now: @Sendable () -> Instant
    public let random: @Sendable (_ count: Int) -> [UInt8]
    public let log: Logger

    public init(
        id: String, tenant: String, environment: String, purposes: [String], changeLife: Int64, waitingLimit: Int = 20,
        showsPrompts: Bool = false,
        deadline: Int64,
        looking: Duration? = nil, now: @escaping @Sendable () -> Instant, random: @escaping @Sendable (_ count: Int) -> [UInt8],
        log: Logger
    ) {
        self.id = id
        self.tenant = tenant
        self.environment = environment
        self.purposes = purposes
        self.changeLife = changeLife
        self.waitingLimit = waitingLimit
        self.showsPrompts = showsPrompts
        self.deadline = deadline
        self.looking = looking ?? .milliseconds(deadline * 700)
        self.now = now
        self.random = random
        self.log = log
    }

    /// A fresh id: a prefix that says what it names, and 96 random bits.
    func id(_ prefix: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return prefix + "-"
            + String(decoding: random(12).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
