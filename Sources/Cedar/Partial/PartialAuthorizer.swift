import StrictJSON

/// A policy of which it can't be told yet whether it applies: it does when its condition holds.
public struct ResidualPolicy: Sendable {
    public let id: String
    public let effect: Effect
    let condition: Expression

    /// The condition as Cedar text.
    public var text: String { PolicyWriter.text(condition) }
}

/// The answer to a request of which not everything is known.
public struct PartialResponse: Sendable {
    /// Nil when it depends on what is not known.
    public let decision: Response.Decision?
    /// Policies that apply whatever the unknown is, by id.
    public let permits: [String]
    public let forbids: [String]
    /// Policies that err whatever the unknown is.
    public let errors: [Response.Failure]
    /// Policies that depend on the unknown, by id.
    public let residuals: [ResidualPolicy]

    /// The answer when everything is known: the same as deciding anew.
    public func reauthorize(_ request: Request, entities: Entities) -> Response {
        let evaluator = Evaluator(request: request, entities: entities)
        var (permits, forbids, errors) = (permits, forbids, errors)
        for residual in residuals {
            do throws(EvaluationError) {
                guard try evaluator.bool(residual.condition) else { continue }
                if residual.effect == .permit { permits.append(residual.id) } else { forbids.append(residual.id) }
            } catch {
                errors.append(Response.Failure(policy: residual.id, error: error))
            }
        }
        let allowed = forbids.isEmpty && !permits.isEmpty
        return Response(
            decision: allowed ? .allow : .deny,
            reasons: (allowed ? permits : forbids).sorted { ExactString($0) < ExactString($1) },
            errors: errors.sorted { ExactString($0.policy) < ExactString($1.policy) })
    }
}

extension PolicySet {
    /// Decides as far as what is known allows. With a schema types decide more; the request and entities must then fit it.
    public func authorize(_ request: PartialRequest, entities: PartialEntities, schema: Schema? = nil) -> PartialResponse {
        let evaluator = PartialEvaluator(request, entities, schema)
        var (permits, forbids): ([String], [String]) = ([], [])
        var errors: [Response.Failure] = []
        var residuals: [ResidualPolicy] = []
        for policy in policies.sorted(by: { ExactString($0.id) < ExactString($1.id) }) {
            do throws(EvaluationError) {
                switch try evaluator.reduce(policy.condition) {
                case .value(.bool(true)):
                    if policy.effect == .permit { permits.append(policy.id) } else { forbids.append(policy.id) }
                case .value(.bool(false)): continue
                case .value(let value): throw .type(expected: "bool", found: value.typeName)
                case let open:
                    residuals.append(
                        ResidualPolicy(id: policy.id, effect: policy.effect, condition: evaluator.residual(open).expression))
                }
            } catch {
                errors.append(Response.Failure(policy: policy.id, error: error))
            }
        }
        let (mayPermit, mayForbid) = (residuals.contains { $0.effect == .permit }, residuals.contains { $0.effect == .forbid })
        let isDenied = !forbids.isEmpty || (permits.isEmpty && !mayPermit)
        let decision: Response.Decision? = isDenied ? .deny : !permits.isEmpty && !mayForbid ? .allow : nil
        return PartialResponse(decision: decision, permits: permits, forbids: forbids, errors: errors, residuals: residuals)
    }
}

extension Policy {
    /// The head and all conditions as one expression.
    var condition: Expression {
        var parts = [principal.expression(.principal), action.expression, resource.expression(.resource)].compactMap { $0 }
        parts += conditions.map { $0.isUnless ? Expression(.unary(.not, $0.body), at: $0.body.range) : $0.body }
        // A last `true` asks of a single condition that it be a boolean, as a policy does.
        let first = parts.first ?? Expression(.literal(true))
        return parts.dropFirst().reduce(first) { Expression(.and($0, $1)) }
    }
}

extension ScopeConstraint {
    func expression(_ variable: Variable) -> Expression? {
        let subject = Expression(.variable(variable))
        func literal(_ reference: EntityReference) -> Expression? {
            reference.entity.map { Expression(.literal(.entity($0)), at: reference.range) }
        }
        let never = Expression(.literal(false))
        return switch kind {
        case .any: nil
        case .equal(let reference): literal(reference).map { Expression(.binary(.equal, subject, $0)) } ?? never
        case .in(let reference): literal(reference).map { Expression(.binary(.in, subject, $0)) } ?? never
        case .is(let type): Expression(.is(subject, type, in: nil))
        case .isIn(let type, let reference): literal(reference).map { Expression(.is(subject, type, in: $0)) } ?? never
        }
    }
}

extension ActionConstraint {
    var expression: Expression? {
        let subject = Expression(.variable(.action))
        func literals(_ references: [EntityReference]) -> [Expression] {
            references.compactMap(\.entity).map { Expression(.literal(.entity($0))) }
        }
        return switch self {
        case .any: nil
        case .equal(let reference): literals([reference]).first.map { Expression(.binary(.equal, subject, $0)) }
        case .in(let references): Expression(.binary(.in, subject, Expression(.set(literals(references)))))
        }
    }
}
