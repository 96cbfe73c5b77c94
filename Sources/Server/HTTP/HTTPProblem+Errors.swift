import Authority
import Gateway
import StrictJSON

extension HTTPProblem {
    /// What every door says of an error in the same way; nil for what is not for every caller to know.
    init?(_ error: any Error) {
        switch error {
        case let problem as HTTPProblem: self = problem
        case let refusal as Refusal: self.init(refusal.code.kind.status, refusal.code.rawValue, refusal.message)
        case let error as StoreError where error.code == .altered:
            self.init(409, error.code.rawValue, "What the gateway recorded of this was altered; it is not used.")
        case let error as ShapeError: self.init(400, error.code.rawValue, "\(error.path): \(error.message)")
        case let error as JSONError: self.init(400, error.code.rawValue, "\(error)")
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

    /// The code of JSON-RPC, for what is refused before a tool is called; a tool's own refusals are its result.
    var rpcCode: Int64 {
        switch self {
        case .invalid, .notFound: -32602
        case .forbidden: 40301
        case .conflict: 40901
        case .tooMany: 42901
        case .unavailable: -32603
        }
    }
}
