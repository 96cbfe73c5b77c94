import Authority
import StrictJSON
import StrictYAML

/// Which definition is meant.
struct DefinitionKey: Hashable, Sendable, Comparable {
    let kind: Offer.Kind
    let name: String

    static func < (a: DefinitionKey, b: DefinitionKey) -> Bool {
        (a.kind.place, ExactString(a.name)) < (b.kind.place, ExactString(b.name))
    }
    static func == (a: DefinitionKey, b: DefinitionKey) -> Bool {
        a.kind == b.kind && a.name.utf8.elementsEqual(b.name.utf8)
    }
    func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(ExactString(name))
    }
}

extension DefinitionKey {
    /// What an operation is at the server: a tool of its own name, unless it says otherwise.
    init(of operation: String, _ fields: inout YAMLFields) throws {
        for kind in Offer.Kind.allCases {
            guard let name = try fields.optionalString(kind.field) else { continue }
            self.init(kind: kind, name: name)
            return
        }
        self.init(kind: .tool, name: operation)
    }
}

extension Offer.Kind {
    /// The key of the catalogue that names one.
    var field: String { self == .resourceTemplate ? "template" : rawValue }

    /// For people.
    var word: String { self == .resourceTemplate ? "template of resources" : rawValue }

    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The capability of a server that has them.
    var capability: String {
        switch self {
        case .tool: "tools"
        case .resource, .resourceTemplate: "resources"
        case .prompt: "prompts"
        }
    }

    /// What lists them.
    var method: String {
        switch self {
        case .tool: "tools/list"
        case .resource: "resources/list"
        case .resourceTemplate: "resources/templates/list"
        case .prompt: "prompts/list"
        }
    }

    /// Where the list stands in the answer.
    var member: String {
        switch self {
        case .tool: "tools"
        case .resource: "resources"
        case .resourceTemplate: "resourceTemplates"
        case .prompt: "prompts"
        }
    }

    /// What one is known by.
    var key: String {
        switch self {
        case .tool, .prompt: "name"
        case .resource: "uri"
        case .resourceTemplate: "uriTemplate"
        }
    }
}
