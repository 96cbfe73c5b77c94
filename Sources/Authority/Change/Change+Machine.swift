/// Something that happens to a change.
public enum ChangeEvent: Sendable {
    case approvedEnough
    case began
    case succeeded
    case failed(String)
    /// Nobody can tell what came of it; with what was read afterwards, in words.
    case lost(String, seen: String?)
    /// A person found that it came about, or that it did not.
    case settled(isDone: Bool)
    /// By a person, who may have said why.
    case refused(String?)
    /// Nothing can permit it any more.
    case voided(Change.VoidReason, because: String)
    /// Its grant was refused because the world had moved: it waits again.
    case returned
    case timedOut
    case undone
    /// Its rollback was itself rolled back: it is in force again.
    case reinstated
}

/// A step that the change's state does not allow.
public struct ImpossibleStep: Error, Equatable, Sendable {
    public let state: Change.State
}

extension Change {
    /// The change after the event. Pure; the caller makes the new state durable, on condition that the
    /// stored state is still the one this was computed from.
    public func after(_ event: ChangeEvent) throws(ImpossibleStep) -> Change {
        var next = self
        switch (state, event) {
        case (.proposed, .approvedEnough): next.state = .approved
        case (.proposed, .began), (.approved, .began): next.state = .executing
        case (.executing, .succeeded): next.state = .executed
        case (.executing, .failed(let code)): (next.state, next.reason) = (.failed, code)
        case (.executing, .lost(let code, let seen)):
            (next.state, next.reason, next.because) = (.indeterminate, code, seen)
        case (.indeterminate, .settled(let isDone)): (next.state, next.reason) = (isDone ? .executed : .failed, "settled")
        case (.proposed, .refused(let words)), (.approved, .refused(let words)):
            (next.state, next.reason, next.said) = (.withdrawn, "refused", words)
        case (.proposed, .voided(let reason, let words)), (.approved, .voided(let reason, let words)):
            (next.state, next.reason, next.because) = (.void, reason.rawValue, words)
        case (.approved, .returned): next.state = .proposed
        case (.proposed, .timedOut), (.approved, .timedOut): (next.state, next.reason) = (.expired, "expired")
        case (.executed, .undone): next.state = .rolledBack
        case (.rolledBack, .reinstated): next.state = .executed
        default: throw ImpossibleStep(state: state)
        }
        return next
    }
}
