import Authority
import StrictJSON
import Synchronization

/// One MCP server, asked as a client: connected when it is needed, again after it ended, and never faster than it can bear.
final class MCPServer: Sendable {
    /// How a server is reached.
    enum Place: Sendable {
        case command(Command)
        case address(String, @Sendable (Listener) -> any Connection)
    }

    /// A connection with what was agreed on it.
    private struct Session: Sendable {
        let connection: any Connection
        let era: Era
        /// What the server says that it can do.
        let capabilities: JSONValue
    }

    private struct State {
        var session: _Concurrency.Task<Session, any Error>?
        var lastID: Int64 = 0
        /// When the last connections were begun that came to nothing.
        var failures: [ContinuousClock.Instant] = []
        var definitions: (all: [DefinitionKey: SystemDocument], at: ContinuousClock.Instant)?
        var isStale = false
        /// Whether a look is about to be taken, or being taken, because the server said that something changed.
        var isLooking = false
    }

    private let place: Place
    private let seconds: Int
    private let largest: Int
    private let state = Mutex(State())

    init(_ place: Place, seconds: Int, largest: Int) {
        self.place = place
        self.seconds = seconds
        self.largest = largest
    }

    // MARK: Connections

    /// The connection there is, or a new one. Whoever asks meanwhile waits for the same.
    private func session() async throws(ConnectorError) -> Session {
        if let known = state.withLock({ $0.session }) {
            if let session = try? await known.value {
                if session.connection.isOpen { return session }
                await session.connection.close()
            }
            state.withLock { if $0.session == known { $0.session = nil } }
        }
        let task = try state.withLock { state throws(ConnectorError) in
            if let begun = state.session { return begun }
            try Self.requirePause(state.failures)
            let begun = _Concurrency.Task { try await self.begin() }
            state.session = begun
            // What an earlier connection showed may not be so any more.
            state.isStale = true
            return begun
        }
        do {
            let session = try await task.value
            state.withLock { $0.failures = [] }
            return session
        } catch {
            state.withLock { state in
                if state.session == task {
                    state.session = nil
                    state.failures = state.failures.suffix(9) + [.now]
                }
            }
            throw error as? ConnectorError ?? ConnectorError(.unavailable, "the server can't be reached (\(type(of: error)))")
        }
    }

    /// A server that fails is not started again at once: a second later, then two, up to a minute.
    private static func requirePause(_ failures: [ContinuousClock.Instant]) throws(ConnectorError) {
        guard let last = failures.last else { return }
        let pause = Swift.Duration.seconds(min(60, 1 << (failures.count - 1)))
        guard ContinuousClock.now < last + pause else { return }
        throw ConnectorError(.unavailable, "the server failed, and is not started again for up to \(pause)")
    }

