import Authority
import Gateway
import StrictJSON

/// The tools an agent sees: one for each operation of each system, and a few of the gateway's own.
struct MCPTools {
    /// Arguments every tool takes besides its input. They are evidence: taken out before the input is made.
    static let reserved = ["justification", "classification"]

    /// What a tool call means.
    enum Target {
        case operation(system: String, name: String)
        case changeStatus, changeRollback, taskEnd
    }

    private let systems: [(name: String, catalogue: Catalogue)]

    init(_ systems: [(name: String, catalogue: Catalogue)]) { self.systems = systems }

    /// `system` `group.add-member` → `system__group_add-member`. Injective, because system names have no underscore and
    /// operation names one dot and none.
    static func name(_ system: String, _ operation: String) -> String { "\(system)__\(operation.replacing(".", with: "_"))" }

    func target(_ tool: String) -> Target? {
        switch tool {
        case "exequatur__change_status": return .changeStatus
        case "exequatur__change_rollback": return .changeRollback
        case "exequatur__task_end": return .taskEnd
        default: break
        }
        for (system, catalogue) in systems {
            for operation in catalogue.operations where Self.name(system, operation.name).utf8.elementsEqual(tool.utf8) {
                return .operation(system: system, name: operation.name)
            }
        }
        return nil
    }

    /// All tools, in the order of systems and of their catalogues.
    var list: [JSONValue] {
        systems.flatMap { system, catalogue in catalogue.operations.map { tool(system, $0) } } + own
    }

    private static let evidence: [(String, JSONValue)] = [
        ("justification", ["type": "string", "description": "Why you ask. Logged for people; decides nothing."]),
        ("classification", ["type": "string", "description": "How you would class it. Logged for people; decides nothing."]),
    ]

    private func tool(_ system: String, _ operation: Operation) -> JSONValue {
        let isRead = operation.access == .read
        return [
            "name": .string(Self.name(system, operation.name)), "title": .string("\(operation.name) on \(system)"),
            "description": .string(operation.summary), "inputSchema": operation.schema(adding: Self.evidence),
            "outputSchema": Self.output,
            "annotations": [
                "readOnlyHint": .bool(isRead), "destructiveHint": .bool(operation.classes.contains(.destructive)),
                "idempotentHint": .bool(isRead), "openWorldHint": false,
            ],
        ]
    }

    private var own: [JSONValue] {
        let change: JSONValue = [
            "type": "object", "required": ["change"], "additionalProperties": false,
            "properties": [
                "change": ["type": "string"], "justification": ["type": "string"], "classification": ["type": "string"],
            ],
        ]
        let nothing: JSONValue = ["type": "object", "additionalProperties": false, "properties": [:]]
        return [
            own("exequatur__change_status", "How a change of yours stands.", change, readOnly: true),
            own(
                "exequatur__change_rollback", "Ask to undo a change of yours. It is decided like any other change.", change,
                readOnly: false),
            own("exequatur__task_end", "End this task, and whatever credentials it leases.", nothing, readOnly: false),
        ]
    }

    private func own(_ name: String, _ description: String, _ input: JSONValue, readOnly: Bool) -> JSONValue {
        [
            "name": .string(name), "description": .string(description), "inputSchema": input, "outputSchema": Self.output,
            "annotations": ["readOnlyHint": .bool(readOnly), "openWorldHint": false],
        ]
    }

    private static let output: JSONValue = [
        "type": "object", "required": ["status", "code", "message"],
        "properties": [
            "status": ["type": "string", "enum": ["done", "staged", "denied", "failed"]], "code": ["type": "string"],
            "message": ["type": "string"], "change": ["type": "string"], "result": ["type": "object"],
            "receipt": ["type": "object"],
        ],
    ]
}
