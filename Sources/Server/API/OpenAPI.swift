import Authority
import StrictJSON

/// The description of the HTTP API (OpenAPI 3.1), made from the catalogue so that it can't fall behind it.
enum OpenAPI {
    static func document(_ systems: [(name: String, catalogue: Catalogue)]) -> JSONValue {
        var paths = fixed
        for (name, catalogue) in systems {
            for operation in catalogue.operations {
                paths.append(.init(key: "/v1/systems/\(name)/operations/\(operation.name)", value: ["post": post(operation)]))
            }
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": "Exequatur", "version": "1", "summary": "Identity changes by agents, decided by policy."],
            "paths": .object(JSONObject(paths)),
            "components": [
                "schemas": ["Answer": answer, "Problem": problem],
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"]],
            ],
            "security": [["bearer": []]],
        ]
    }

    private static func post(_ operation: Operation) -> JSONValue {
        let evidence: JSONValue = [
            "type": "object", "additionalProperties": false,
            "properties": [
                "prompt": ["type": "string"], "justification": ["type": "string"], "classification": ["type": "string"],
            ],
        ]
        let body: JSONValue = [
            "type": "object", "additionalProperties": false, "required": ["input"],
            "properties": ["input": operation.schema(), "evidence": evidence],
        ]
        return [
            "summary": .string(operation.summary), "responses": responses,
            "parameters": [header("Idempotency-Key"), header("Exequatur-Purpose")],
            "requestBody": ["required": true, "content": ["application/json": ["schema": body]]],
        ]
    }

    private static func header(_ name: String) -> JSONValue {
        ["name": .string(name), "in": "header", "required": false, "schema": ["type": "string"]]
    }

    private static func reference(_ name: String, _ description: JSONValue) -> JSONValue {
        [
            "description": description,
            "content": ["application/json": ["schema": ["$ref": .string("#/components/schemas/\(name)")]]],
        ]
    }

    private static let responses: JSONValue = [
        "200": reference("Answer", "Done"), "202": reference("Answer", "Staged: it waits for people"),
        "400": reference("Problem", "Malformed"), "401": reference("Problem", "No valid token"),
        "403": reference("Answer", "Denied, or no such target"),
        "404": reference("Problem", "No such system, operation or change"),
        "409": reference("Answer", "Failed; nothing was changed unless the code says otherwise"),
        "413": reference("Problem", "Too large"), "503": reference("Answer", "A system or the gateway could not answer"),
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

    private static let id: JSONValue = ["name": "id", "in": "path", "required": true, "schema": ["type": "string"]]

    private static let fixed: [JSONObject.Member] = [
        .init(key: "/v1/operations", value: ["get": ["summary": "What can be asked", "responses": responses]]),
        .init(
            key: "/v1/changes/{id}",
            value: ["get": ["summary": "The state of a change of yours", "parameters": [id], "responses": responses]]),
        .init(
            key: "/v1/changes/{id}/rollback",
            value: ["post": ["summary": "Ask to undo a change of yours", "parameters": [id], "responses": responses]]),
        .init(key: "/v1/task/end", value: ["post": ["summary": "End the task, and whatever it leases", "responses": responses]]),
    ]
}
