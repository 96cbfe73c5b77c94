import Authority

/// What directories have in common, whatever product keeps them: users and groups, and what is said of them.
public enum DirectoryVocabulary {
    public static let user = "user"
    public static let group = "group"

    /// How touched values call a group's members, and a user's password.
    static let memberAttribute = "member"
    static let password = "userPassword"

    // MARK: Relations, as `directory.reach` declares them

    public static let member = "directory.member"
    public static let owner = "directory.owner"
    public static let disabled = "directory.disabled"
    public static let manages = "directory.manages"
    public static let authorizedAs = "directory.authorizedAs"
    public static let selects = "directory.selects"
    public static let namedAs = "directory.namedAs"
    public static let setsAttribute = "directory.setsAttribute"

    /// What choosing a credential gives, as a relation of the graph.
    public enum Power: String, Sendable {
        case login = "directory.loginKeySetBy"
        case recovery = "directory.recoverySetBy"
        case password = "directory.passwordSetBy"
    }

    static let relations =
        [
            RelationDefinition(
                member, from: [user, group], to: [group],
                projection: .parent(up: "memberOf", down: "members", below: "nestedMembers"),
                follows: [
                    // A group in a group brings its members along; a dynamic group takes whoever has the attribute.
                    .init(of: member, through: member), .init(of: setsAttribute, through: selects, isReversed: true),
                ], isHeldBySecond: true),
            RelationDefinition(owner, from: [user, group], to: [group], isHeldBySecond: true),
            RelationDefinition(manages, from: [user, group], to: [user]),
            RelationDefinition(authorizedAs, from: [user, group], to: [user, group]),
            RelationDefinition(selects, from: [group], to: ["attribute"]),
            RelationDefinition(disabled, from: [user], isRestriction: true, projection: .mirrors("enabled", negated: true)),
            RelationDefinition(namedAs, from: [user], to: ["name", user], origin: .naming),
            RelationDefinition(setsAttribute, from: [user], to: ["attribute"], origin: .setting),
        ]
        + [Power.login, .recovery, .password].map {
            RelationDefinition($0.rawValue, from: [user], to: [], origin: .credential)
        }
}
