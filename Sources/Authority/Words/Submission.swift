public import StrictJSON

/// What is asked for, by whom and within which task. The evidence that came with it is elsewhere.
public struct Submission: Sendable {
    /// The id of the request's log entry.
    public let id: String
    public let principal: Principal
    public let task: Task
    public let system: String
    /// The system's.
    public let catalogue: Catalogue
    public let operation: Operation
    public let input: Input

    public init(
        id: String, principal: Principal, task: Task, system: String, catalogue: Catalogue, operation: Operation, input: Input
    ) {
        self.id = id
        self.principal = principal
        self.task = task
        self.system = system
        self.catalogue = catalogue
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
