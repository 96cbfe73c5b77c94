import Authority
import Reach

extension GraphReader {
    /// By what a dynamic group takes its members. Where that can't be told, whatever is set may count.
    func selection(_ url: MemberURL, by group: String, _ resolve: (String) -> String) throws -> [NamedFact] {
        var isOpaque = url.isOpaque
        var names: Set<String> = []
        for description in url.attributes {
            names.insert(description.lowercased())
            guard let meant = try types.meant(by: description) else {
                isOpaque = true
                continue
            }
            names.formUnion(meant.intersection(reader.settings.attributesSet))
        }
        var facts = names.sorted().map { NamedFact("selects", group, ReachNode.id(system: system, attribute: $0)) }
        if isOpaque { facts.append(NamedFact("selects", group, ReachNode.anyAttribute(of: system))) }
        for name in url.groups {
            guard let path = try? LDAPText.normalized(name) else {
                facts.append(NamedFact("selects", group, ReachNode.anyAttribute(of: system)))
                continue
            }
            facts.append(NamedFact("member", resolve(path), group))
        }
        return facts
    }

    private var types: AttributeTypes {
        get throws { try known.types { try AttributeTypes(reader.session) } }
    }
}
