public import Authority
import DirectoryKit

/// How a directory is reached, and where things are in it.
public struct LDAPSettings: Sendable {
    /// `ldap://`, `ldaps://` or `ldapi://`.
    public var url: String
    public var startTLS: Bool
    /// The certificate authorities to trust, a PEM file.
    public var ca: String?
    /// The gateway's base identity: it reads, and mints just-in-time accounts.
    public var bindDN: String
    public var password: String
    public var people: String
    public var groups: String
    /// Where just-in-time accounts live.
    public var grants: String
    /// The default password policy's entry; it must lock, or the accounts' end would mean nothing.
    public var passwordPolicy: String
    public var attributes: [AttributeDefinition]
    /// The entries that carry a label, by DN.
    public var labels: [String: [String]]
    /// The names under which the server itself writes, following from somebody's step.
    public var overlays: [String]
    /// Seconds each call to the server may take.
    public var timeout: Int

    public init(
        url: String, startTLS: Bool, ca: String?, bindDN: String, password: String, people: String, groups: String,
        grants: String,
        passwordPolicy: String, attributes: [AttributeDefinition] = Self.standardAttributes, labels: [String: [String]],
        overlays: [String] = Self.usualOverlays, timeout: Int
    ) {
        self.url = url
        self.startTLS = startTLS
        self.ca = ca
        self.bindDN = bindDN
        self.password = password
        self.people = people
        self.groups = groups
        self.grants = grants
        self.passwordPolicy = passwordPolicy
        self.attributes = attributes
        self.labels = labels
        self.overlays = overlays
        self.timeout = timeout
    }

    /// OpenLDAP's `refint`, unless its configuration says otherwise (`refint_modifiersName`).
    public static let usualOverlays = ["cn=Referential Integrity Overlay"]

    /// The attributes of `inetOrgPerson` that the shipped access rules know.
    public static let standardAttributes = [
        AttributeDefinition("displayName", .public, isWritable: true), AttributeDefinition("title", .public, isWritable: true),
        AttributeDefinition("sn", .public),
        AttributeDefinition("mail", .internal, isWritable: true, confers: DirectoryVocabulary.Power.recovery.rawValue),
        AttributeDefinition("telephoneNumber", .internal, isWritable: true),
        AttributeDefinition("departmentNumber", .internal, isWritable: true),
        AttributeDefinition("description", .internal, isWritable: true),
        AttributeDefinition("employeeType", .internal, isWritable: true), AttributeDefinition("employeeNumber", .confidential),
    ]

    /// What LDAP calls the attributes that every directory has.
    static let names = DirectoryNames(
        given: [("displayName", "displayName"), ("surname", "sn"), ("mail", "mail")], implied: ["objectClass", "uid", "cn"],
        switches: ["enabled", "pwdAccountLockedTime"])

    /// Every attribute that some operation sets, lower-cased.
    var attributesSet: Set<String> { Set(Self.catalogue(attributes).attributesSet.map { $0.lowercased() }) }

    /// What every LDAP system has besides the configured attributes.
    static let builtIn = [
        AttributeDefinition("name", .public), AttributeDefinition("enabled", .internal),
        AttributeDefinition("userPassword", .secret),
    ]

    public static func catalogue(_ attributes: [AttributeDefinition]) -> Catalogue {
        .directory(namespace: "LDAP", attributes: builtIn + attributes, names: names)
    }
}
