import Authority
public import ConnectorKit
import DirectoryKit
import StrictYAML

extension LDAPDirectory {
    /// A directory that speaks LDAP, as `kind: ldap` configures it.
    public static let kind = ConnectorKind("ldap") { fields, context in
        let settings = try LDAPSettings.read(&fields, timeout: context.timeout, context.resolve)
        return ConfiguredSystem(catalogue: LDAPSettings.catalogue(settings.attributes)) {
            LDAPDirectory(system: context.system, settings: settings)
        }
    }
}

extension LDAPSettings {
    static func read(_ fields: inout YAMLFields, timeout: Int, _ resolve: (String) -> String) throws -> LDAPSettings {
        let url = try fields.string("url")
        // The library takes lists of addresses: what holds for the first must hold for all.
        guard !url.contains(where: { $0.isWhitespace || $0 == "," }) else {
            throw fields.problem("`\(fields.path).url` is one address", of: "url")
        }
        let startTLS = try fields.flag("startTLS")
        guard url.hasPrefix("ldaps://") || startTLS || url.hasPrefix("ldapi://") || Loopback.isHost(of: url) else {
            throw fields.problem("`\(fields.path).url` would send passwords in clear: use ldaps://, or startTLS: true", of: "url")
        }
        let passwordFile = resolve(try fields.string("passwordFile"))
        let password: String
        do { password = try SecretFile.text(passwordFile) } catch { throw fields.problem("\(error)", of: "passwordFile") }
        let attributes = try fields.mappings("attributes").map(attribute)
        return LDAPSettings(
            url: url, startTLS: startTLS, ca: try fields.optionalString("ca").map(resolve), bindDN: try fields.string("bindDN"),
            password: password, people: try fields.string("people"), groups: try fields.string("groups"),
            grants: try fields.string("grants"),
            passwordPolicy: try fields.string("passwordPolicy"),
            attributes: attributes.isEmpty ? LDAPSettings.standardAttributes : attributes, labels: try labels(&fields),
            overlays: try fields.optionalStrings("overlays") ?? LDAPSettings.usualOverlays, timeout: timeout)
    }

    /// Names as the schema spells them: an option (`;lang-en`) or a numeric OID would be another way to say the same attribute.
    private static func attribute(_ fields: YAMLFields) throws -> AttributeDefinition {
        var fields = fields
        let name = try fields.string("name")
        guard name.wholeMatch(of: /[A-Za-z][A-Za-z0-9-]*/) != nil else {
            throw fields.problem("`\(name)` is not a plain attribute name: options and OIDs are refused", of: "name")
        }
        if let proper = Self.aliases[name.lowercased()] {
            throw fields.problem("`\(name)` is another name of `\(proper)`: write that", of: "name")
        }
        guard !Self.reserved.contains(name.lowercased()), !name.lowercased().hasPrefix("pwd") else {
            throw fields.problem("`\(name)` is no plain attribute: it has operations of its own, or none", of: "name")
        }
        guard let sensitivity = Sensitivity(rawValue: try fields.string("sensitivity")) else {
            throw fields.problem("`sensitivity` of \(name) is one of public, internal, confidential, secret", of: "sensitivity")
        }
        let power: DirectoryVocabulary.Power? = try (fields.optionalString("confers") ?? Self.usualPowers[name.lowercased()])
            .flatMap { text in
                switch text {
                case "nothing": return nil
                case "login": return .login
                case "recovery": return .recovery
                default: throw fields.problem("`confers` of \(name) is login, recovery or nothing", of: "confers")
                }
            }
        let definition = AttributeDefinition(name, sensitivity, isWritable: try fields.flag("writable"), confers: power?.rawValue)
        try fields.end()
        return definition
    }

    /// Second names of attribute types (RFC 4519, RFC 4524): an attribute has one name here, or a rule for it could be passed by.
    private static let aliases = [
        "userid": "uid", "commonname": "cn", "surname": "sn", "rfc822mailbox": "mail", "localityname": "l",
        "stateorprovincename": "st", "streetaddress": "street", "organizationname": "o", "organizationalunitname": "ou",
        "countryname": "c", "domaincomponent": "dc", "gn": "givenName", "fax": "facsimileTelephoneNumber",
        "hometelephonenumber": "homePhone", "mobiletelephonenumber": "mobile", "pagertelephonenumber": "pager",
        "favouritedrink": "drink", "emailaddress": "email", "pkcs9email": "email",
    ]

    /// What these attributes confer where nothing is said.
    private static let usualPowers = ["mail": "recovery", "sshpublickey": "login"]

    private static func labels(_ fields: inout YAMLFields) throws -> [String: [String]] {
        try fields.mappings("labels").reduce(into: [:]) { labels, entry in
            var entry = entry
            labels[try entry.string("label"), default: []] += try entry.strings("entries")
            try entry.end()
        }
    }

    /// What makes an entry what it is, or lets it in: never an attribute to be set like another.
    private static let reserved: Set<String> = [
        "userpassword", "authpassword", "member", "memberof", "objectclass", "uid", "cn", "entryuuid", "entrycsn", "name",
        "enabled",
        "seealso", "owner", "authzto", "authzfrom", "businesscategory",
    ]
}
