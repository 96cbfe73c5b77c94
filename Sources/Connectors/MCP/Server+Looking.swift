import Authority
import StrictJSON
import Synchronization

/// What a server offers at a moment.
struct Offered: Sendable {
    /// One for each look, so that what was worked out of it is known to be of it.
    let number: Int
    /// The session that it was seen in.
    let session: Int64
    var all: [DefinitionKey: SystemDocument] = [:]
    /// The names that two have: nobody knows which is meant.
    var twice: Set<DefinitionKey> = []
    /// Of all definitions.
    private(set) var bytes = 0

    mutating func add(_ key: DefinitionKey, _ document: SystemDocument) {
        bytes += document.bytes.count
        if all.updateValue(document, forKey: key) != nil { twice.insert(key) }
    }
}

/// Looking at what the server offers.
extension MCPServer {
    private static let mostBytes = 8 << 20

    /// What the server offers now.
    ///
    /// - Parameter age: how old what was seen last may be, in seconds.
    func offered(notOlderThan age: Int) async throws(ConnectorError) -> Offered {
        // First of all: what another session showed says nothing of this one.
        let session = try await session()
        let known = state.withLock { state -> Offered? in
            guard !state.isStale, let (offered, at) = state.look, ContinuousClock.now < at + .seconds(age) else { return nil }
            return offered.session == session.number ? offered : nil
        }
        if let known { return known }
        return try await look()
    }

    /// What was seen last; nil before anything was.
    var lastSeen: Offered? { state.withLock { $0.look?.0 } }

    /// Looks again by itself: nobody is to be offered what has changed. A server that says so all the time is looked at once a
    /// second.
    func lookSoon() {
        let isFirst = state.withLock { state in
            state.isStale = true
            defer { state.isLooking = true }
            return !state.isLooking
        }
        guard isFirst else { return }
        _Concurrency.Task { [weak self] in
            try? await ContinuousClock().sleep(for: .milliseconds(100))
            _ = try? await self?.look()
            try? await ContinuousClock().sleep(for: .seconds(1))
            let isMore = self?.state.withLock { state in
                state.isLooking = false
                return state.isStale && state.session != nil
            }
            if isMore == true { self?.lookSoon() }
        }
    }

    private func look() async throws(ConnectorError) -> Offered {
        let session = try await session()
        let number = state.withLock { state in
            state.isStale = false
            state.lastLook += 1
            return state.lastLook
        }
        var offered = Offered(number: number, session: session.number)
        let end = ContinuousClock.now + .seconds(2 * seconds)
        do throws(ConnectorError) {
            for kind in Offer.Kind.allCases where session.capabilities[kind.capability] != nil {
                try await list(kind, into: &offered, until: end)
            }
        } catch {
            state.withLock { $0.isStale = true }
            throw error
        }
        // Of two looks at once the one that began later counts.
        state.withLock { state in
            if state.look.map({ $0.0.number < number }) ?? true { state.look = (offered, .now) }
        }
        return offered
    }

    private func list(_ kind: Offer.Kind, into offered: inout Offered, until end: ContinuousClock.Instant)
        async throws(ConnectorError)
    {
        var (cursor, pages): (JSONValue?, Int) = (nil, 0)
        repeat {
            pages += 1
            guard pages <= 100, offered.all.count <= 5_000, offered.bytes <= Self.mostBytes, ContinuousClock.now < end else {
                throw ConnectorError(.unavailable, "the server's list does not end, or is too long")
            }
            var params: JSONValue = [:]
            params.add("cursor", cursor)
            let page: SystemDocument
            switch try await reply(to: kind.method, params) {
            case .result(let result): page = result
            // A server may offer resources and no templates.
            case .error(-32601, _) where kind == .resourceTemplate: return
            case .error(let code, let message):
                throw ConnectorError(.unavailable, "the server does not list what it offers: \(message) (\(code))")
            case .sessionOver, .notSent: throw ConnectorError(.unavailable, "the server ends every session")
            }
            for one in try Self.elements(of: page, kind.member) {
                guard let name = one.json[kind.key]?.string else {
                    throw ConnectorError(.unavailable, "the server offers something without a name")
                }
                offered.add(DefinitionKey(kind: kind, name: name), one)
            }
            cursor = page.json["nextCursor"]
            if cursor == .null { cursor = nil }
        } while cursor != nil
        guard offered.bytes <= Self.mostBytes else { throw ConnectorError(.unavailable, "what the server offers is too long") }
    }

    private static func elements(of page: SystemDocument, _ member: String) throws(ConnectorError) -> [SystemDocument] {
        do {
            let limits = JSONReader.Limits(bytes: page.bytes.count)
            guard let list = try JSONReader.members(of: page.bytes, limits: limits).first(where: { $0.key == member }) else {
                throw ConnectorError(.unavailable, "the server's list is not there")
            }
            return try JSONReader.elements(of: Array(list.value), limits: limits).map {
                try SystemDocument(Array($0), limits: limits)
            }
        } catch let error as ConnectorError { throw error } catch {
            throw ConnectorError(.unavailable, "the server's list can't be read: \(error)")
        }
    }
}
