import Cedar
import Foundation
import StrictJSON
import StrictYAML
import Yams

/// A file of examples that policies must decide as said.
///
/// ```yaml
/// policies: [policy.cedar]        # beside the file
/// schema: photos.cedarschema      # may be absent
/// entities: entities.json         # or a list, written here; may be absent
/// cases:
///   - name: Alice sees her photo
///     principal: User::"alice"
///     action: Action::"view"
///     resource: Photo::"1"
///     context: {ip: 192.0.2.1}
///     expect: allow
///     reasons: [owners-view]      # may be absent: then any
///     errors: []                  # may be absent: then none
/// ```
struct PolicyCases {
    struct Case {
        let name: String
        let line: Int
        let request: Request
        let allowed: Bool
        let reasons: [String]?
        let errors: [String]
    }

    let policies: PolicySet
    let schema: Schema?
    let entities: Entities
    let cases: [Case]

    init(_ path: String) throws {
        guard let node = try Yams.compose(yaml: Files.text(path)) else { throw Problem("\(path) is empty") }
        var root = try YAMLFields(node, file: path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        func beside(_ name: String) -> String { name.hasPrefix("/") ? name : "\(folder)/\(name)" }
        var inputs = PolicyInputs()
        (inputs.policies, inputs.entities) = (try root.strings("policies").map(beside), nil)
        inputs.schema = try root.optionalString("schema").map(beside)
        let schema = try inputs.readSchema()
        entities = try Self.entities(root.node("entities"), schema, beside)
        policies = try inputs.policySet(names: true)
        self.schema = schema
        cases = try root.mappings("cases").map { try Case($0, schema) }
        try root.end()
    }

    private static func entities(_ node: Node?, _ schema: Schema?, _ beside: (String) -> String) throws -> Entities {
        guard let node else { return try schema?.entities(json: []) ?? Entities() }
        let json = try node.scalar.map { try PolicyInputs.json(beside($0.string)) } ?? node.json("the entities")
        do { return try schema?.entities(json: json) ?? Entities.parse(json: json) } catch { throw Problem("entities: \(error)") }
    }
}

extension PolicyCases.Case {
    fileprivate init(_ fields: YAMLFields, _ schema: Schema?) throws {
        var fields = fields
        name = try fields.string("name")
        line = fields.line
        func uid(_ key: String) throws -> EntityUID {
            let text = try fields.string(key)
            guard let uid = EntityUID(literal: text) else {
                throw fields.problem("`\(key)` must be an entity such as Type::\"id\"", of: key)
            }
            return uid
        }
        var request = Request(principal: try uid("principal"), action: try uid("action"), resource: try uid("resource"))
        let context = try fields.node("context")?.json(fields.file) ?? [:]
        do {
            request.context = try schema?.context(json: context, action: request.action) ?? Request.context(json: context)
            try schema?.check(request)
        } catch { throw fields.problem("\(error)", of: "context") }
        self.request = request
        let expected = try fields.string("expect")
        guard expected == "allow" || expected == "deny" else { throw fields.problem("`expect` is allow or deny", of: "expect") }
        allowed = expected == "allow"
        reasons = try fields.optionalStrings("reasons")?.sorted()
        errors = try fields.optionalStrings("errors")?.sorted() ?? []
        try fields.end()
    }
}
