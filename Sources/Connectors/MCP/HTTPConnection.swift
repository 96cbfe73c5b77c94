import AsyncHTTPClient
import Authority
import Foundation
import NIOCore
import NIOHTTP1
import StrictJSON
import Synchronization

/// A server that is reached by streamable HTTP: TLS verified, no redirects, one address, every wait with an end.
final class HTTPConnection: Connection {
    /// How much a server may ask of its client while it answers one call.
    private static let mostQuestions = 8

    private let url: String
    private let client: HTTPClient
    private let headers: [(String, String)]
    private let seconds: Int
    private let largest: Int
    private let listener: Listener
    private let session = Mutex<(id: String?, isOpen: Bool, isOver: Bool)>((nil, true, false))
    private let listening = Mutex<_Concurrency.Task<Void, Never>?>(nil)

    /// - Parameter headers: what every request carries, such as a token.
    init(
        _ url: String, _ client: HTTPClient, headers: [(String, String)], seconds: Int, largest: Int, _ listener: Listener
    ) {
        self.url = url
        self.client = client
        self.headers = headers
        self.seconds = seconds
        self.largest = largest
        self.listener = listener
    }

    var isOpen: Bool { session.withLock { $0.isOpen } }
    var isOver: Bool { session.withLock { $0.isOver } }

    // MARK: Asking

    func ask(_ call: Call, _ era: Era?, _ progress: ProgressListener?, before: LastWord?) async throws(ConnectorError) -> Reply {
        let request = request(call.bytes, era, headers: Self.routing(call, era))
        if let before {
            do throws(ConnectorError) { try before() } catch { return .notSent(error) }
        }
        do {
            return try await within(.seconds(seconds)) { try await self.reply(to: call, request, era, progress) }
        } catch let error as ConnectorError { throw error } catch is NIOTooManyBytesError {
            throw ConnectorError(.unavailable, "an answer has more than \(largest) bytes")
        } catch is CancellationError {
            await cancel(call, era)
            throw ConnectorError(
                .unavailable,
                _Concurrency.Task.isCancelled ? "nobody waits any more" : "the server did not answer within \(seconds) s")
        } catch {
            // What went wrong may hold what was sent: its kind is told, and nothing of it.
            throw ConnectorError(.unavailable, "no answer from the server (\(type(of: error)))")
        }
    }

    /// In the newer protocol the end of the stream says it already.
    private func cancel(_ call: Call, _ era: Era?) async {
        guard case .older? = era else { return }
        await tell("notifications/cancelled", ["requestId": .integer(call.id), "reason": "it took too long"], era ?? .modern)
    }

    private func request(_ body: [UInt8]?, _ era: Era?, headers more: [(String, String)]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.method = body == nil ? .GET : .POST
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        request.headers.add(name: "Accept", value: body == nil ? "text/event-stream" : "application/json, text/event-stream")
        if let era { request.headers.add(name: "MCP-Protocol-Version", value: era.version) }
        if case .older? = era, let id = session.withLock({ $0.id }) { request.headers.add(name: "Mcp-Session-Id", value: id) }
        for (name, value) in headers + more { request.headers.replaceOrAdd(name: name, value: value) }
        return request
    }

    /// The headers that repeat what the body says, which the newer protocol asks for.
    private static func routing(_ call: Call, _ era: Era?) -> [(String, String)] {
        guard era == .modern else { return [] }
        return [("Mcp-Method", call.method)] + (call.name.map { [("Mcp-Name", HeaderText.encode($0))] } ?? [])
            + call.mirrored.map { ($0.name, HeaderText.encode($0.value)) }
    }

