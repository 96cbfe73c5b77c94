import Authority
import StrictJSON
import StrictYAML

/// Reads what an operation does.
struct DeclaredEffects {
    let prefix: String
    let input: [InputField]

    func read(_ fields: inout YAMLFields) throws -> [Effect] {
        try fields.mappings("effects").map { one in
            var one = one
            let when = try guardOf(&one)
            let effect = Effect(try act(&one), when: when)
            try one.end()
            return effect
        }
    }

    private func act(_ fields: inout YAMLFields) throws -> Act {
        switch fields.left.first {
        case "adds":
            return .adds(prefix + (try fields.string("adds")), try end(&fields, "from"), try optionalEnd(&fields, "to"))
        case "removes":
            return .removes(prefix + (try fields.string("removes")), try end(&fields, "from"), try optionalEnd(&fields, "to"))
        case "replaces":
            return .replaces(
                prefix + (try fields.string("replaces")), of: try end(&fields, "of"), with: try optionalEnd(&fields, "with"))
        case "sets": return .sets(try fields.string("sets"), of: try end(&fields, "of"), to: try value(&fields))
        case "creates": return .creates(try fields.string("creates"), named: try name(&fields, "named"))
        case "upserts": return .upserts(try fields.string("upserts"), named: try name(&fields, "named"))
        case "deletes": return .deletes(try end(&fields, "deletes"))
        case "mints":
            return .mints(prefix + (try fields.string("mints")), of: try end(&fields, "of"), to: try holder(&fields))
        case "shows":
            return .shows(prefix + (try fields.string("shows")), of: try end(&fields, "of"), to: try holder(&fields))
        case "computed":
            var bound = try fields.mapping("computed")
            let computed = Bound(
                adds: try bound.strings("adds").map { prefix + $0 }, removes: try bound.strings("removes").map { prefix + $0 },
                kinds: try bound.strings("kinds"), attributes: try bound.strings("attributes"),
                creates: try bound.strings("creates"), deletes: try bound.strings("deletes"))
            try bound.end()
            return .computed(computed)
        case "opaque":
            guard try fields.flag("opaque") else { throw fields.problem("`opaque` is true, or not there", of: "opaque") }
            return .opaque
        default:
            throw fields.problem(
                "an effect begins with adds, removes, replaces, sets, creates, upserts, deletes, mints, shows, computed or opaque"
            )
        }
    }

    private func holder(_ fields: inout YAMLFields) throws -> Holder { try fields.choice("for", [Holder.author, .person]) }

    // MARK: Ends

    private func end(_ fields: inout YAMLFields, _ key: String) throws -> End {
        let text = try fields.string(key)
        let words = text.split(separator: " ").map(String.init)
        switch (words.first ?? "", words.count) {
        case ("target", 1): return .target
        case ("created", 1): return .created
        case ("author", 1): return .author
        case ("system", 1): return .system
        case ("input", 2): return .input(try known(words[1], fields, key))
        case ("each", 2): return .each(try known(words[1], fields, key))
        default:
            throw fields.problem(
                "`\(key)` is target, created, author, system, `input NAME`, or `each NAME` of a list, not `\(text)`", of: key)
        }
    }

    private func optionalEnd(_ fields: inout YAMLFields, _ key: String) throws -> End? {
        fields.left.contains(key) ? try end(&fields, key) : nil
    }

    private func name(_ fields: inout YAMLFields, _ key: String) throws -> String {
        try known(try fields.string(key), fields, key)
    }

    private func known(_ name: String, _ fields: YAMLFields, _ key: String) throws -> String {
        guard input.contains(where: { $0.name == name }) else {
            throw fields.problem("there is no input `\(name)`", of: key)
        }
        return name
    }

    // MARK: Values and guards

    private func value(_ fields: inout YAMLFields) throws -> NewValue {
        let text = try fields.string("to")
        if text == "unknown" { return .unknown }
        if text == "generated" { return .generated }
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch (words.first ?? "", words.count) {
        case ("input", 2): return .input(try known(words[1], fields, "to"))
        case ("text", 2): return .text(words[1])
        case ("true", 1): return .boolean(true)
        case ("false", 1): return .boolean(false)
        default: throw fields.problem("`to` is `input NAME`, `text …`, true, false, generated or unknown", of: "to")
        }
    }

    /// `when: tag` where it must be there, `when: mode = add` where it must be that.
    private func guardOf(_ fields: inout YAMLFields) throws -> Guard {
        guard let text = try fields.optionalString("when") else { return .always }
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimming { $0 == " " } }
        let name = try known(String(parts[0]), fields, "when")
        guard parts.count == 2 else { return .present(name) }
        let value = String(parts[1])
        switch input.first(where: { $0.name == name })?.type {
        case .boolean:
            guard value == "true" || value == "false" else { throw fields.problem("`\(name)` is true or false", of: "when") }
            return .equals(name, .bool(value == "true"))
        case .integer:
            guard let number = Int64(value) else { throw fields.problem("`\(name)` is a whole number", of: "when") }
            return .equals(name, .integer(number))
        case .list, .document, .json: throw fields.problem("`\(name)` can only be there or not", of: "when")
        case .identifier, .reference, .text, .string, .duration, .choice, nil: return .equals(name, .string(value))
        }
    }
}

extension Substring {
    fileprivate func trimming(_ isOutside: (Character) -> Bool) -> Substring {
        let start = drop(while: isOutside)
        guard let last = start.lastIndex(where: { !isOutside($0) }) else { return start.prefix(0) }
        return start[...last]
    }
}
