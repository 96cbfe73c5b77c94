import Authority
import Gateway
import StrictJSON

/// A request that can't be served, as an HTTP answer.
struct HTTPProblem: Error {
    let status: Int
    let code: String
    let message: String
    var headers: [(String, String)] = []

    init(_ status: Int, _ code: String, _ message: String, headers: [(String, String)] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    var answer: HTTPAnswer {
        HTTPAnswer(status, ["error": ["code": .string(code), "message": .string(message)]], headers: headers)
    }
}

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
        case .unavailable: 503
        }
    }
}
