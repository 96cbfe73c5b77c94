import Authority
public import StrictJSON

/// What an agent is told. It holds nothing of policies, approvers or other people's data.
public struct Answer: Sendable {
    public enum Status: String, Sendable {
        /// Done; for a write, with a receipt.
        case done
        /// Staged: a person must approve or adopt it.
        case staged
        case denied
        case failed
    }

    public let status: Status
    /// Stable, for machines.
    public let code: String
    public let message: String
    public var change: String?
    public var result: JSONValue?
    public var receipt: JSONValue?

    init(
        _ status: Status, _ code: String, _ message: String, change: String? = nil, result: JSONValue? = nil,
        receipt: JSONValue? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.change = change
        self.result = result
        self.receipt = receipt
    }

    public var json: JSONValue {
        var json: JSONValue = ["status": .string(status.rawValue), "code": .string(code), "message": .string(message)]
        json.add("change", change.map(JSONValue.string))
        json.add("result", result)
        json.add("receipt", receipt)
        return json
    }

    /// One answer for what is absent, what may not be seen and what is not permitted, so that none of
    /// them can be told from the others.
    static let denied = Answer(.denied, "denied", "Not permitted, or there is no such target.")
}

extension Answer {
    /// A request that could not even be asked.
    public static func refused(_ code: String, _ message: String) -> Answer { Answer(.failed, code, message) }

    public static func refused(_ refusal: Refusal) -> Answer { refused(refusal.code.rawValue, refusal.message) }

    public static let ended = Answer(.done, "task.ended", "The task has ended.")
}
