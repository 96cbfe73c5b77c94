import Authority
import StrictJSON
import Synchronization

/// One MCP server, asked as a client: connected when it is needed, again after it ended, and never faster than it can bear.
final class MCPServer: Sendable {
    /// How a server is reached.
    enum Place: Sendable {
        case command(Command)
        case address(@Sendable (Listener) -> any Connection)
    }

    /// A connection with what was agreed on it.
    struct Session: Sendable {
        let connection: any Connection
        let era: Era
        /// What the server says that it can do.
        let capabilities: JSONValue
        let begun: ContinuousClock.Instant
        /// One for each session.
        let number: Int64

        /// Whether the server has ended it as it ends all: no failure of anybody's.
        var isOver: Bool { connection.isOver }
    }

    /// A connection that lasted less, in seconds, counts as one that came to nothing.
    private static let short: Int64 = 60

    struct State {
        var session: _Concurrency.Task<Session, any Error>?
        var lastID: Int64 = 0
        /// When the last connections ended that came to nothing.
        var failures: [ContinuousClock.Instant] = []
        var look: (Offered, at: ContinuousClock.Instant)?
        var lastLook = 0
        var isStale = false
        /// Whether a look is about to be taken, or being taken, because the server said that something changed.
        var isLooking = false

        /// Notes the end of a connection, once. One that lasted makes up for what failed before.
        mutating func ended(_ one: _Concurrency.Task<Session, any Error>, isFailure: Bool) {
            guard session == one else { return }
            session = nil
            failures = isFailure ? failures.suffix(9) + [.now] : []
        }
    }

    private let place: Place
    let seconds: Int
    private let largest: Int
    let state = Mutex(State())

    init(_ place: Place, seconds: Int, largest: Int) {
        self.place = place
        self.seconds = seconds
        self.largest = largest
    }

    // MARK: Connections

    /// The connection there is, or a new one. Whoever asks meanwhile waits for the same.
    func session() async throws(ConnectorError) -> Session {
        if let known = state.withLock({ $0.session }) {
            if let session = try? await known.value {
                if session.connection.isOpen { return session }
                await session.connection.close()
                state.withLock { $0.ended(known, isFailure: !session.isOver && .now < session.begun + .seconds(Self.short)) }
            }
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
            return try await task.value
        } catch {
            state.withLock { $0.ended(task, isFailure: true) }
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
            case .address(let connect): connect(listener)
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
        do throws(ConnectorError) { reply = try await connection.ask(discover, .modern, nil, before: nil) } catch {
            guard error.code == .unavailable, connection.isOpen else { throw error }
            reply = nil
        }
        if case .result(let result)? = reply,
            result.json["supportedVersions"]?.array?.contains(.string(Era.current)) == true
        {
            return Session(
                connection: connection, era: .modern, capabilities: result.json["capabilities"] ?? [:], begun: .now,
                number: nextID())
        }
        return try await initialize(connection)
    }

    private func initialize(_ connection: any Connection) async throws(ConnectorError) -> Session {
        let hello: JSONValue = [
            "protocolVersion": .string(Era.known[0]), "capabilities": [:], "clientInfo": Self.clientInfo,
        ]
        let call = Call(id: nextID(), method: "initialize", params: hello)
        switch try await connection.ask(call, nil, nil, before: nil) {
        case .sessionOver, .notSent: throw ConnectorError(.unavailable, "the server ends every session")
        case .error(let code, let message): throw ConnectorError(.unavailable, "the server does not begin: \(message) (\(code))")
        case .result(let result):
            guard let version = result.json["protocolVersion"]?.string, Era.known.contains(version) else {
                throw ConnectorError(.unavailable, "the server speaks no protocol revision that is known here")
            }
            let session = Session(
                connection: connection, era: .older(version), capabilities: result.json["capabilities"] ?? [:], begun: .now,
                number: nextID())
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
    ///   - isRepeatable: whether it may be sent again in another session.
    ///   - before: asked right before it is sent, of the session that it is sent in.
    /// - Throws: `ConnectorError`: `unavailable` when nobody knows whether it came about; another code when it did not.
    func ask(
        _ method: String, _ params: JSONValue, name: String? = nil, mirrored: [(name: String, value: String)] = [],
        isRepeatable: Bool = true, _ progress: ProgressListener? = nil,
        before: (@Sendable (Session) throws(ConnectorError) -> Void)? = nil
    ) async throws(ConnectorError) -> SystemDocument {
        let reply = try await reply(
            to: method, params, name: name, mirrored: mirrored, isRepeatable: isRepeatable, progress, before: before)
        switch reply {
        case .notSent(let error): throw error
        case .sessionOver: throw ConnectorError(.unavailable, "the server ends every session")
        case .result(let result):
            // It may ask for a person's word, or go on by itself: neither is an answer.
            guard [nil, "complete"].contains(result.json["resultType"]?.string) else {
                throw ConnectorError(.unavailable, "the server asks its client for something, and gets nothing")
            }
            return result
        case .error(let code, let message): throw Self.error(code, message, method)
        }
    }

    /// Asks, once more where a session had to be begun anew: but not what changes something, which may have come about.
    func reply(
        to method: String, _ params: JSONValue, name: String? = nil, mirrored: [(name: String, value: String)] = [],
        isRepeatable: Bool = true, _ progress: ProgressListener? = nil,
        before: (@Sendable (Session) throws(ConnectorError) -> Void)? = nil
    ) async throws(ConnectorError) -> Reply {
        var reply = Reply.sessionOver
        for _ in 0..<(isRepeatable ? 2 : 1) {
            guard case .sessionOver = reply else { break }
            let session = try await session()
            var call = call(method, params, session.era, progress: progress != nil)
            (call.name, call.mirrored) = (name, mirrored)
            var lastWord: LastWord?
            if let before { lastWord = { () throws(ConnectorError) in try before(session) } }
            reply = try await session.connection.ask(call, session.era, progress, before: lastWord)
        }
        return reply
    }

    /// What an error means: those that come before anything is done say that nothing was.
    private static func error(_ code: Int64, _ message: String, _ method: String) -> ConnectorError {
        let text = "the server answered: \(message) (\(code))"
        return switch code {
        case -32602 where method == "resources/read" || method == "prompts/get": ConnectorError(.notFound, text)
        case -32700, -32600, -32601, -32020, -32022: ConnectorError(.refused, text)
        default: ConnectorError(.unavailable, text)
        }
    }
}
