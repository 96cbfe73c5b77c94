public import Authority
public import StrictJSON

/// What a read disclosed: only what its caller may see.
public enum Reading: Sendable {
    case entry(Entry, above: [Above], contents: Contents?)
    /// What a search found, under what many of the kind are called.
    case found([Entry], as: String, hasMore: Bool)
    /// What the system itself answered: nobody vouches for what it says.
    case document(SystemDocument)

    public struct Named: Sendable {
        public let id: String
        public let name: String
    }

    public struct Entry: Sendable {
        public let entry: Named
        /// By name, each with all its values.
        public let attributes: [(name: String, values: [String])]
    }

    /// What an entry is directly in, by one relation.
    public struct Above: Sendable {
        /// What it is found under.
        public let name: String
        public let entries: [Named]
    }

    /// A page of what is in an entry.
    public struct Contents: Sendable {
        /// What those directly in it are found under, and all of them.
        public let names: (direct: String, all: String)
        public let direct: [Named]
        /// With those by way of others.
        public let all: [Named]
        public let hasMore: Bool
        /// The cursor of the next page.
        public let next: String?
    }

    /// The document that is given out, and whose digest is logged.
    public var json: JSONValue {
        switch self {
        case .entry(let entry, let above, let contents):
            var json = entry.json
            for above in above { json.add(above.name, .array(above.entries.map(\.json))) }
            guard let contents else { return json }
            json.add(contents.names.direct, .array(contents.direct.map(\.json)))
            json.add(contents.names.all, .array(contents.all.map(\.json)))
            json.add("more", .bool(contents.hasMore))
            json.add("next", contents.next.map(JSONValue.string))
            return json
        case .found(let entries, let name, let hasMore):
            var json: JSONValue = [:]
            json.add(name, .array(entries.map(\.json)))
            json.add("count", .integer(Int64(entries.count)))
            json.add("more", .bool(hasMore))
            return json
        case .document(let document): return document.json
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