    private func reply(to call: Call, _ request: HTTPClientRequest, _ era: Era?, _ progress: ProgressListener?) async throws
        -> Reply
    {
        let response = try await client.execute(request, timeout: .seconds(Int64(seconds)))
        if era == nil, response.status == .ok, let id = response.headers.first(name: "mcp-session-id") {
            session.withLock { $0.id = id }
        }
        if response.status == .notFound, era != .modern, session.withLock({ $0.id }) != nil {
            // The session is over; the next request begins another.
            session.withLock { $0.isOver = true }
            await close()
            return .sessionOver
        }
        if [.unauthorized, .forbidden].contains(response.status) {
            throw ConnectorError(.refused, "the server answered with HTTP \(response.status.code)")
        }
        let type = response.headers.first(name: "content-type")?.lowercased() ?? ""
        if type.hasPrefix("text/event-stream") { return try await stream(response, call, era, progress) }
        let body = Array(buffer: try await response.body.collect(upTo: largest))
        guard type.hasPrefix("application/json"), !body.isEmpty else {
            throw ConnectorError(.unavailable, "the server answered with HTTP \(response.status.code) and no JSON")
        }
        switch try Message(body, largest: largest) {
        case .answer(call.id, let reply): return reply
        case .complaint(let code, let message): return .error(code: code, message: message)
        default: throw ConnectorError(.unavailable, "the server answers something else than it was asked")
        }
    }

    private func stream(_ response: HTTPClientResponse, _ call: Call, _ era: Era?, _ progress: ProgressListener?) async throws
        -> Reply
    {
        var (events, questions, flood) = (EventReader(largest: largest), 0, Flood())
        for try await buffer in response.body {
            for data in try events.read(Array(buffer: buffer)) {
                try await flood.count()
                switch try Message(data, largest: largest) {
                case .answer(call.id, let reply): return reply
                case .answer: break
                case .complaint(let code, let message): return .error(code: code, message: message)
                case .question(let id, let method):
                    questions += 1
                    guard questions <= Self.mostQuestions else {
                        throw ConnectorError(.unavailable, "the server asks its client one thing after the other")
                    }
                    refuse(id, method, era)
                case .notification("notifications/progress", let params?):
                    if params.json["progressToken"] == .integer(call.id) { progress?(params) }
                case .notification(let method, _): listener.hear(method)
                }
            }
        }
        throw ConnectorError(.unavailable, "the server's answer broke off")
    }

    /// Beside what goes on: the server waits for it before it answers.
    private func refuse(_ id: JSONValue, _ method: String, _ era: Era?) {
        guard case .older? = era, let response = Message.response(to: id, method) else { return }
        let request = request(response, era, headers: [])
        _Concurrency.Task { _ = try? await client.execute(request, timeout: .seconds(Int64(seconds))) }
    }

    func tell(_ method: String, _ params: JSONValue, _ era: Era) async {
        let body = JSONWriter.canonical(["jsonrpc": "2.0", "method": .string(method), "params": params])
        let more = era == .modern ? [("Mcp-Method", method)] : []
        _ = try? await client.execute(request(body, era, headers: more), timeout: .seconds(Int64(seconds)))
    }

    // MARK: Listening

    func listen(_ call: Call, _ era: Era) async {
        let request =
            era == .modern
            ? request(call.bytes, era, headers: Self.routing(call, era)) : request(nil, era, headers: [])
        let task = _Concurrency.Task { await self.hear(request) }
        listening.withLock { $0 = task }
    }

    /// A stream that ends is opened again: what was told meanwhile is lost, so that all is looked at again.
    private func hear(_ request: HTTPClientRequest) async {
        var pause = 1
        while isOpen, !_Concurrency.Task.isCancelled {
            let begun = ContinuousClock.now
            do {
                let response = try await client.execute(request, timeout: .hours(24))
                // One that has no such stream says so.
                if [.methodNotAllowed, .notFound].contains(response.status) { return }
                guard response.status == .ok else { throw ConnectorError(.unavailable, "no stream") }
                var (events, flood) = (EventReader(largest: largest), Flood())
                for try await buffer in response.body {
                    for data in try events.read(Array(buffer: buffer)) {
                        try await flood.count()
                        if case .notification(let method, _) = try Message(data, largest: largest) { listener.hear(method) }
                    }
                }
            } catch {}
            // One that lasts is opened again at once, and one that does not, later and later.
            pause = ContinuousClock.now > begun + .seconds(60) ? 1 : min(60, pause * 2)
            listener.listChanged()
            guard (try? await ContinuousClock().sleep(for: .seconds(pause))) != nil else { return }
        }
    }

    func close() async {
        session.withLock { $0.isOpen = false }
        listening.withLock { $0 }?.cancel()
    }
}

/// The body's work within a time.
///
/// - Throws: `CancellationError` when it is over.
private func within<T: Sendable>(_ time: Duration, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await ContinuousClock().sleep(for: time)
            throw CancellationError()
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
