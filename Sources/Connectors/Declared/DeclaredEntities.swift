package import Authority
import Cedar
package import Reach
package import StrictJSON

/// An entity as the host shows it.
package struct Thing: Sendable {
    package let kind: EntityKind
    package let node: NodeID
    package let name: String
    package let document: JSONValue
    package let etag: String?
    /// What the host says of it.
    package let facts: Set<NamedFact>
}

/// Reads a declared system.
package struct DeclaredEntities<S: DeclaredSource>: Sendable {
    /// A list of more pages than these is not read to its end, and so is worth nothing.
    private static var mostPages: Int { 10_000 }
    private static var mostItems: Int { 500_000 }
    /// Seconds that a whole reading may take.
    private static var longest: Int64 { 600 }

    let system: String
    let declared: Declared<S.Request>
    let source: S
    /// When a reading ends, whatever is left.
    private let end = ContinuousClock.now + .seconds(Self.longest)

    init(_ system: String, _ declared: Declared<S.Request>, _ source: S) {
        (self.system, self.declared, self.source) = (system, declared, source)
    }

    private var catalogue: Catalogue { declared.catalogue }

    // MARK: One entity

    /// The entity of that name or id; nil when there is none.
    func fetch(_ kindName: String, _ name: String) async throws(ConnectorError) -> Thing? {
        guard let kind = catalogue[kind: kindName], let reading = declared.kinds[kindName] else {
            throw ConnectorError(.invalid, "there is no kind \(kindName)")
        }
        if let fixed = reading.fixed {
            return fixed.contains { $0.isExactly(name) } ? thing(kind, name, .string(name), nil, []) : nil
        }
        if reading.isNamed { return thing(kind, name, .null, nil, []) }
        guard let get = reading.get else { return nil }
        let answer: Found
        do throws(ConnectorError) { answer = try await ask(get, id: name) } catch {
            // Only its own absence is one: that something else of it is not there is no answer.
            guard error.code == .notFound else { throw error }
            return nil
        }
        do throws(ConnectorError) {
            guard let document = answer.json, document.object != nil else {
                throw ConnectorError(.unavailable, "the answer on one \(kindName) is no JSON object")
            }
            let id = reading.id == nil ? name : reading.id?.find(in: document)?.id
            guard let id else { throw ConnectorError(.unavailable, "the answer on \(name) has no id") }
            let title = reading.name?.find(in: document)?.string ?? id
            // A host that answers with somebody else is not believed.
            guard isSame(kind, name, id) || isSame(kind, name, title) else {
                throw ConnectorError(.unavailable, "asked for \(name), the host answers with \(Printable.text(id))")
            }
            return try await whole(kind, reading, id, title, document, answer.etag)
        } catch {
            throw error.code == .notFound
                ? ConnectorError(.unavailable, "a part of what is read is not there: \(error.message)") : error
        }
    }

    func require(_ kind: String, _ name: String) async throws(ConnectorError) -> Thing {
        guard let found = try await fetch(kind, name) else { throw ConnectorError(.notFound, "there is no \(kind) \(name)") }
        return found
    }

    private func isSame(_ kind: EntityKind, _ a: String, _ b: String) -> Bool {
        kind.ids == .reusable(foldsCase: true) ? a.lowercased().isExactly(b.lowercased()) : a.isExactly(b)
    }

    /// The entity with the facts that have requests of their own.
    private func whole(
        _ kind: EntityKind, _ reading: KindReading<S.Request>, _ id: String, _ name: String, _ document: JSONValue,
        _ etag: String?
    ) async throws(ConnectorError) -> Thing {
        let node = self.node(kind.name, id)
        var facts = self.facts(reading.facts, in: document, of: node)
        for more in reading.more {
            for item in try await items(more.listing, id: id) { facts.formUnion(self.facts(more.facts, in: item, of: node)) }
        }
        return thing(kind, id, document, etag, facts, name)
    }

    private func thing(
        _ kind: EntityKind, _ id: String, _ document: JSONValue, _ etag: String?, _ facts: Set<NamedFact>, _ name: String? = nil
    ) -> Thing {
        Thing(kind: kind, node: node(kind.name, id), name: name ?? id, document: document, etag: etag, facts: facts)
    }

    func node(_ kind: String, _ id: String) -> NodeID {
        if case .reusable(foldsCase: true)? = catalogue[kind: kind]?.ids {
            return NodeID(system: system, kind: kind, id: id.lowercased())
        }
        return NodeID(system: system, kind: kind, id: id)
    }

    private func ask(_ request: S.Request, id: String?, page: (name: String, value: String)? = nil) async throws(ConnectorError)
        -> Found
    {
        try await source.ask(request, Values { $0 == .id ? id.map(JSONValue.string) : nil }, isOwn: true, page: page)
    }

    // MARK: Facts

    /// - Parameter own: the entity whose document it is; nil where both ends stand in it.
    private func facts(_ readings: [FactReading], in json: JSONValue, of own: NodeID?) -> Set<NamedFact> {
        var found: Set<NamedFact> = []
        for reading in readings where reading.condition?.holds(in: json) ?? true {
            guard let relation = catalogue[relation: reading.relation] else { continue }
            let firsts = reading.from.map { ids($0, in: json, relation.from) } ?? [own].compactMap { $0 }
            for first in firsts {
                guard let to = reading.to else {
                    found.insert(NamedFact(relation.name, first))
                    continue
                }
                for second in ids(to, in: json, relation.to) { found.insert(NamedFact(relation.name, first, second)) }
            }
        }
        return found
    }

    private func ids(_ pointer: Pointer, in json: JSONValue, _ kinds: [String]) -> [NodeID] {
        (pointer.find(in: json)?.ids ?? []).flatMap { id in kinds.map { node($0, id) } }
    }

    // MARK: Lists

    /// All that a request lists, page by page.
    private func items(_ listing: Listing<S.Request>, id: String? = nil) async throws(ConnectorError) -> [JSONValue] {
        var (all, page, cursor): ([JSONValue], Int, String?) = ([], 1, nil)
        var seen: Set<Digest> = []
        while page <= Self.mostPages {
            guard ContinuousClock.now < end else { throw ConnectorError(.unavailable, "the reading takes too long") }
            let place =
                listing.page.map { (name: $0, value: "\(page)") }
                ?? listing.next.flatMap { next in cursor.map { (name: next.query, value: $0) } }
            guard let document = try await ask(listing.request, id: id, page: place).json else {
                throw ConnectorError(.unavailable, "the answer is no JSON, where a list is expected")
            }
            let found = listing.each.find(in: document)
            // Some hosts leave out a list that is empty.
            guard found == nil || found == .null || found?.array != nil else {
                throw ConnectorError(.unavailable, "the answer has no list at `\(listing.each.text)`")
            }
            if let cut = listing.cut?.find(in: document), cut != false, cut != .null {
                throw ConnectorError(.unavailable, "the list is cut off, and the rest can't be asked for")
            }
            let items = found?.array ?? []
            all += items
            page += 1
            let before = cursor
            let isNew = listing.page == nil || items.isEmpty || seen.insert(Digest(of: .array(items))).inserted
            guard all.count <= Self.mostItems, isNew else {
                throw ConnectorError(.unavailable, "the list does not end: a page came twice, or there are too many")
            }
            cursor = listing.next.flatMap { $0.at.find(in: document)?.texts.first }.flatMap { $0.isEmpty ? nil : $0 }
            if listing.page != nil ? items.isEmpty : cursor == nil { return all }
            guard listing.page != nil || cursor != before else { throw ConnectorError(.unavailable, "the list does not go on") }
        }
        throw ConnectorError(.unavailable, "the list has more than \(Self.mostPages) pages")
    }

    /// Every entity of a kind.
    func all(_ kindName: String) async throws(ConnectorError) -> [Thing] {
        guard let kind = catalogue[kind: kindName], let reading = declared.kinds[kindName] else { return [] }
        if let fixed = reading.fixed { return fixed.map { thing(kind, $0, .string($0), nil, []) } }
        guard let list = reading.list else { return [] }
        var things: [Thing] = []
        for item in try await items(list) {
            guard ContinuousClock.now < end else { throw ConnectorError(.unavailable, "the reading takes too long") }
            if reading.isBrief {
                // One that was deleted meanwhile is not there.
                guard let name = ((reading.briefID ?? reading.id)?.find(in: item) ?? item).id else {
                    throw ConnectorError(.unavailable, "an entry of the list of \(kind.plural) has no id")
                }
                if let one = try await fetch(kindName, name) { things.append(one) }
            } else {
                guard let id = reading.id?.find(in: item)?.id else {
                    throw ConnectorError(.unavailable, "an entry of the list of \(kind.plural) has no id")
                }
                things.append(
                    try await whole(kind, reading, id, reading.name?.find(in: item)?.string ?? id, item, nil))
            }
        }
        return things
    }

    /// The whole system: its entities, and every fact.
    func everything() async throws(ConnectorError) -> (things: [Thing], facts: Set<NamedFact>) {
        var (things, facts): ([Thing], Set<NamedFact>) = ([], [])
        for kind in catalogue.kinds {
            for one in try await all(kind.name) {
                things.append(one)
                facts.formUnion(one.facts)
            }
        }
        for more in declared.reads {
            for item in try await items(more.listing) { facts.formUnion(self.facts(more.facts, in: item, of: nil)) }
        }
        return (things, facts)
    }

    // MARK: As policy sees them

    func uid(_ node: NodeID) -> EntityUID { catalogue.uid(node) ?? .system(system) }

    /// The entity and all that it is in, however far. Labels come down.
    func entities(_ start: Thing) async throws(ConnectorError) -> [Entity] {
        var things = [start.node: start]
        var waiting = [start]
        while let next = waiting.popLast() {
            for parent in parents(next) where things[parent] == nil {
                guard case .id(let id) = parent.key, let found = try await fetch(parent.kind, id.string) else { continue }
                things[parent] = found
                waiting.append(found)
            }
        }
        return things.keys.sorted().compactMap { node in
            things[node].map { entity($0, labels(above: node, among: things)) }
        }
    }

    /// Its own labels, and those of all that it is in.
    private func labels(above node: NodeID, among things: [NodeID: Thing]) -> Set<String> {
        var (labels, seen, waiting): (Set<String>, Set<NodeID>, [NodeID]) = ([], [node], [node])
        while let next = waiting.popLast() {
            guard let thing = things[next] else { continue }
            labels.formUnion(self.labels(thing))
            waiting += parents(thing).filter { seen.insert($0).inserted }
        }
        return labels
    }

    private func parents(_ thing: Thing) -> [NodeID] {
        thing.facts.filter { $0.subjectNode == thing.node && catalogue[relation: $0.relation]?.names != nil }
            .compactMap(\.objectNode).sorted()
    }

    func labels(_ thing: Thing) -> Set<String> {
        (declared.labels[thing.kind.name] ?? []).reduce(into: []) { labels, one in
            if isSame(thing.kind, one.entry, thing.name) || isSame(thing.kind, one.entry, thing.node.key.text) {
                labels.insert(one.label)
            }
        }
    }

    private func entity(_ thing: Thing, _ labels: Set<String>) -> Entity {
        var attributes: [ExactString: Value] = [
            "name": .string(ExactString(thing.name)), "kind": .string(ExactString(thing.kind.name)),
            "labels": .set(Set(labels.map { .string(ExactString($0)) })),
        ]
        for (attribute, values) in self.values(thing) {
            guard let definition = thing.kind.attributes.first(where: { $0.name == attribute }), definition.sensitivity != .secret
            else { continue }
            attributes[ExactString(attribute)] = definition.type.value(values)
        }
        for (attribute, isSet) in mirrors(thing) { attributes[ExactString(attribute)] = .bool(isSet) }
        return Entity(uid(thing.node), attributes: attributes, parents: Set(parents(thing).map(uid) + [.system(system)]))
    }

    private func values(_ thing: Thing) -> [(attribute: String, values: [String])] {
        (declared.kinds[thing.kind.name]?.values ?? []).compactMap { attribute, at in
            at.find(in: thing.document).map { (attribute, $0.texts) }
        }
    }

    private func mirrors(_ thing: Thing) -> [(attribute: String, isSet: Bool)] {
        catalogue.relations.compactMap { relation in
            guard case .mirrors(let attribute, let isNegated) = relation.projection, relation.from.contains(thing.kind.name)
            else {
                return nil
            }
            return (attribute, thing.facts.contains(NamedFact(relation.name, thing.node)) != isNegated)
        }
    }

    func record(_ thing: Thing, isDirect: Bool = true) async throws(ConnectorError) -> EntryRecord {
        var attributes = ["name": [thing.name]]
        for (attribute, values) in values(thing) { attributes[attribute] = values }
        for (attribute, isSet) in mirrors(thing) { attributes[attribute] = ["\(isSet)"] }
        return EntryRecord(
            uid: uid(thing.node), name: thing.name, attributes: attributes, isDirect: isDirect, facts: try await entities(thing))
    }
}

extension ValueType {
    /// The value that texts stand for; nil where they are of another type.
    fileprivate func value(_ texts: [String]) -> Value? {
        switch self {
        case .string: texts.first.map { .string(ExactString($0)) }
        case .integer: texts.first.flatMap { Int64($0) }.map { .long($0) }
        case .boolean: texts.first.flatMap { Bool($0) }.map { .bool($0) }
        case .strings: .set(Set(texts.map { .string(ExactString($0)) }))
        }
    }
}
