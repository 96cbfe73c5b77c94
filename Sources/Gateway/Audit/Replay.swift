import Authority
import StrictJSON

/// Makes the logged decisions again.
struct Replay {
    private let isOn: Bool
    private var bundles: [Digest: PolicyBundle] = [:]
    private(set) var count = 0

    init(isOn: Bool) { self.isOn = isOn }

    /// - Returns: what is wrong with the record, or nil.
    mutating func take(_ record: LogRecord) -> String? {
        guard isOn else { return nil }
        switch record {
        case .policies(let record): return load(record)
        case .decision(let record): return decideAgain(record)
        default: return nil
        }
    }

    private mutating func load(_ record: PoliciesRecord) -> String? {
        guard let bundle = try? record.bundle() else { return "the recorded policies can't be loaded" }
        bundles[bundle.digest] = bundle
        return nil
    }

    private mutating func decideAgain(_ record: DecisionRecord) -> String? {
        let epochs = record.decided.epochs
        guard let bundle = bundles[epochs.policies], let question = try? record.question() else {
            return "the decision can't be replayed: its question or its policies are not in the log"
        }
        let decider = Decider(question, with: bundle, epochs: epochs)
        count += 1
        guard JSONWriter.canonical(decider.decide().json) == JSONWriter.canonical(record.decided.json) else {
            return "the decision comes out differently when made again"
        }
        for further in record.further {
            count += 1
            if decider.decideRead(further.operation, on: further.resource).verdict != further.verdict {
                return "\(further.operation) on \(further.resource) comes out differently when made again"
            }
        }
        return nil
    }
}
