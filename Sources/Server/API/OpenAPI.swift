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
                "schemas": ["Answer": answer, "Problem": problem],
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer", "bearerFormat": .string(bearer)]],
            ],
            "security": [["bearer": []]],
        ]
    }

    static func operation(_ summary: String, parameters: [JSONValue], body: JSONValue?) -> JSONValue {
        var json: JSONValue = ["summary": .string(summary), "responses": responses]
        if !parameters.isEmpty { json.add("parameters", .array(parameters)) }
        json.add("requestBody", body.map { ["required": true, "content": ["application/json": ["schema": $0]]] })
        return json
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
        "413": reference("Problem", "Too large"), "429": reference("Problem", "Too much at once: wait"),
        "503": reference("Answer", "A system or the gateway could not answer"),
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
