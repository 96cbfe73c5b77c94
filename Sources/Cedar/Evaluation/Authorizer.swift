import StrictJSON

/// The answer to a request, with its reasons.
public struct Response: Sendable, Equatable {
    public enum Decision: String, Sendable { case allow, deny }

    public struct Failure: Sendable, Equatable {
        public let policy: String
        public let error: EvaluationError
    }

    public let decision: Decision
    /// The policies that made the decision, sorted: on a denial the forbids that apply (none on the
    /// default denial), otherwise the permits.
    public let reasons: [String]
    /// The policies that could not be evaluated and were skipped, sorted by policy.
    public let errors: [Failure]
}

extension PolicySet {
    /// Decides once. To decide often, compile the set and keep the entities in a store: ``CompiledPolicies``.
    public func authorize(_ request: Request, entities: Entities) -> Response {
        let compiled = CompiledPolicies(self)
        return compiled.authorize(request, in: compiled.store(entities))
    }

    /// Decides by the language's rule, word for word: a permit is needed, any forbid wins, an erring policy is skipped.
    ///
    /// Every policy is evaluated even when the answer is already known, because the reasons and the errors must be
    /// complete: an auditor asks for all that applied, not for the first. The compiled form is tested against this.
    package func authorizePlainly(_ request: Request, entities: Entities) -> Response {
        let evaluator = Evaluator(request: request, entities: entities)
        var permits: [String] = []
        var forbids: [String] = []
        var errors: [Response.Failure] = []
        for policy in policies {
            do throws(EvaluationError) {
                guard try evaluator.applies(policy) else { continue }
                if policy.effect == .permit { permits.append(policy.id) } else { forbids.append(policy.id) }
            } catch {
                errors.append(Response.Failure(policy: policy.id, error: error))
            }
        }
        let allowed = forbids.isEmpty && !permits.isEmpty
        return Response(
            decision: allowed ? .allow : .deny,
            reasons: (allowed ? permits : forbids).sorted { ExactString($0) < ExactString($1) },
            errors: errors.sorted { ExactString($0.policy) < ExactString($1.policy) })
    }
}
