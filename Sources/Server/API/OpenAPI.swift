import Authority
import StrictJSON

/// The description of an API (OpenAPI 3.1), made from the table that calls are routed by, so that it can't fall behind it.
enum OpenAPI {
    static func document(_ title: String, _ summary: String, _ paths: [JSONObject.Member], bearer: String) -> JSONValue {
        [
            "openapi": "3.1.0",
            "info": ["title": .string(title), "version": "1", "summary": .string(summary)],
            "paths": .object(JSONObject(paths)),
            "components": [
                "schemas": ["Answer": answer, "Problem": problem], "responses": ["Refused": refused],
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer", "bearerFormat": .string(bearer)]],
            ],
            "security": [["bearer": []]],
        ]
    }

    /// What is answered when all goes well.
    enum Success: Sendable {
        /// Of an agent's request: done, or staged.
        case answer
        /// An object with these members, and perhaps these.
        case object([String], optional: [String] = [])
        case text
        case bytes
        /// The same as ``object(_:optional:)``, with 202 where it is not stored yet.
        case perhapsLater([String])

        var responses: [JSONObject.Member] {
            switch self {
            case .answer:
                [reference("200", "Done", "Answer"), reference("202", "Staged: it waits for people", "Answer")]
            case .object(let required, let optional):
                [response("200", "Done", ["application/json": ["schema": OpenAPI.anything(required, optional: optional)]])]
            case .text: [response("200", "Done", ["text/plain": ["schema": ["type": "string"]]])]
            case .bytes: [response("200", "Done", ["application/octet-stream": [:]])]
            case .perhapsLater(let required):
                ["200", "202"].map {
                    response(
                        $0, $0 == "200" ? "Done" : "It counts, and is stored later",
                        ["application/json": ["schema": OpenAPI.anything(required)]])
                }
            }
        }

        private func response(_ status: String, _ description: String, _ content: JSONValue) -> JSONObject.Member {
            .init(key: status, value: ["description": .string(description), "content": content])
        }

        private func reference(_ status: String, _ description: String, _ name: String) -> JSONObject.Member {
            response(
                status, description,
                ["application/json": ["schema": ["$ref": .string("#/components/schemas/\(name)")]]])
        }
    }

    static func operation(
        _ summary: String, parameters: [JSONValue], body: JSONValue?, answers: Success, isOpen: Bool = false
    ) -> JSONValue {
        let refusals = ["400", "401", "403", "404", "405", "409", "413", "415", "429", "503"].map {
            JSONObject.Member(key: $0, value: ["$ref": "#/components/responses/Refused"])
        }
        var json: JSONValue = [
            "summary": .string(summary), "responses": .object(JSONObject(answers.responses + refusals)),
        ]
        if !parameters.isEmpty { json.add("parameters", .array(parameters)) }
        if let body {
            let isRequired = body["required"]?.array?.isEmpty == false
            json.add(
                "requestBody", ["required": .bool(isRequired), "content": ["application/json": ["schema": body]]])
        }
        if isOpen { json.add("security", []) }
        return json
    }

    /// An object with these members, of whatever type.
    static func anything(_ required: [String], optional: [String] = []) -> JSONValue {
        [
            "type": "object", "required": .array(required.map(JSONValue.string)),
            "properties": .object(JSONObject((required + optional).map { .init(key: $0, value: true) })),
        ]
    }

    /// - Parameter place: `path`, `query` or `header`.
    static func parameter(_ name: String, in place: String) -> JSONValue {
        ["name": .string(name), "in": .string(place), "required": .bool(place == "path"), "schema": ["type": "string"]]
    }

    /// An object with these members, all strings.
    static func strings(_ required: [String], optional: [String] = []) -> JSONValue {
        object((required + optional).map { ($0, ["type": "string"]) }, required: required)
    }

    static func object(_ members: [(String, JSONValue)], required: [String]) -> JSONValue {
        [
            "type": "object", "additionalProperties": false, "required": .array(required.map(JSONValue.string)),
            "properties": .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) })),
        ]
    }

    /// A request that was refused is a problem; one that was decided, and denied or failed, is an answer.
    private static let refused: JSONValue = [
        "description": "Refused, denied or failed: the code says why",
        "content": [
            "application/json": [
                "schema": ["oneOf": [["$ref": "#/components/schemas/Problem"], ["$ref": "#/components/schemas/Answer"]]]
            ]
        ],
    ]

    private static let answer: JSONValue = [
        "type": "object", "required": ["status", "code", "message"],
        "properties": [
            "status": ["enum": ["done", "staged", "denied", "failed"]], "code": ["type": "string"], "message": ["type": "string"],
            "change": ["type": "string"], "result": ["type": "object"], "receipt": ["type": "object"],
        ],
    ]

    private static let problem: JSONValue = [
        "type": "object", "required": ["error"],
        "properties": ["error": ["type": "object", "properties": ["code": ["type": "string"], "message": ["type": "string"]]]],
    ]
}
