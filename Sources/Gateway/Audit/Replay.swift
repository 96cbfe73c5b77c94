import Authority
import Cedar
import StrictJSON

/// Makes the logged decisions again.
struct Replay {
    private let isOn: Bool
    private var bundles: [String: PolicyBundle] = [:]
    private(set) var count = 0

    init(isOn: Bool) { self.isOn = isOn }

    /// - Returns: what is wrong with an entry of that kind, or nil.
    mutating func take(_ kind: String, _ body: JSONValue) -> String? {
        guard isOn else { return nil }
        switch kind {
        case "policies": return load(body)
        case "decision": return decideAgain(body)
        default: return nil
        }
    }

    private mutating func load(_ body: JSONValue) -> String? {
        let sources = (body["sources"]?.array ?? []).map { (name: $0["name"]?.string ?? "", text: $0["text"]?.string ?? "") }
        guard let schema = body["schema"]?.string.flatMap(Digest.init(hex:)), let schemaText = body["schemaText"]?.string,
            let bundle = try? PolicyBundle(recorded: sources, schemaText: schemaText, schema: schema),
            bundle.digest.hex == body["digest"]?.string
        else { return "the recorded policies can't be loaded" }
        bundles[bundle.digest.hex] = bundle
        return nil
    }

    private mutating func decideAgain(_ body: JSONValue) -> String? {
        guard let recorded = body["decision"], let json = body["question"], let epochs = recorded["epochs"],
            let digest = epochs["policies"]?.string, let bundle = bundles[digest], let then = try? Epochs(json: epochs),
            let question = try? Question(json: json)
        else { return "the decision can't be replayed: its question or its policies are not in the log" }
        let again = decide(question, with: bundle, epochs: then)
        count += 1
        guard JSONWriter.canonical(again.json) == JSONWriter.canonical(recorded) else {
            return "the decision comes out differently when made again"
        }
        return furtherProblem(body["further"]?.array ?? [], question, bundle, then)
    }

    private mutating func furtherProblem(_ further: [JSONValue], _ template: Question, _ bundle: PolicyBundle, _ then: Epochs)
        -> String?
    {
        let decider = Decider(template, with: bundle, epochs: then)
        for recorded in further {
            guard let operation = recorded["operation"]?.string,
                let resource = recorded["resource"].flatMap({ try? EntityUID(json: $0) })
            else {
                return "a further decision can't be read"
            }
            let again = decider.decideRead(operation, on: resource)
            count += 1
            if again.verdict.rawValue != recorded["verdict"]?.string {
                return "\(operation) on \(resource) comes out differently when made again"
            }
        }
        return nil
    }
}
