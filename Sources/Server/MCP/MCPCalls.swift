import Authority
import Gateway
import StrictJSON

/// One request of the protocol, with who sent it.
struct MCPAsker {
    let call: HTTPCall
    let message: MCPMessage
    let principal: Principal
    let task: Task
    let isModern: Bool
    /// Where what a system tells of its progress goes; nil where the caller takes no stream.
    let events: MCPEvents?

    /// Tells the caller of progress, by the token that the caller chose; nil where it chose none.
    var progress: ProgressListener? {
        guard let events, let token = message.meta["progressToken"] else { return nil }
        return { params in
            let told = RawObject(params).without(["_meta"]).replacing("progressToken", JSONWriter.canonical(token))
            events.tell(
                RawObject().adding("jsonrpc", "2.0").adding("method", "notifications/progress").adding("params", told.bytes).bytes
            )
        }
    }

    /// What the model said besides, where it is no part of the arguments.
    var evidence: Evidence {
        Evidence(
            prompt: message.meta["org.exequatur/prompt"]?.string,
            justification: message.meta["org.exequatur/justification"]?.string,
            classification: message.meta["org.exequatur/classification"]?.string)
    }

    func request(_ system: String, _ operation: String, _ input: JSONValue, _ evidence: Evidence) -> Submissions.Request {
        Submissions.Request(
            principal: principal, task: task, system: system, operation: operation, input: input, evidence: evidence,
            idempotencyKey: message.meta["org.exequatur/idempotency-key"]?.string, door: "mcp", progress: progress)
    }
}

/// Serves what is asked of systems.
struct MCPCalls {
    private let gateway: Gateway
    private let tools: MCPTools
    private let asker: MCPAsker
    private var message: MCPMessage { asker.message }

    init(_ gateway: Gateway, _ tools: MCPTools, _ asker: MCPAsker) {
        (self.gateway, self.tools, self.asker) = (gateway, tools, asker)
    }

    // MARK: Tools

    func call() async throws -> RawObject {
        guard let name = message.params["name"]?.string, let target = tools.target(name) else {
            throw MCPProblem(
                400, -32602, "There is no such tool.", data: ["code": .string(HTTPProblem.Code.unknownTool.rawValue)])
        }
        guard case .object(let arguments) = message.params["arguments"] ?? [:] else {
            throw MCPProblem(400, -32602, "`arguments` is an object.")
        }
        if asker.isModern, case .operation(_, let operation) = target {
            try MCPHeaders.check(asker.call, operation.offer?.headers ?? [], against: .object(arguments))
        }
        let result: RawObject
        do { result = try await perform(target, arguments) } catch let error as ShapeError {
            result = Self.result(Answer.refused(error.code.rawValue, "\(error.path): \(error.message)"))
        } catch let refusal as Refusal { result = Self.result(Answer.refused(refusal)) }
        return finished(result)
    }

    private func perform(_ target: MCPTools.Target, _ given: JSONObject) async throws -> RawObject {
        var arguments = given
        switch target {
        case .operation(let system, let operation) where operation.offer != nil:
            // All arguments are the system's own.
            let request = asker.request(system, operation.name, .object(arguments), asker.evidence)
            let answer = try await gateway.submissions.submit(request)
            let wantsMore = operation.offer?.document.json["outputSchema"] != nil
            return Self.document(answer) ?? Self.result(answer, isError: wantsMore ? true : nil)
        case .operation(let system, let operation):
            let evidence = try Self.evidence(&arguments, asker)
            let request = asker.request(system, operation.name, .object(arguments), evidence)
            return Self.result(try await gateway.submissions.submit(request))
        case .changeStatus:
            _ = try Self.evidence(&arguments, asker)
            let answer = try await gateway.submissions.status(of: change(.object(arguments)))
            return Self.result(answer)
        case .changeRollback:
            let evidence = try Self.evidence(&arguments, asker)
            let key = message.meta["org.exequatur/idempotency-key"]?.string
            return Self.result(
                try await gateway.submissions.rollback(
                    change(.object(arguments)), by: asker.principal, task: asker.task, evidence: evidence, key: key, door: "mcp"))
        case .taskEnd:
            _ = try Self.evidence(&arguments, asker)
            try Fields(.object(arguments)).end()
            try await gateway.queue.end(asker.task)
            return Self.result(Answer.ended)
        }
    }

