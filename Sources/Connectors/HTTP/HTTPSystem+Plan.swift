public import Authority
import Cedar
import Reach
import StrictJSON

/// What a plan on a declared system was made of: enough to look again.
struct HTTPPlan: Sendable {
    let operation: String
    let input: JSONValue

    var json: JSONValue { ["operation": .string(operation), "input": input] }

    init(operation: String, input: JSONValue) { (self.operation, self.input) = (operation, input) }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        operation = try fields.string("operation")
        input = try fields.required("input")
        try fields.end()
    }
}

extension HTTPSystem {
    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await HTTPPlanner(self, operation, input).plan()
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        let native: HTTPPlan
        let input: Input
        guard let operation = (try? HTTPPlan(json: plan.native)).flatMap({ catalogue[$0.operation] }) else {
            throw ConnectorError(.invalid, "the plan can't be read, or its operation is not in the catalogue any more")
        }
        do {
            native = try HTTPPlan(json: plan.native)
            input = try Input(native.input, for: operation)
        } catch { throw ConnectorError(.invalid, "the plan can't be read: \(error)") }
        return try await HTTPPlanner(self, operation, input).observe(plan)
    }

    public func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Disclosure? {
        let (name, input, decided) = (grant.operation, grant.input, grant.plan)
        guard let operation = catalogue[name] else { throw ConnectorError(.invalid, "no operation \(name)") }
        let planner = try HTTPPlanner(self, operation, input)
        let id = lease.reference.id
        return try await settings.inHand.with(planner.entities) { () throws(ConnectorError) in
            let fresh: Plan
            let read: HTTPPlanner.Read
            do {
                read = try await planner.read()
                fresh = try await planner.plan(read)
            } catch { throw ConnectorError(.conflict, "the target can't be read as it was before writing: \(error)") }
            guard fresh.version == decided.version, fresh.touched == decided.touched, fresh.target == decided.target,
                fresh.obstacle == nil
            else { throw ConnectorError(.conflict, "the target changed since it was planned on") }
            return try await planner.send(read, fresh, as: id)
        }
    }
}
