import Authority
import Gateway
import StrictJSON

extension HTTPProblem {
    /// What every door says of an error in the same way; nil for what is not for every caller to know.
    init?(_ error: any Error) {
        switch error {
        case let problem as HTTPProblem: self = problem
        case let refusal as Refusal: self.init(refusal.code.kind.status, refusal.code, refusal.message)
        case let error as StoreError where error.code == .altered:
            self.init(409, error.code, "What the gateway recorded of this was altered; it is not used.")
        case let error as ShapeError: self.init(400, error.code, "\(error.path): \(error.message)")
        case let error as JSONError: self.init(400, error.code, "\(error)")
        default: return nil
        }
    }
}

extension Refusal.Kind {
    /// The status of HTTP.
    var status: Int {
        switch self {
        case .invalid: 400
        case .forbidden: 403
        case .notFound: 404
        case .conflict: 409
        case .tooMany: 429
        case .unavailable: 503
        }
    }
}