    private func change(_ arguments: JSONValue) async throws -> Change {
        var fields = try Fields(arguments)
        let id = try fields.string("change")
        try fields.end()
        return try await gateway.submissions.change(id, of: asker.principal)
    }

    /// Takes the reserved arguments out. A prompt that is not a string is as good as none.
    private static func evidence(_ arguments: inout JSONObject, _ asker: MCPAsker) throws -> Evidence {
        var claims: [String: String] = [:]
        for key in MCPTools.reserved {
            guard let value = arguments[key] else { continue }
            guard let text = value.string else {
                throw ShapeError(.wrongType, at: "/\(key)", "a string belongs here, not \(value.kind)")
            }
            claims[key] = text
            arguments[key] = nil
        }
        return Evidence(
            prompt: asker.evidence.prompt, justification: claims["justification"] ?? asker.evidence.justification,
            classification: claims["classification"] ?? asker.evidence.classification)
    }

    // MARK: Prompts and resources

    func prompt() async throws -> RawObject {
        guard let name = message.params["name"]?.string, let (system, operation) = tools.prompt(name) else {
            throw MCPProblem(400, -32602, "There is no such prompt.")
        }
        return try await read(system, operation, message.params["arguments"] ?? [:])
    }

    func resource() async throws -> RawObject {
        let uri = message.params["uri"]?.string ?? ""
        guard let (system, operation, input) = tools.resource(uri) else {
            throw MCPProblem(400, -32602, "There is no such resource.", data: ["uri": .string(uri)])
        }
        return try await read(system, operation, input, uri: uri)
    }

    /// What is denied looks as if it were not there.
    private func read(_ system: String, _ operation: Operation, _ input: JSONValue, uri: String? = nil) async throws -> RawObject
    {
        let answer: Answer
        do {
            answer = try await gateway.submissions.submit(asker.request(system, operation.name, input, asker.evidence))
        } catch let error as ShapeError {
            throw MCPProblem(400, -32602, "\(error.path): \(error.message)", data: ["code": .string(error.code.rawValue)])
        } catch let refusal as Refusal {
            throw MCPProblem(400, -32602, refusal.message, data: ["code": .string(refusal.code.rawValue)])
        }
        guard let document = Self.document(answer) else {
            throw MCPProblem(
                answer.status == .denied ? 400 : 200, answer.status == .denied ? -32602 : -32603, answer.message,
                data: ["code": .string(answer.code)])
        }
        // Who else may have it is not the server's to say.
        let own = document.without(["ttlMs", "cacheScope"])
        return finished(asker.isModern && uri != nil ? own.adding("ttlMs", 0).adding("cacheScope", "private") : own)
    }

    // MARK: Results

    private static func result(_ answer: Answer, isError: Bool? = nil) -> RawObject {
        let json = answer.json
        let result: JSONValue = [
            "content": [["type": "text", "text": .string(JSONWriter.canonicalText(json))]], "structuredContent": json,
            "isError": .bool(isError ?? (answer.status == .denied || answer.status == .failed)),
        ]
        return RawObject(SystemDocument(result))
    }

    /// What a system answered, as it is, with what the gateway says of it beside; nil where there is none.
    private static func document(_ answer: Answer) -> RawObject? {
        guard case .document(let document)? = answer.result else { return nil }
        // What speaks for the gateway, only the gateway says.
        let theirs = (document.json["_meta"]?.object?.members ?? []).filter { !$0.key.hasPrefix("org.exequatur/") }
        var meta = JSONValue.object(JSONObject(theirs))
        meta.add("org.exequatur/untrusted", true)
        if answer.change != nil {
            var own = answer
            own.result = nil
            meta.add("org.exequatur/answer", own.json)
        }
        return RawObject(document).without(["_meta", "resultType"]).adding("_meta", meta)
    }

    /// The result as the caller's revision has it.
    private func finished(_ result: RawObject) -> RawObject {
        guard asker.isModern else { return result }
        let written = result.members.first { $0.key == "_meta" }.flatMap { try? JSONReader.read($0.value) }
        var meta = written ?? [:]
        for member in MCPDoor.meta.object?.members ?? [] { meta.add(member.key, member.value) }
        return result.without(["_meta"]).adding("resultType", "complete").adding("_meta", meta)
    }
}
