import StrictJSON

/// A template made into a policy: its id, the template's, and what fills the slots.
public struct TemplateLink: Hashable, Sendable {
    public let id: String
    public let template: String
    public let values: [Slot: EntityUID]

    public init(id: String, template: String, values: [Slot: EntityUID]) {
        self.id = id
        self.template = template
        self.values = values
    }
}

/// Static policies, templates and links that are decided over together.
public struct PolicySet: Sendable {
    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// Two policies, templates or links have one id.
        case duplicateID(String)
        case unknownTemplate(String, link: String)
        /// The link leaves a slot empty, or fills one that the template does not have.
        case wrongSlots(link: String)

        public var description: String {
            switch self {
            case .duplicateID(let id): "another policy has the id `\(id)` already"
            case .unknownTemplate(let template, let link): "link `\(link)`: there is no template `\(template)`"
            case .wrongSlots(let link): "link `\(link)` must fill the slots of its template, and only those"
            }
        }
    }

    public let staticPolicies: [Policy]
    public let templates: [Policy]
    public let links: [TemplateLink]
    /// What is evaluated: the static policies and what the links made, in this order.
    public let policies: [Policy]

    public init() { (staticPolicies, templates, links, policies) = ([], [], [], []) }

    /// Makes a set of static policies and templates, and of the links that make policies of the templates.
    ///
    /// - Throws: ``Failure``.
    public init(_ policies: [Policy], links: [TemplateLink] = []) throws(Failure) {
        // Ids are what their scalars are: `String` would take canonically equal ones for one.
        var seen: Set<ExactString> = []
        for id in policies.map(\.id) + links.map(\.id) where !seen.insert(ExactString(id)).inserted { throw .duplicateID(id) }
        staticPolicies = policies.filter { !$0.isTemplate }
        templates = policies.filter(\.isTemplate)
        self.links = links
        let byID = Dictionary(uniqueKeysWithValues: templates.map { (ExactString($0.id), $0) })
        var linked: [Policy] = []
        for link in links {
            guard let template = byID[ExactString(link.template)] else { throw .unknownTemplate(link.template, link: link.id) }
            guard Set(template.slots) == Set(link.values.keys) else { throw .wrongSlots(link: link.id) }
            linked.append(template.linked(by: link))
        }
        self.policies = staticPolicies + linked
    }

    /// Reads a text of any number of policies and templates; they get the ids `policy0`, `policy1`, … in order.
    ///
    /// - Throws: ``Diagnostics`` with everything that is wrong.
    public static func parse(_ text: String) throws(Diagnostics) -> [Policy] { try PolicyParser.policies(text) }
}

extension Policy {
    func linked(by link: TemplateLink) -> Policy {
        var policy = self
        policy.id = link.id
        policy.template = id
        policy.principal = principal.filled(link.values)
        policy.resource = resource.filled(link.values)
        return policy
    }
}

extension ScopeConstraint {
    func filled(_ values: [Slot: EntityUID]) -> ScopeConstraint {
        guard let reference, let slot, let uid = values[slot] else { return self }
        let filled = EntityReference(.entity(uid), at: reference.range)
        return switch kind {
        case .any, .is: self
        case .equal: ScopeConstraint(.equal(filled), at: range)
        case .in: ScopeConstraint(.in(filled), at: range)
        case .isIn(let type, _): ScopeConstraint(.isIn(type, filled), at: range)
        }
    }
}
