import Authority
import StrictYAML

/// Reads the input of an operation.
struct DeclaredInput {
    /// What names of a kind may hold besides what identifiers do.
    private let characters: [String: String]

    init(_ characters: [String: String]) { self.characters = characters }

    /// - Parameter known: what the system itself says that it takes: the catalogue may say of each of them more exactly what it is,
    ///   and adds none.
    func read(_ fields: inout YAMLFields, sharpening known: [InputField]?) throws -> [InputField] {
        guard var all = try fields.optionalMapping("input") else { return known ?? [] }
        guard let known else { return try read(&all) }
        var input = known
        for name in all.left {
            var one = try all.mapping(name)
            guard let place = input.firstIndex(where: { $0.name == name }) else {
                throw one.problem("it takes no `\(name)`")
            }
            input[place] = InputField(name, try type(&one), input[place].summary, isRequired: input[place].isRequired)
            try one.end()
        }
        try all.end()
        return input
    }

    private func read(_ all: inout YAMLFields) throws -> [InputField] {
        var input: [InputField] = []
        for name in all.left {
            var one = try all.mapping(name)
            guard name.wholeMatch(of: /[a-z][A-Za-z0-9]{0,40}/) != nil else {
                throw one.problem("an input is called by letters and digits, the first in lower case: `\(name)`")
            }
            let isOptional = try one.flag("optional")
            let summary = try one.string("summary")
            input.append(InputField(name, try type(&one), summary, isRequired: !isOptional))
            try one.end()
        }
        try all.end()
        return input
    }

    private func type(_ fields: inout YAMLFields) throws -> InputType {
        switch try fields.string("type") {
        case "identifier": return .identifier
        case "name", "reference":
            let kinds = try fields.strings("of")
            guard !kinds.isEmpty else { throw fields.problem("`of` lists the kinds of what it names", of: "of") }
            let allowed = kinds.reduce("") { $0 + (characters[$1] ?? "") }
            return .reference(kinds, allowing: allowed)
        case "text": return .text(Int(try fields.integer("max", default: 256, in: 1...4096)))
        case "integer":
            let low = try fields.integer("min", default: 0, in: Int64.min...Int64.max)
            return .integer(low...(try fields.integer("max", default: max(low, 1_000_000), in: low...Int64.max)))
        case "boolean": return .boolean
        case "duration":
            return .duration(1000...(1000 * (try fields.integer("max", default: 86_400, in: 1...31_622_400))))
        case "choice":
            let choices = try fields.strings("choices")
            guard !choices.isEmpty else { throw fields.problem("`choices` lists what may be chosen", of: "choices") }
            return .choice(choices)
        case "list":
            let most = Int(try fields.integer("max", default: 20, in: 1...200))
            var element = try fields.mapping("each")
            let type = try type(&element)
            try element.end()
            if case .list = type { throw fields.problem("a list has no lists in it", of: "each") }
            return .list(type, most)
        case "string": return .string(Int(try fields.integer("max", default: 65_536, in: 1...262_144)))
        case "json": return .json(Int(try fields.integer("max", default: 65_536, in: 1...262_144)))
        case "document": return .document(Int(try fields.integer("max", default: 65_536, in: 1...262_144)))
        case let other:
            throw fields.problem(
                "there is no type `\(other)`; known: identifier, reference, text, integer, boolean, duration, choice, list, document, string, json",
                of: "type")
        }
    }
}