    private func begin() async throws -> Session {
        let listener = Listener { [weak self] in self?.lookSoon() }
        let connection: any Connection =
            switch place {
            case .command(let command): ProcessConnection(command, seconds: seconds, largest: largest, listener)
            case .address(_, let connect): connect(listener)
            }
        do {
            let session = try await agree(on: connection)
            await listen(session)
            return session
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Asks in the newer protocol first. An outage is no answer to that, nor is a refusal.
    private func agree(on connection: any Connection) async throws(ConnectorError) -> Session {
        let discover = call("server/discover", [:], .modern)
        let reply: Reply?
        do throws(ConnectorError) { reply = try await connection.ask(discover, .modern, nil) } catch {
            guard error.code == .unavailable, connection.isOpen else { throw error }
            reply = nil
        }
        if case .result(let result)? = reply,
            result.json["supportedVersions"]?.array?.contains(.string(Era.current)) == true
        {
            return Session(connection: connection, era: .modern, capabilities: result.json["capabilities"] ?? [:])
        }
        return try await initialize(connection)
    }

    private func initialize(_ connection: any Connection) async throws(ConnectorError) -> Session {
        let hello: JSONValue = [
            "protocolVersion": .string(Era.known[0]), "capabilities": [:], "clientInfo": Self.clientInfo,
        ]
        let call = Call(id: nextID(), method: "initialize", params: hello)
        switch try await connection.ask(call, nil, nil) {
        case .sessionOver: throw ConnectorError(.unavailable, "the server ends every session")
        case .error(let code, let message): throw ConnectorError(.unavailable, "the server does not begin: \(message) (\(code))")
        case .result(let result):
            guard let version = result.json["protocolVersion"]?.string, Era.known.contains(version) else {
                throw ConnectorError(.unavailable, "the server speaks no protocol revision that is known here")
            }
            let session = Session(
                connection: connection, era: .older(version), capabilities: result.json["capabilities"] ?? [:])
            await connection.tell("notifications/initialized", [:], session.era)
            return session
        }
    }

    private func listen(_ session: Session) async {
        func tells(_ part: String) -> Bool { session.capabilities[part]?["listChanged"]?.bool == true }
        let wanted = ["tools", "resources", "prompts"].filter(tells)
        guard !wanted.isEmpty else { return }
        let filter = wanted.map { JSONObject.Member(key: $0 + "ListChanged", value: true) }
        let call = call("subscriptions/listen", ["notifications": .object(JSONObject(filter))], session.era)
        await session.connection.listen(call, session.era)
    }

    // MARK: Asking

    private static let clientInfo: JSONValue = ["name": "exequatur", "title": "Exequatur", "version": "0.1.0"]

    private func nextID() -> Int64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    private func call(_ method: String, _ params: JSONValue, _ era: Era, progress: Bool = false) -> Call {
        let id = nextID()
        var meta: JSONValue = [:]
        if era == .modern {
            meta.add("io.modelcontextprotocol/protocolVersion", .string(Era.current))
            meta.add("io.modelcontextprotocol/clientInfo", Self.clientInfo)
            meta.add("io.modelcontextprotocol/clientCapabilities", [:])
        }
        if progress { meta.add("progressToken", .integer(id)) }
        var params = params
        if meta != [:] { params.add("_meta", meta) }
        return Call(id: id, method: method, params: params)
    }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - name: for the header `Mcp-Name`.
    ///   - mirrored: for the headers `Mcp-Param-*`.
    /// - Throws: `ConnectorError`: `unavailable` when nobody knows whether it came about; another code when it did not.
    func ask(
        _ method: String, _ params: JSONValue, name: String? = nil, mirrored: [(name: String, value: String)] = [],
        _ progress: ProgressListener? = nil
    ) async throws(ConnectorError) -> SystemDocument {
        var reply = Reply.sessionOver
        for _ in 0..<2 {
            guard case .sessionOver = reply else { break }
            let session = try await session()
            var call = call(method, params, session.era, progress: progress != nil)
            (call.name, call.mirrored) = (name, mirrored)
            reply = try await session.connection.ask(call, session.era, progress)
        }
        switch reply {
        case .sessionOver: throw ConnectorError(.unavailable, "the server ends every session")
        case .result(let result):
            // It may ask for a person's word, or go on by itself: neither is an answer.
            guard [nil, "complete"].contains(result.json["resultType"]?.string) else {
                throw ConnectorError(.unavailable, "the server asks its client for something, and gets nothing")
            }
            return result
        case .error(let code, let message): throw Self.error(code, message)
        }
    }

    /// What an error means: those that come before anything is done say that nothing was.
    private static func error(_ code: Int64, _ message: String) -> ConnectorError {
        let text = "the server answered: \(message) (\(code))"
        return switch code {
        case -32700, -32600, -32601, -32020, -32022: ConnectorError(.refused, text)
        default: ConnectorError(.unavailable, text)
        }
    }

    // MARK: Definitions

    /// What the server offers now.
    ///
    /// - Parameter age: how old what was seen last may be, in seconds.
    func definitions(notOlderThan age: Int) async throws(ConnectorError) -> [DefinitionKey: SystemDocument] {
        let known = state.withLock { state -> [DefinitionKey: SystemDocument]? in
            guard !state.isStale, let seen = state.definitions, ContinuousClock.now < seen.at + .seconds(age) else { return nil }
            return seen.all
        }
        if let known, try await session().connection.isOpen { return known }
        return try await look()
    }

    /// What was seen last, as long as nothing says that it is otherwise.
    var lastSeen: [DefinitionKey: SystemDocument]? { state.withLock { $0.definitions?.all } }

    /// Looks again by itself: nobody is to be offered what has changed. A server that says so all the time is looked at once a
    /// second.
    private func lookSoon() {
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
                return state.isStale
            }
            if isMore == true { self?.lookSoon() }
        }
    }

