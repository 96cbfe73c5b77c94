import Authority
import Identity
import StrictJSON

/// Makes the logged decisions again.
struct Replay {
    private let isOn: Bool
    private var bundles: [Digest: PolicyBundle] = [:]
    private var people: [Digest: RegisteredPeople] = [:]
    private var standing: [Basis: StandingFacts] = [:]

    /// What a decision rests on.
    private struct Basis: Hashable {
        let policies: Digest
        /// Nil where its question lists them.
        let people: Digest?
    }
    private(set) var count = 0

    init(isOn: Bool) { self.isOn = isOn }

    /// - Returns: what is wrong with the record, or nil.
    mutating func take(_ record: LogRecord) -> String? {
        guard isOn else { return nil }
        switch record {
        case .policies(let record): return load(record)
        case .registry(let record):
            // One that can't be read is told of where signatures are checked.
            people[record.digest] = (try? Registry(record))?.people
            return nil
        case .decision(let record): return decideAgain(record)
        default: return nil
        }
    }

    private mutating func load(_ record: PoliciesRecord) -> String? {
        guard let bundle = try? record.bundle() else { return "the recorded policies can't be loaded" }
        bundles[bundle.digest] = bundle
        return nil
    }

    private mutating func standing(_ policies: Digest, _ question: Question) -> StandingFacts? {
        let digest: Digest? = if case .registered(let digest, _) = question.candidates { digest } else { nil }
        let basis = Basis(policies: policies, people: digest)
        if let known = standing[basis] { return known }
        guard let bundle = bundles[policies], let people = digest.map({ people[$0] }) ?? RegisteredPeople.none else { return nil }
        standing[basis] = StandingFacts(bundle, people)
        return standing[basis]
    }

    private mutating func decideAgain(_ record: DecisionRecord) -> String? {
        let epochs = record.decided.epochs
        guard let question = try? record.question(), let standing = standing(epochs.policies, question) else {
            return "the decision can't be replayed: its question, its policies or the people of then are not in the log"
        }
        let decider = Decider(question, with: standing, epochs: epochs)
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
