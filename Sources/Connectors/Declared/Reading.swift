import StrictJSON

/// Whether something is so in what was read.
package struct Condition: Sendable {
    package let at: Pointer
    /// The texts that it must be one of; nil where it must be there, and not one of ``not``.
    package let isOne: [String]?
    package let not: [String]

    func holds(in json: JSONValue) -> Bool {
        let found = (at.find(in: json)?.texts ?? []).filter { !$0.isEmpty }
        if let isOne { return found.contains(where: isOne.contains) }
        return !found.isEmpty && !found.contains(where: not.contains)
    }
}

/// How facts stand in what was read.
package struct FactReading: Sendable {
    package let relation: String
    /// Where the id of what stands first is; nil for the entity that is read itself.
    package let from: Pointer?
    /// Where the id, or the ids, of what stands second are; nil for a fact about one entity.
    package let to: Pointer?
    package let condition: Condition?
}

/// A request whose answer lists things, page by page.
package struct Listing<Request: DeclaredRequest>: Sendable {
    package let request: Request
    /// Where the list is.
    package let each: Pointer
    /// Where the answer has what the next page is asked with, and the query that takes it.
    package let next: (at: Pointer, query: String)?
    /// The query that takes the number of a page, from 1.
    package let page: String?
    /// Where the answer says that there is more, and nobody can ask for it: such a list is not read whole.
    package let cut: Pointer?
}

/// Facts that are read by a request of their own.
package struct MoreReading<Request: DeclaredRequest>: Sendable {
    package let listing: Listing<Request>
    package let facts: [FactReading]
}

/// How entities of a kind are read.
package struct KindReading<Request: DeclaredRequest>: Sendable {
    /// Whether one is known by its name only: whether it is there, nobody is asked.
    package let isNamed: Bool
    /// All there are, where the host does not list them.
    package let fixed: [String]?
    package let get: Request?
    package let list: Listing<Request>?
    /// Whether the list has no more than ids, so that each is read by itself.
    package let isBrief: Bool
    /// Where an entry of such a list has its id; nil where it stands as in the entity itself, or is all that the entry is.
    package let briefID: Pointer?
    /// Nil where it is as it was asked for, or as a brief list has it.
    package let id: Pointer?
    package let name: Pointer?
    package let values: [(attribute: String, at: Pointer)]
    package let facts: [FactReading]
    /// Facts of an entity that are read by a request of their own.
    package let more: [MoreReading<Request>]
}

/// What a write touches.
package struct Touch<Request: DeclaredRequest>: Sendable {
    package enum New: Sendable {
        case set(TextTemplate)
        case clear
        case add(TextTemplate)
        case remove(TextTemplate)
        /// What can't be read: a password.
        case hidden

        package var sources: [Source] {
            switch self {
            case .set(let template), .add(let template), .remove(let template): template.sources
            case .clear, .hidden: []
            }
        }
    }

    /// As people and policy call it: an attribute, or a relation without its kind's name.
    package let name: String
    /// The request that reads it; the target's own where there is none.
    package let read: Request?
    package let at: Pointer
    package let new: New
}

/// What a write touches, and what must be as it was.
package struct DeclaredStep<Request: DeclaredRequest>: Sendable {
    package let touches: [Touch<Request>]
    /// Whether the host itself compares what was planned on (RFC 9110, section 13.1.1).
    package let usesETag: Bool
    /// What else must be as it was, in the target.
    package let compares: [Pointer]
    /// Where the answer has a credential that is to be shown.
    package let discloses: Pointer?
    /// The inverse's input.
    package let inverse: [NamedTemplate]
}
