import Cedar
public import StrictJSON

/// What is asked for, by whom and within which task. The evidence that came with it is elsewhere.
public struct Submission: Sendable {
    /// The id of the request's log entry.
    public let id: String
    public let principal: Principal
    public let task: Task
    public let system: String
    public let operation: Operation
    public let input: Input

    public init(id: String, principal: Principal, task: Task, system: String, operation: Operation, input: Input) {
        self.id = id
        self.principal = principal
        self.task = task
        self.system = system
        self.operation = operation
        self.input = input
    }
}

/// What the model produced besides: logged sealed, decided on never. No type of the decision can hold it.
public struct Evidence: Sendable {
    public let prompt: String?
    public let justification: String?
    public let classification: String?

    public init(prompt: String? = nil, justification: String? = nil, classification: String? = nil) {
        self.prompt = prompt
        self.justification = justification
        self.classification = classification
    }

    /// - Throws: `ShapeError` `input.too_long`: a prompt has at most 256 KiB of UTF-8, a justification 16, a classification 1.
    public func requireBounded() throws(ShapeError) {
        let parts = [
            ("prompt", prompt, 256 << 10), ("justification", justification, 16 << 10),
            ("classification", classification, 1 << 10),
        ]
        for (name, text, most) in parts where text?.utf8.count ?? 0 > most {
            throw ShapeError(.tooLong, at: "/evidence/\(name)", "at most \(most) bytes belong here: send the part that matters")
        }
    }
}

/// What an approval binds: any difference asks anew (invariant 5).
public struct Terms: Sendable {
    /// The terms themselves: their digest can be recomputed by whoever is shown them.
    public let shown: JSONValue

    /// - Parameter owner: who answered for the workload when the change was staged.
    public init(_ submission: Submission, _ plan: Plan, policies: PolicyBundle, owner: String?) {
        shown = [
            "tenant": .string(submission.task.tenant), "system": .string(submission.system),
            "operation": .string(submission.operation.name), "target": plan.target.json,
            "targetName": .string(plan.targetName), "input": submission.input.json,
            "touched": .array(plan.touched.map(\.json)),
            "inverse": plan.inverse.map { ["operation": .string($0.operation), "input": $0.input] } ?? .null,
            "precondition": .string(plan.precondition.rawValue), "policies": .string(policies.digest.hex),
            "schema": .string(policies.schema.hex), "task": .string(submission.task.id),
            "purpose": .string(submission.task.purpose), "holder": submission.task.holder.json,
            "owner": owner.map(JSONValue.string) ?? .null,
            "delegator": submission.task.delegator.map(JSONValue.string) ?? .null,
            "principal": .string(submission.principal.uid.description),
        ]
    }

    public var digest: Digest { Digest(of: shown) }
}
