import Authority
import Identity
import StrictJSON

/// Proves each execution back to an intent, to a decision that permitted it, and to the signatures that the decision counted, by
/// the people and keys that the log says there were.
struct Provenance {
    private struct Registered {
        let place: Int64
        let registry: Registry
    }

    /// A decision that permitted a write.
    private struct Permit {
        let place: Int64
        let policies: String
        let approvers: [String]
    }

    private var registries: [Registered] = []
    private var statements: [String: [(approval: SignedApproval, place: Int64)]] = [:]
    private var permits: [String: [Permit]] = [:]
    private var intents: [String: (digest: String, policies: String, place: Int64)] = [:]
    private(set) var proved = 0

    /// - Returns: what is wrong with the entry.
    mutating func take(_ kind: String, _ entry: JSONValue, _ body: JSONValue) -> [String] {
        // The order of batches, and not of clocks: those may be set back.
        let (place, change) = (entry["records"]?["sequence"]?.integer ?? 0, entry["links"]?["change"]?.string ?? "")
        switch kind {
        case "registry":
            guard let registry = try? Registry(json: body) else { return ["the recorded people and keys can't be read"] }
            registries.append(Registered(place: place, registry: registry))
        case "approval":
            guard let approval = try? SignedApproval(json: body) else { return ["the signed statement can't be read"] }
            statements[change, default: []].append((approval, place))
        case "decision" where body["decision"]?["verdict"] == "permit" && !change.isEmpty:
            let facts = body["question"]?["approvals"]?.array ?? []
            permits[change, default: []].append(
                Permit(
                    place: place, policies: body["decision"]?["epochs"]?["policies"]?.string ?? "",
                    approvers: facts.compactMap { $0["person"]?["id"]?.string }))
        case "intent":
            let digest = body["digest"]?.string ?? ""
            intents[change] = (digest, body["policies"]?.string ?? "", place)
            return problems(change, digest, body["policies"]?.string ?? "", place)
        case "outcome" where body["state"] == "executed":
            guard let intent = intents[change], entry["links"]?["intent"]?.string == "intent-\(change)" else {
                return ["it was executed without an intent"]
            }
            guard body["terms"]?.string == intent.digest else { return ["it is not what the intent was for"] }
        default: break
        }
        return []
    }

    /// What an intent lacks.
    private mutating func problems(_ change: String, _ digest: String, _ policies: String, _ place: Int64) -> [String] {
        guard let permit = permits[change]?.last(where: { $0.policies == policies && $0.place <= place }) else {
            return ["no decision permitted it"]
        }
        let said = statements[change] ?? []
        if said.contains(where: { $0.approval.statement.verdict == .refuse && $0.place < permit.place && holds($0, digest: nil) })
        {
            return ["it was refused before it was permitted"]
        }
        let unsigned = permit.approvers.filter { person in
            !said.contains {
                let statement = $0.approval.statement
                return statement.approver == person && statement.verdict == .approve && $0.place <= permit.place
                    && holds($0, digest: digest)
            }
        }
        if unsigned.isEmpty { proved += 1 }
        return unsigned.map { "the approval of \($0), which the decision counted, is not signed" }
    }

    /// Whether a statement is signed with a key that its person had then, over these terms.
    private func holds(_ said: (approval: SignedApproval, place: Int64), digest: String?) -> Bool {
        let statement = said.approval.statement
        guard digest == nil || statement.plan.hex == digest,
            let registry = registries.last(where: { $0.place <= said.place })?.registry ?? registries.first?.registry
        else { return false }
        return
            (try? registry.authenticator.authenticate(
                statement.approver, message: statement.bytes, signature: said.approval.signature,
                namespace: PersonAuthenticator.approvalNamespace)) != nil
    }
}
