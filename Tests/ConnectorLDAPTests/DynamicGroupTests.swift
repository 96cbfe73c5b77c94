import Authority
import DirectoryKit
import Reach
import StrictJSON
import Synchronization
import TestSupport
import Testing

@testable import ConnectorLDAP

@Suite("Dynamic groups")
struct DynamicGroupTests {
    @Test(
        "A member URL tells by which attributes it chooses",
        arguments: [
            ("ldap:///ou=people,dc=ex,dc=org??one?(title=boss)", ["title"]),
            ("ldap:///ou=people??one?%28title=boss%29", ["title"]),
            (
                "ldap:///ou=people??one?(%26(title=boss)(!(mail>=a))(|(sn=*)(cn;lang-de~=b)))",
                ["cn;lang-de", "mail", "sn", "title"]
            ),
            ("ldap:///ou=people??one?title=boss", ["title"]),
            ("ldap:///ou=people??one?(description=a\\28b\\29)", ["description"]),
            ("ldap:///ou=people?manager?one?(title=boss)", ["manager", "title"]),
            ("ldap:///ou=people??one", ["objectClass"]), ("ldap:///ou=people", ["objectClass"]),
        ])
    func attributes(_ url: String, _ expected: [String]) {
        let url = MemberURL(url)
        #expect(url.attributes.sorted() == expected && !url.isOpaque && url.groups.isEmpty)
    }

    @Test(
        "One that can't be read might choose by anything",
        arguments: [
            "ldap:///ou=people??one?(cn:caseExactMatch:=x)", "ldap:///ou=people??one?(:dn:2.4.6.8.10:=x)",
            "ldap:///ou=people??one?(%zz=x)", "ldap:///ou=people??one?(nonsense)", "ldap:///ou=people??one?(memberOf=*)",
        ])
    func opaque(_ url: String) { #expect(MemberURL(url).isOpaque) }

    @Test("One that takes a group's members leads from that group")
    func memberOf() {
        #expect(MemberURL("ldap:///ou=p??one?(&(sn=x)(memberOf=cn=a\\2cb,ou=g))").groups == ["cn=a,b,ou=g"])
    }

    @Test("Names mean what the schema says: other names, numbers, and what is a kind of it")
    func schema() {
        let types = AttributeTypes([
            "( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )", "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
            "( 2.5.4.12 NAME 'title' SUP name )", "( 1.2.3 NAME 'jobTitle' SUP 2.5.4.12 )", "nonsense",
        ])
        #expect(types.meant(by: "commonname") == ["cn", "commonname", "2.5.4.3"])
        #expect(types.meant(by: "2.5.4.12;lang-de") == ["title", "2.5.4.12", "jobtitle", "1.2.3"])
        #expect(types.meant(by: "NAME")?.isSuperset(of: ["name", "cn", "title", "jobtitle"]) == true)
        #expect(types.meant(by: "unknown") == nil)
    }

    private static let groups = [
        ("by-number", "(2.5.4.12=boss)"), ("by-kind", "(name=boss)"), ("by-nothing", "(noSuchThing=x)"),
        ("by-group", "(memberOf=cn=staff,ou=groups,dc=ex,dc=org)"),
    ]

    private static var entries: String {
        groups.map { name, filter in
            """
            dn: cn=\(name),ou=groups,dc=ex,dc=org
            objectClass: groupOfURLs
            cn: \(name)
            memberURL: ldap:///ou=people,dc=ex,dc=org??one?\(filter)

            """
        }.joined(separator: "\n")
    }

    @Test(
        "On a real slapd, every setting of an attribute meets the groups that choose by it",
        .enabled(if: Slapd.isAvailable, "slapd is not installed; scripts/bootstrap installs it"))
    func snapshot() async throws {
        let slapd = try Slapd(Self.entries)
        defer { slapd.stop() }
        let directory = LDAPDirectory(system: "corp", settings: slapd.settings)
        let read = Mutex<(ids: [String: String], facts: Set<NamedFact>)>(([:], []))
        try await directory.snapshot { page in
            read.withLock { all in
                for node in page.nodes { all.ids[node.name] = node.id.text }
                all.facts.formUnion(page.facts)
            }
        }
        let (ids, facts) = read.withLock { $0 }
        let operation = try #require(directory.catalogue["user.set-title"])
        let plan = try await directory.plan(operation, try Input(["user": "alice", "value": "boss"], for: operation))
        let set = Set(plan.step.adds.filter { $0.relation == DirectoryVocabulary.setsAttribute }.compactMap(\.object))
        func meets(_ group: String) throws -> Bool {
            let id = try #require(ids[group])
            return set.contains { facts.contains(NamedFact(DirectoryVocabulary.selects, id, $0)) }
        }
        for group in ["by-number", "by-kind", "by-nothing"] { #expect(try meets(group), "\(group)") }
        #expect(try !meets("by-group"))
        let (staff, chosen) = (try #require(ids["staff"]), try #require(ids["by-group"]))
        #expect(facts.contains(NamedFact(DirectoryVocabulary.member, staff, chosen)))
    }
}
