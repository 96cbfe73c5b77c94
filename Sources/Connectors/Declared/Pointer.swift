package import StrictJSON

/// A JSON Pointer (RFC 6901).
package struct Pointer: Hashable, Sendable {
    private let tokens: [String]
    package let text: String

    /// - Returns: nil for what is no pointer: one is empty, or begins with `/`.
    package init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/") else { return nil }
        self.text = text
        tokens = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    /// The value there; nil where there is none.
    package func find(in document: JSONValue) -> JSONValue? {
        tokens.reduce(Optional(document)) { value, token -> JSONValue? in
            switch value {
            case .object(let object): return object[token]
            case .array(let all):
                guard let index = Int(token), String(index) == token, all.indices.contains(index) else { return .none }
                return all[index]
            default: return .none
            }
        }
    }
}

extension JSONValue {
    /// The id that it is: a text or a whole number; nil for anything else.
    package var id: String? {
        switch self {
        case .string(let text): text.isEmpty ? nil : text
        case .integer(let number): "\(number)"
        default: nil
        }
    }

    /// The id, or the ids of a list; nil for what is none.
    package var ids: [String]? {
        switch self {
        case .null: return []
        case .array(let all):
            let ids = all.compactMap(\.id)
            return ids.count == all.count ? ids : nil
        case .string(""): return []
        default: return id.map { [$0] }
        }
    }

    /// The value as texts, sorted: those of a list each, `null` none.
    package var texts: [String] {
        switch self {
        case .null: []
        case .array(let all): all.flatMap(\.texts).sorted { ExactString($0) < ExactString($1) }
        case .string(let text): [text]
        case .bool(let value): ["\(value)"]
        case .integer(let number): ["\(number)"]
        case .number, .object: [JSONWriter.canonicalText(self)]
        }
    }
}
