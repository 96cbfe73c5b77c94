import Authority
import Gateway
import StrictJSON

/// The tools an agent sees: one for each operation of each system, and a few of the gateway's own.
struct MCPTools {
    /// Arguments every tool takes besides its input. They are evidence: taken out before the input is made.
    static let reserved = ["justification", "classification"]

    /// What a tool call means.
    enum Target {
        case operation(system: String, Operation)
        case changeStatus, changeRollback, taskEnd
    }

    private let systems: [(name: String, catalogue: Catalogue)]
    /// The operations that can't be carried out now.
    private let outOfService: [String: Set<String>]

    init(_ gateway: Gateway) { self.init(gateway.systems, outOfService: gateway.outOfService) }

    init(_ systems: [(name: String, catalogue: Catalogue)], outOfService: [String: Set<String>] = [:]) {
        (self.systems, self.outOfService) = (systems, outOfService)
    }

    /// `system` `group.add-member` → `system__group_add-member`. Injective: system names have no underscore, and of one system's
    /// operations no two differ by a dot and an underscore only.
    static func name(_ system: String, _ operation: String) -> String { "\(system)__\(operation.replacing(".", with: "_"))" }

    func target(_ tool: String) -> Target? {
        switch tool {
        case "exequatur__change_status": return .changeStatus
        case "exequatur__change_rollback": return .changeRollback
        case "exequatur__task_end": return .taskEnd
        default: break
        }
        for (system, catalogue) in systems {
            for operation in catalogue.operations where [nil, .tool].contains(operation.offer?.kind) {
                if Self.name(system, operation.name).utf8.elementsEqual(tool.utf8) {
                    return .operation(system: system, operation)
                }
            }
        }
        return nil
    }

    // MARK: What systems offer themselves

    /// Whether any system offers something of this kind.
    func offers(_ kinds: Offer.Kind...) -> Bool {
        systems.contains { $0.catalogue.operations.contains { kinds.contains($0.offer?.kind ?? .tool) && $0.offer != nil } }
    }

    /// What is offered of a kind, with its operation.
    private func offered(_ kind: Offer.Kind) -> [(system: String, operation: Operation, offer: Offer)] {
        systems.flatMap { system, catalogue in
            catalogue.operations.compactMap { operation in
                guard let offer = operation.offer, offer.kind == kind,
                    !(outOfService[system]?.contains(operation.name) ?? false)
                else { return nil }
                return (system, operation, offer)
            }
        }
    }

    /// A list of the protocol, each definition as its server wrote it. A resource keeps its URI, so that links to it lead there:
    /// what two systems offer under one is nobody's.
    func list(_ kind: Offer.Kind) -> [[UInt8]] {
        let all = offered(kind)
        if kind == .prompt { return all.map { Self.renamed($0.offer, Self.name($0.system, $0.operation.name)) } }
        return all.filter { one in all.count { $0.offer.name.utf8.elementsEqual(one.offer.name.utf8) } == 1 }
            .map(\.offer.document.bytes)
    }

    private static func renamed(_ offer: Offer, _ name: String) -> [UInt8] {
        RawObject(offer.document).replacing("name", JSONWriter.canonical(.string(name))).bytes
    }

    /// The operation behind a prompt's name.
    func prompt(_ name: String) -> (system: String, operation: Operation)? {
        offered(.prompt).first { Self.name($0.system, $0.operation.name).utf8.elementsEqual(name.utf8) }.map {
            ($0.system, $0.operation)
        }
    }

    /// The operation behind a resource's URI, with what its template takes from it. What two systems offer is nobody's.
    func resource(_ uri: String) -> (system: String, operation: Operation, input: JSONValue)? {
        let exact = offered(.resource).filter { $0.offer.name.utf8.elementsEqual(uri.utf8) }
        if exact.count == 1 { return (exact[0].system, exact[0].operation, [:]) }
        // What is listed by itself is read as that, or not at all, however its URI is written.
        let listed = systems.flatMap { $0.catalogue.operations.compactMap(\.offer) }.filter { $0.kind == .resource }
        guard !listed.contains(where: { URIMatch.isSame($0.name, uri) }) else { return nil }
        let templates = offered(.resourceTemplate).compactMap { system, operation, offer in
            URIMatch.values(of: uri, offer.name).map { (system, operation, $0) }
        }
        return templates.count == 1 ? templates[0] : nil
    }

    /// All tools, in the order of systems and of their catalogues.
    var list: [[UInt8]] {
        systems.flatMap { system, catalogue in
            catalogue.operations.compactMap { operation in
                if outOfService[system]?.contains(operation.name) ?? false { return nil }
                guard let offer = operation.offer else { return JSONWriter.canonical(tool(system, operation)) }
                return offer.kind == .tool ? Self.renamed(offer, Self.name(system, operation.name)) : nil
            }
        } + own.map(JSONWriter.canonical)
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
