public import StrictJSON

/// What a read disclosed: only what its caller may see.
public enum Reading: Sendable {
    case entry(Entry, memberOf: [Named], members: Members?)
    case users([Entry], hasMore: Bool)

    public struct Named: Sendable {
        public let id: String
        public let name: String
    }

    public struct Entry: Sendable {
        public let entry: Named
        /// By name, each with all its values.
        public let attributes: [(name: String, values: [String])]
    }

    /// A page of a group's members.
    public struct Members: Sendable {
        public let direct: [Named]
        /// With those by way of other groups.
        public let all: [Named]
        public let hasMore: Bool
        /// The cursor of the next page.
        public let next: String?
    }

    /// The document that is given out, and whose digest is logged.
    public var json: JSONValue {
        switch self {
        case .entry(let entry, let groups, let members):
            var json = entry.json
            json.add("memberOf", .array(groups.map(\.json)))
            guard let members else { return json }
            json.add("members", .array(members.direct.map(\.json)))
            json.add("nestedMembers", .array(members.all.map(\.json)))
            json.add("more", .bool(members.hasMore))
            json.add("next", members.next.map(JSONValue.string))
            return json
        case .users(let users, let hasMore):
            return [
                "users": .array(users.map(\.json)), "count": .integer(Int64(users.count)), "more": .bool(hasMore),
            ]
        }
    }
}

extension Reading.Named {
    fileprivate var json: JSONValue { ["id": .string(id), "name": .string(name)] }
}

extension Reading.Entry {
    fileprivate var json: JSONValue {
        let attributes = attributes.map { name, values in
            JSONObject.Member(
                key: name, value: values.count == 1 ? .string(values[0]) : .array(values.map(JSONValue.string)))
        }
        return ["id": .string(entry.id), "name": .string(entry.name), "attributes": .object(JSONObject(attributes))]
    }
}
