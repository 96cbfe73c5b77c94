import Authority
import DirectoryKit
import Reach

extension GraphReader {
    /// By what a dynamic group takes its members. Where that can't be told, whatever is set may count.
    func selection(_ url: MemberURL, by group: NodeID, _ resolve: (String) -> NodeID) throws -> [NamedFact] {
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
        var facts = names.sorted().map { NamedFact(DirectoryVocabulary.selects, group, .attribute($0, of: system)) }
        if isOpaque { facts.append(NamedFact(DirectoryVocabulary.selects, group, .anyAttribute(of: system))) }
        for name in url.groups {
            guard let path = try? LDAPText.normalized(name) else {
                facts.append(NamedFact(DirectoryVocabulary.selects, group, .anyAttribute(of: system)))
                continue
            }
            facts.append(NamedFact(DirectoryVocabulary.member, resolve(path), group))
        }
        return facts
    }

    private var types: AttributeTypes {
        get throws { try known.types { try AttributeTypes(reader.session) } }
    }
}
