import Authority

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
    /// What was read.
    public var result: Reading?
    public var receipt: Receipt?

    init(
        _ status: Status, _ code: String, _ message: String, change: String? = nil, result: Reading? = nil,
        receipt: Receipt? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.change = change
        self.result = result
        self.receipt = receipt
    }

    /// One answer for what is absent, what may not be seen and what is not permitted, so that none of
    /// them can be told from the others.
    static let denied = Answer(.denied, "denied", "Not permitted, or there is no such target.")
}

extension Answer {
    /// A request that could not even be asked.
    public static func refused(_ code: String, _ message: String) -> Answer { Answer(.failed, code, message) }

    public static func refused(_ refusal: Refusal) -> Answer { refused(refusal.code.rawValue, refusal.message) }

    public static let ended = Answer(.done, "ok", "The task has ended.")
}

extension Core {
    /// What the requester is told of a change.
    func answer(on change: Change) async throws -> Answer {
        switch change.state {
        case .proposed, .approved:
            let message =
                switch change.wait {
                case .adoption: "Staged; it waits until a person adopts it."
                case .approval: "Staged; it waits for a person's approval."
                case .nothing: "Not carried out yet; ask for the same again, and it is tried again."
                }
            return Answer(.staged, "staged.\(change.wait.rawValue)", message, change: change.id)
        case .executing: return Answer(.staged, "executing", "It is being carried out.", change: change.id)
        case .executed, .rolledBack:
            let message = change.state == .executed ? "Carried out." : "Carried out, and rolled back since."
            let receipt = try await journal.receipt(ofEntry: (change.reason == "settled" ? "settled-" : "outcome-") + change.id)
            return Answer(.done, change.state.rawValue, message, change: change.id, receipt: receipt)
        case .void:
            // Who may not know the target is not told that it is another by now.
            let isTold = !(change.isDiscreet && change.reason == Change.VoidReason.targetChanged.rawValue)
            guard isTold else {
                return Answer(.failed, "void.not_possible", "It can't be carried out any more.", change: change.id)
            }
            let reason = change.reason ?? ""
            return Answer(
                .failed, "void." + reason.replacing(" ", with: "_"),
                "It can't be carried out any more: \(reason). Ask anew if it is still wanted.", change: change.id)
        case .indeterminate:
            return Answer(
                .failed, change.reason ?? change.state.rawValue,
                "It is not known whether it took effect; people were alerted.", change: change.id)
        case .failed, .expired, .withdrawn:
            let said = change.said.map { " Who refused it said: \($0)" } ?? ""
            return Answer(
                .failed, change.reason ?? change.state.rawValue, "It was not carried out." + said, change: change.id)
        }
    }
}
