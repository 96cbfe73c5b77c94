public import Authority

/// A request that was refused before it could be decided. The message may go to the caller.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) [\(code.rawValue)]" }
}

extension Refusal {
    /// What sort of refusal it is: each door, and the command line, says it in one way of its own.
    public enum Kind: Sendable, CaseIterable {
        /// It can't be asked like this.
        case invalid
        case forbidden
        case notFound
        /// What it is about is not, or no longer, such that it could be done.
        case conflict
        /// Too much of the same is there already.
        case tooMany
        /// It can't be told now; later it may.
        case unavailable
    }

    /// Stable, for machines.
    public enum Code: String, Sendable, CaseIterable {
        case approvalDigestMismatch = "approval.digest_mismatch"
        case approvalExpired = "approval.expired"
        case approvalHeld = "approval.held"
        case approvalNotEligible = "approval.not_eligible"
        case approvalNotWaiting = "approval.not_waiting"
        case approvalNotYetValid = "approval.not_yet_valid"
        case approvalOtherChange = "approval.other_change"
        case approvalOtherGateway = "approval.other_gateway"
        case approvalOtherPerson = "approval.other_person"
        case approvalTooLate = "approval.too_late"
        case approvalUsed = "approval.used"
        case catalogueContradiction = "catalogue.contradiction"
        case catalogueNoEffects = "catalogue.no_effects"
        case claimNone = "claim.none"
        case changeClosed = "change.closed"
        case changeNotFound = "change.not_found"
        case changeOrphaned = "change.orphaned"
        case denied
        case inputCursor = "input.cursor"
        case inputIdempotencyConflict = "input.idempotency_conflict"
        case inputIdempotencyKey = "input.idempotency_key"
        case inputNotAWrite = "input.not_a_write"
        case inputUnknownOperation = "input.unknown_operation"
        case inputUnknownPurpose = "input.unknown_purpose"
        case inputUnknownSystem = "input.unknown_system"
        case limitWaiting = "limit.waiting"
        case lockNotFound = "lock.not_found"
        case lockSubject = "lock.subject"
        case lockUnknown = "lock.unknown"
        case locked
        case planInvalid = "plan.invalid"
        case planNoChange = "plan.no_change"
        case planUndeclared = "plan.undeclared"
        case reachLockout = "reach.lockout"
        case reachStale = "reach.stale"
        case reachUnknownNode = "reach.unknown_node"
        case reachUnread = "reach.unread"
        case rollbackConflict = "rollback.conflict"
        case rollbackImpossible = "rollback.impossible"
        case rollbackTooDeep = "rollback.too_deep"
        case secretNone = "secret.none"
        case systemRefused = "system.refused"
        case systemUnavailable = "system.unavailable"
        case targetConflict = "target.conflict"
        case targetNotFound = "target.not_found"
        case taskEnded = "task.ended"
        case taskOtherPurpose = "task.other_purpose"

        public var kind: Kind {
            switch self {
            case .inputCursor, .inputIdempotencyKey, .inputNotAWrite, .inputUnknownPurpose, .lockSubject, .lockUnknown,
                .taskOtherPurpose:
                .invalid
            case .approvalNotEligible, .denied, .locked, .taskEnded: .forbidden
            case .changeNotFound, .claimNone, .inputUnknownOperation, .inputUnknownSystem, .lockNotFound, .reachUnknownNode,
                .targetNotFound:
                .notFound
            case .limitWaiting: .tooMany
            case .reachStale, .reachUnread, .systemUnavailable: .unavailable
            case .approvalDigestMismatch, .approvalExpired, .approvalHeld, .approvalNotWaiting, .approvalNotYetValid,
                .approvalOtherChange, .approvalOtherGateway, .approvalOtherPerson, .approvalTooLate, .approvalUsed,
                .catalogueContradiction, .catalogueNoEffects, .changeClosed, .changeOrphaned, .inputIdempotencyConflict,
                .planInvalid, .planNoChange,
                .planUndeclared, .reachLockout, .rollbackConflict, .rollbackImpossible, .rollbackTooDeep, .secretNone,
                .systemRefused, .targetConflict:
                .conflict
            }
        }

        init(_ problem: ApprovalStatement.Problem) {
            self =
                switch problem {
                case .digestMismatch: .approvalDigestMismatch
                case .expired: .approvalExpired
                case .notYetValid: .approvalNotYetValid
                case .otherChange: .approvalOtherChange
                case .otherGateway: .approvalOtherGateway
                case .otherPerson: .approvalOtherPerson
                }
        }

        public init(_ code: ConnectorError.Code) {
            self =
                switch code {
                case .notFound: .targetNotFound
                case .noChange: .planNoChange
                case .invalid: .planInvalid
                case .conflict: .targetConflict
                case .movedOn: .rollbackConflict
                case .refused: .systemRefused
                case .unavailable: .systemUnavailable
                }
        }
    }
}
