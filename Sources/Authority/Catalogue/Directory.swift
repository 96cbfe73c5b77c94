extension Catalogue {
    /// The operations of a directory of users and groups, whatever product keeps it.
    ///
    /// - Parameter attributes: those of its users. Each writable one gets an operation of its own, so
    ///   that policy can tell them apart.
    /// - Parameter given: the attributes that a new user is given, by the system's names.
    /// - Parameter switched: those by which a user is enabled and disabled.
    public static func directory(
        namespace: String, attributes: [AttributeDefinition], given: [String] = ["displayName", "surname", "mail"],
        switched: [String] = ["enabled"]
    ) -> Catalogue {
        let readable = attributes.filter { $0.sensitivity != .secret }.map(\.name)
        let fixed =
            reads(readable) + memberships + switches(switched) + [create(given), remove(switched), resetPassword]
        return Catalogue(
            namespace: namespace, operations: fixed + attributes.filter(\.isWritable).map(setAttribute), attributes: attributes)
    }

    private static let user = InputField("user", .identifier, "The user's name or immutable id")
    private static let group = InputField("group", .identifier, "The group's name or immutable id")
    private static let member = InputField("member", .identifier, "The name or immutable id of the user or group")

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
                ]),
            Operation("user.read", "Read one user. Attributes you may not read are absent.", .read, on: .user, input: [user]),
            Operation(
                "group.read", "Read one group and a page of its members, direct and through nested groups.", .read, on: .group,
                input: [
                    group,
                    InputField(
                        "after", .text(300), "Where the last page ended: its `next`; the first page when absent",
                        isRequired: false),
                    InputField("limit", .integer(1...200), "At most so many members (100 when absent)", isRequired: false),
                ]),
        ]
    }

    private static let memberships = [
        Operation(
            "group.add-member", "Add a user or a group to a group.", .write, on: .group, input: [group, member],
            classes: [.membership, .privilege], effects: [Effect(.adds, "member", relations: ["member"])],
            inverse: "group.remove-member", phrase: "add {added} to {target}"),
        Operation(
            "group.remove-member", "Remove a direct member from a group.", .write, on: .group, input: [group, member],
            classes: [.membership], effects: [Effect(.removes, "member", relations: ["member"])], inverse: "group.add-member",
            phrase: "remove {removed} from {target}"),
    ]

    private static func sets(_ attributes: [String], _ more: [String] = []) -> [Effect] {
        attributes.map { Effect(.replaces, $0, relations: ["setsAttribute"] + more) }
    }

    private static func switches(_ switched: [String]) -> [Operation] {
        [
            Operation(
                "user.enable", "Let a disabled user log in again.", .write, on: .user, input: [user],
                classes: [.lifecycle, .privilege],
                effects: sets(switched, ["disabled"]), inverse: "user.disable", phrase: "enable {target}"),
            Operation(
                "user.disable", "Keep a user from logging in.", .write, on: .user, input: [user], classes: [.lifecycle],
                effects: sets(switched, ["disabled"]), inverse: "user.enable", phrase: "disable {target}"),
        ]
    }
    private static func create(_ given: [String]) -> Operation {
        Operation(
            "user.create", "Create a user, without password and in no group.", .write, on: .user,
            input: [
                InputField("user", .identifier, "The new user's name"),
                InputField("displayName", .text(128), "The name people see"),
                InputField("surname", .text(128), "The family name"),
                InputField("mail", .text(256), "The mail address", isRequired: false),
            ],
            classes: [.lifecycle],
            effects: [Effect(.creates, "entry", relations: ["namedAs", Power.recovery.rawValue])] + sets(given),
            inverse: "user.remove", reversibility: .compensable, phrase: "create the user {user}")
    }

    private static func remove(_ switched: [String]) -> Operation {
        Operation(
            "user.remove", "Remove a user that was created here and not touched since; otherwise disable it.", .write, on: .user,
            input: [user], classes: [.lifecycle, .destructive],
            effects: [Effect(.deletes, "entry", relations: ["member"])] + sets(switched, ["disabled"]),
            reversibility: .irreversible, phrase: "remove {target}")
    }

    private static let resetPassword = Operation(
        "user.reset-password", "Set a fresh generated password, shown once to a person, never to you.", .write, on: .user,
        input: [user], classes: [.credential, .privilege],
        effects: [Effect(.replaces, "userPassword", relations: [Power.password.rawValue])],
        reversibility: .irreversible, sensitivity: .secret, phrase: "reset the password of {target}")

    private static func setAttribute(_ attribute: AttributeDefinition) -> Operation {
        Operation(
            "user.set-\(attribute.name)", "Set a user's \(attribute.name), or clear it when no value is given.", .write,
            on: .user,
            input: [user, InputField("value", .text(256), "The new value; absent clears it", isRequired: false)],
            classes: [.profile],
            effects: [
                Effect(
                    .replaces, attribute.name, relations: ["setsAttribute"] + [attribute.confers?.rawValue].compactMap { $0 })
            ], inverse: "user.set-\(attribute.name)",
            sensitivity: attribute.sensitivity, phrase: "set \(attribute.name) of {target} to {added}")
    }
}