    private func look() async throws(ConnectorError) -> [DefinitionKey: SystemDocument] {
        let session = try await session()
        state.withLock { $0.isStale = false }
        var all: [DefinitionKey: SystemDocument] = [:]
        do throws(ConnectorError) {
            for kind in Offer.Kind.allCases where session.capabilities[kind.capability] != nil {
                try await list(kind, into: &all)
            }
        } catch {
            state.withLock { $0.isStale = true }
            throw error
        }
        state.withLock { $0.definitions = (all, .now) }
        return all
    }

    private func list(_ kind: Offer.Kind, into all: inout [DefinitionKey: SystemDocument]) async throws(ConnectorError) {
        var (cursor, pages): (JSONValue?, Int) = (nil, 0)
        repeat {
            pages += 1
            guard pages <= 100, all.count <= 5_000 else { throw ConnectorError(.unavailable, "the server's list does not end") }
            var params: JSONValue = [:]
            params.add("cursor", cursor)
            let page: SystemDocument
            do throws(ConnectorError) { page = try await ask(kind.method, params) } catch {
                // A server may offer resources and no templates.
                guard error.code == .refused, kind == .resourceTemplate else { throw error }
                return
            }
            for one in try Self.elements(of: page, kind.member) {
                guard let name = one.json[kind.key]?.string else {
                    throw ConnectorError(.unavailable, "the server offers something without a name")
                }
                // Of two of one name nobody knows which is meant: it is none that is known.
                let key = DefinitionKey(kind: kind, name: name)
                all[key] = all[key] == nil ? one : SystemDocument(["twice": .string(name)])
            }
            cursor = page.json["nextCursor"]
            if cursor == .null { cursor = nil }
        } while cursor != nil
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

/// Which definition is meant.
struct DefinitionKey: Hashable, Sendable, Comparable {
    let kind: Offer.Kind
    let name: String

    static func < (a: DefinitionKey, b: DefinitionKey) -> Bool {
        (a.kind.place, ExactString(a.name)) < (b.kind.place, ExactString(b.name))
    }
    static func == (a: DefinitionKey, b: DefinitionKey) -> Bool {
        a.kind == b.kind && a.name.utf8.elementsEqual(b.name.utf8)
    }
    func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(ExactString(name))
    }
}

extension Offer.Kind {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The capability of a server that has them.
    var capability: String {
        switch self {
        case .tool: "tools"
        case .resource, .resourceTemplate: "resources"
        case .prompt: "prompts"
        }
    }

    /// What lists them.
    var method: String {
        switch self {
        case .tool: "tools/list"
        case .resource: "resources/list"
        case .resourceTemplate: "resources/templates/list"
        case .prompt: "prompts/list"
        }
    }

    /// Where the list stands in the answer.
    var member: String {
        switch self {
        case .tool: "tools"
        case .resource: "resources"
        case .resourceTemplate: "resourceTemplates"
        case .prompt: "prompts"
        }
    }

    /// What one is known by.
    var key: String {
        switch self {
        case .tool, .prompt: "name"
        case .resource: "uri"
        case .resourceTemplate: "uriTemplate"
        }
    }
}
