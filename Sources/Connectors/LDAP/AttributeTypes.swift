import CLDAP

/// The attribute types that a server knows: which names mean the same, and which types are kinds of others (RFC 4512, section
/// 4.1.2).
struct AttributeTypes: Sendable {
    /// By name or number, lower-cased: every name of that type and of the types that are kinds of it.
    private let names: [String: Set<String>]

    /// - Parameter definitions: as the subschema gives them; one that can't be read is left out.
    init(_ definitions: [String]) {
        let types = definitions.compactMap(Self.parse)
        let own = Dictionary(types.flatMap { type in type.names.map { ($0, type.names) } }, uniquingKeysWith: { $0.union($1) })
        var all = own
        let parents = Dictionary(
            types.flatMap { type in type.names.map { ($0, type.parent) } }, uniquingKeysWith: { first, _ in first })
        for type in types {
            var (parent, seen): (String?, Set<String>) = (type.parent, [])
            while let name = parent, seen.insert(name).inserted {
                for other in own[name] ?? [] { all[other]?.formUnion(type.names) }
                parent = parents[name] ?? nil
            }
        }
        names = all
    }

    /// Reads them from the server.
    init(_ session: LDAPSession) throws {
        let root = try session.entry("", attributes: ["subschemaSubentry"])
        let place = root?.first("subschemaSubentry") ?? "cn=Subschema"
        let schema = try session.entry(place, filter: "(objectClass=subschema)", attributes: ["attributeTypes"])
        self.init(schema?.strings("attributeTypes") ?? [])
    }

    /// The names of what an attribute description means; nil when the server does not say.
    func meant(by description: String) -> Set<String>? {
        names[(description.split(separator: ";").first.map(String.init) ?? "").lowercased()]
    }

    private static func parse(_ definition: String) -> (names: Set<String>, parent: String?)? {
        var (code, place): (Int32, UnsafePointer<CChar>?) = (0, nil)
        guard let type = ldap_str2attributetype(definition, &code, &place, UInt32(LDAP_SCHEMA_ALLOW_ALL)) else { return nil }
        defer { ldap_attributetype_free(type) }
        var names: Set<String> = []
        if let number = type.pointee.at_oid { names.insert(String(cString: number).lowercased()) }
        var next = type.pointee.at_names
        while let name = next?.pointee {
            names.insert(String(cString: name).lowercased())
            next = next?.successor()
        }
        return (names, type.pointee.at_sup_oid.map { String(cString: $0).lowercased() })
    }
}
