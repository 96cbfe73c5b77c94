public import Authority

private typealias Vocabulary = DirectoryVocabulary

extension Catalogue {
    /// The operations of a directory of users and groups, whatever product keeps it.
    ///
    /// - Parameter attributes: those of its users. Each writable one gets an operation of its own, so
    ///   that policy can tell them apart.
    /// - Parameter names: what the product calls those that every directory has.
    public static func directory(
        namespace: String, attributes: [AttributeDefinition], names: DirectoryNames = .plain
    ) -> Catalogue {
        let readable = attributes.filter { $0.sensitivity != .secret }.map(\.name)
        let fixed =
            reads(readable) + memberships + switches(names.switches)
            + [create(names), remove(names.switches), resetPassword]
        // What the product keeps beside them is nobody's to see.
        let known = Set(attributes.map(\.name))
        let hidden = Set(names.given.map(\.attribute) + names.implied + names.switches).subtracting(known).sorted()
        let users =
            hidden.map { AttributeDefinition($0, .secret) }
            + attributes.map { $0.name == "enabled" ? AttributeDefinition("enabled", $0.sensitivity, type: .boolean) : $0 }
        return Catalogue(
            namespace: namespace,
            kinds: [
                EntityKind(
                    Vocabulary.user, plural: "users", .human, attributes: users, naming: Vocabulary.namedAs),
                EntityKind(
                    Vocabulary.group, plural: "groups", .container, attributes: users.filter { $0.name != "enabled" }),
            ],
            relations: Vocabulary.relations, operations: fixed + attributes.filter(\.isWritable).map(setAttribute),
            setting: Vocabulary.setsAttribute)
    }

    private static let aUser = OperationTarget.existing(Vocabulary.user, by: "user")
    private static let aGroup = OperationTarget.existing(Vocabulary.group, by: "group")
    private static let user = InputField("user", .reference([Vocabulary.user]), "The user's name or immutable id")
    private static let group = InputField("group", .reference([Vocabulary.group]), "The group's name or immutable id")
    private static let member = InputField(
        "member", .reference([Vocabulary.user, Vocabulary.group]), "The name or immutable id of the user or group")

    private static func reads(_ attributes: [String]) -> [Operation] {
        [
            Operation(
                "user.find", "Find users by one attribute. Only what you may read counts as a match.", .read, on: .system,
                input: [
                    InputField("attribute", .choice(attributes), "The attribute to compare"),
                    InputField("match", .choice(["equals", "prefix"]), "How to compare"),
                    InputField("value", .text(256), "What to compare with"),
                    InputField("sort", .choice(attributes), "The attribute to sort by", isRequired: false),
                    InputField("limit", .integer(1...200), "At most so many users (50 when absent)", isRequired: false),
                ], answer: .list(Vocabulary.user, .init(attribute: "attribute", sort: "sort", limit: "limit"))),
            Operation(
                "user.read", "Read one user. Attributes you may not read are absent.", .read, on: aUser, input: [user],
                answer: .one(Vocabulary.user)),
            Operation(
                "group.read", "Read one group and a page of its members, direct and through nested groups.", .read, on: aGroup,
                input: [
                    group,
                    InputField(
                        "after", .text(300), "Where the last page ended: its `next`; the first page when absent",
                        isRequired: false),
                    InputField("limit", .integer(1...200), "At most so many members (100 when absent)", isRequired: false),
                ], answer: .one(Vocabulary.group, .init(after: "after", limit: "limit"))),
        ]
    }

    private static let memberships = [
        Operation(
            "group.add-member", "Add a user or a group to a group.", .write, on: aGroup, input: [group, member],
            classes: [.membership, .privilege], effects: [Effect(.adds(Vocabulary.member, .input("member"), .target))],
            inverse: "group.remove-member", phrase: "add {added} to {target}"),
        Operation(
            "group.remove-member", "Remove a direct member from a group.", .write, on: aGroup, input: [group, member],
            classes: [.membership], effects: [Effect(.removes(Vocabulary.member, .input("member"), .target))],
            inverse: "group.add-member",
            phrase: "remove {removed} from {target}"),
    ]

    /// Sets attributes to what only the system knows.
    private static func sets(_ attributes: [String], of end: End = .target) -> [Effect] {
        attributes.map { Effect(.sets($0, of: end, to: .unknown)) }
    }

    private static func switches(_ switched: [String]) -> [Operation] {
        [
            Operation(
                "user.enable", "Let a disabled user log in again.", .write, on: aUser, input: [user],
                classes: [.lifecycle, .privilege],
                effects: sets(switched) + [Effect(.removes(Vocabulary.disabled, .target))], inverse: "user.disable",
                phrase: "enable {target}"),
            Operation(
                "user.disable", "Keep a user from logging in.", .write, on: aUser, input: [user], classes: [.lifecycle],
                effects: sets(switched) + [Effect(.adds(Vocabulary.disabled, .target))], inverse: "user.enable",
                phrase: "disable {target}"),
        ]
    }

    private static func create(_ names: DirectoryNames) -> Operation {
        Operation(
            "user.create", "Create a user, without password and in no group.", .write, on: .new(Vocabulary.user, named: "user"),
            input: [
                InputField("user", .identifier, "The new user's name"),
                InputField("displayName", .text(128), "The name people see"),
                InputField("surname", .text(128), "The family name"),
                InputField("mail", .text(256), "The mail address", isRequired: false),
            ],
            classes: [.lifecycle],
            // Without a mail address nothing is recovered yet; whoever made the account may still claim it.
            effects: [
                Effect(.creates(Vocabulary.user, named: "user")),
                Effect(.mints(Vocabulary.Power.recovery.rawValue, of: .created, to: .author)),
            ] + names.given.map { Effect(.sets($0.attribute, of: .created, to: .input($0.input)), when: .present($0.input)) }
                + sets(names.implied, of: .created),
            inverse: "user.remove", reversibility: .compensable, phrase: "create the user {user}")
    }

    private static func remove(_ switched: [String]) -> Operation {
        Operation(
            "user.remove", "Remove a user that was created here and not touched since; otherwise disable it.", .write, on: aUser,
            input: [user], classes: [.lifecycle, .destructive],
            effects: [Effect(.deletes(.target)), Effect(.adds(Vocabulary.disabled, .target))] + sets(switched),
            reversibility: .irreversible, phrase: "remove {target}")
    }

    private static let resetPassword = Operation(
        "user.reset-password", "Set a fresh generated password, shown once to a person, never to you.", .write, on: aUser,
        input: [user], classes: [.credential, .privilege],
        effects: [Effect(.mints(Vocabulary.Power.password.rawValue, of: .target, to: .person))],
        reversibility: .irreversible, sensitivity: .secret, phrase: "reset the password of {target}")

    private static func setAttribute(_ attribute: AttributeDefinition) -> Operation {
        let power = attribute.confers.map { Effect(.mints($0, of: .target, to: .author), when: .present("value")) }
        return Operation(
            "user.set-\(attribute.name)", "Set a user's \(attribute.name), or clear it when no value is given.", .write,
            on: aUser,
            input: [user, InputField("value", .text(256), "The new value; absent clears it", isRequired: false)],
            classes: [.profile],
            effects: [Effect(.sets(attribute.name, of: .target, to: .input("value")))] + [power].compactMap { $0 },
            inverse: "user.set-\(attribute.name)", sensitivity: attribute.sensitivity,
            phrase: "set \(attribute.name) of {target} to {added}")
    }
}
