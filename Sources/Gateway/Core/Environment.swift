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
    /// For secrets.
    public let random: @Sendable (_ count: Int) -> [UInt8]
    /// For ids, which give nobody anything: another generator, so that none of it says anything of a secret.
    private let noise: @Sendable (_ count: Int) -> [UInt8]
    public let log: Logger

    public init(
        id: String, tenant: String, environment: String, purposes: [String], changeLife: Int64, waitingLimit: Int = 20,
        showsPrompts: Bool = false,
        deadline: Int64,
        looking: Duration? = nil, now: @escaping @Sendable () -> Instant, random: @escaping @Sendable (_ count: Int) -> [UInt8],
        noise: @escaping @Sendable (_ count: Int) -> [UInt8], log: Logger
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
        self.noise = noise
        self.log = log
    }

    /// A fresh id: a prefix that says what it names, the time in milliseconds, and 80 random bits. Ids sort by the time they were
    /// made at, so that indexes over them grow at their end, and open nothing: see ``secret(_:)``.
    func id(_ prefix: String) -> String {
        let time = UInt64(clamping: now().milliseconds)
        return prefix + "-" + Self.hex((0..<6).reversed().map { UInt8(truncatingIfNeeded: time >> ($0 * 8)) } + noise(10))
    }

    /// A name that opens something to whoever knows it: 256 random bits.
    func secret(_ prefix: String) -> String { prefix + "-" + Self.hex(random(32)) }

    private static func hex(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
            for (place, byte) in bytes.enumerated() {
                text[2 * place] = digit(byte >> 4)
                text[2 * place + 1] = digit(byte & 15)
            }
            return 2 * bytes.count
        }
    }
}
