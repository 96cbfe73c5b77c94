public import Authority
import DeclaredKit
import StrictJSON

extension HTTPSystem {
    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await desk.plan(operation, input)
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await desk.observe(plan)
    }

    public func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied {
        let id = lease.reference.id
        return try await desk.apply(grant) { (planner, read, plan) throws(ConnectorError) in
            try await send(planner, read, plan, as: id)
        }
    }

    /// - Throws: `ConnectorError`: `unavailable` when nobody knows whether it came about.
    private func send(
        _ planner: DeclaredPlanner<HTTPSource>, _ read: DeclaredPlanner<HTTPSource>.Read, _ plan: Plan, as lease: String
    ) async throws(ConnectorError) -> Applied {
        guard let template = settings.requests[planner.operation.name] else {
            throw ConnectorError(.invalid, "\(planner.operation.name) has no request")
        }
        let password = ReadablePassword.make { .random(in: 0...255) }
        let values = Values { source in
            switch source {
            case .input(let name): planner.input.json[name]
            case .current(let pointer): read.target.flatMap { pointer.find(in: $0.document) }
            case .before(let name): read.now(name)
            case .after(let name): read.after(name)
            case .generated: .string(password)
            case .id, .token: nil
            }
        }
        var request: FilledRequest
        do { request = try template.filled(values) } catch {
            throw ConnectorError(.invalid, "the request can't be made: \(error)")
        }
        if planner.step.usesETag, let etag = read.target?.etag { request.headers.append(("If-Match", etag)) }
        try leases.require(lease)
        let answer = try await settings.access.write(request, as: lease)
        if let at = planner.step.discloses, let secret = answer.json.flatMap({ at.find(in: $0) })?.texts.first {
            return Applied(Disclosure(label: "new credential of \(plan.targetName)", value: secret))
        }
        return template.sources.contains(.generated)
            ? Applied(Disclosure(label: "new password of \(plan.targetName)", value: password)) : Applied()
    }
}
