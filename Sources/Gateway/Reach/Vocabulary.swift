import Authority
import Reach

/// What the catalogues of all systems say of relations and kinds, as the graph needs it.
struct Vocabulary: Sendable {
    private(set) var catalogues: [String: Catalogue] = [:]
    private var relations: [String: RelationDefinition] = [:]

    mutating func learn(_ catalogue: Catalogue, of system: String) {
        catalogues[system] = catalogue
        for relation in catalogue.relations { relations[relation.name] = relation }
    }

    subscript(relation: String) -> RelationDefinition? { relations[relation] }

    /// Whether it says who chose a credential: no system shows that.
    func isCredential(_ fact: NamedFact) -> Bool { relations[fact.relation]?.origin == .credential }

    func isNaming(_ fact: NamedFact) -> Bool { relations[fact.relation]?.origin == .naming }

    /// Whether only the gateway knows it: no reading shows it.
    func isUnreadable(_ fact: NamedFact) -> Bool {
        switch relations[fact.relation]?.origin {
        case .naming?, .setting?: true
        case .backend?, .credential?, nil: false
        }
    }

    /// Whether something of the kind can be created under a name that waits.
    func canBeAwaited(_ kind: String, in system: String) -> Bool { catalogues[system]?[kind: kind]?.naming != nil }

    /// The systems of which something can be done that nobody can tell the effects of, sorted.
    var opaque: [String] { catalogues.keys.sorted().filter { catalogues[$0]?.isOpaque == true } }

    /// The entity that a fact stands in: a group holds its members and owners, anybody else what is said of them alone.
    func place(_ fact: NamedFact) -> NodeID? {
        relations[fact.relation]?.isHeldBySecond == true ? fact.objectNode ?? fact.subjectNode : fact.subjectNode
    }

    /// Whether a fact may have come about, or gone, because another did.
    func follows(
        _ fact: NamedFact, _ cause: NamedFact, isSame: Bool, _ wasThere: (NamedFact) -> Bool
    ) -> Bool {
        if isNaming(cause) {
            let name = cause.object ?? ""
            return fact.subject == name
                || isSame && (fact.object == name || wasThere(NamedFact(fact.relation, name, fact.object)))
        }
        return isSame
            && (relations[fact.relation]?.follows ?? []).contains { way in
                way.cause == cause.relation
                    && wasThere(
                        way.isReversed
                            ? NamedFact(way.through, fact.object ?? "", cause.object)
                            : NamedFact(way.through, cause.object ?? "", fact.object))
            }
    }

    /// Whether other facts may follow from this one.
    func isCause(_ fact: NamedFact) -> Bool {
        relations.values.contains { $0.follows.contains { $0.cause == fact.relation } }
    }
}
