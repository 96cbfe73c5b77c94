import Foundation
import Gateway
import HTTPTypes
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import NIOCore
public import NIOSSL
import StrictJSON
import Synchronization

/// Something that answers HTTP requests.
public protocol Door: Sendable {
    func answer(_ call: HTTPCall) async -> HTTPAnswer
}

/// Where a door listens.
public enum Listener: Sendable {
    case tcp(host: String, port: Int, tls: TLSConfiguration?)
    case unixSocket(path: String)
}

/// Puts a door on a socket, with the limits that keep a hostile client from holding it.
public struct HTTPHost: Sendable {
    /// A body that takes longer is refused with 408.
    public static let bodySeconds: Int64 = 10
    /// A connection is closed that has not sent a request's head for so long.
    static let headSeconds: Int64 = 15
    /// A connection is closed whose peer reads nothing for so long.
    static let readSeconds: Int64 = 5

    public let listener: Listener
    public let limits: ConnectionLimits
    private let census: Census
    private let budget: ByteBudget
    private let log: Logger

    /// - Parameter bytesInFlight: how many bytes of bodies may be in memory at once, over all connections.
    public init(at listener: Listener, limits: ConnectionLimits, bytesInFlight: Int, log: Logger) {
        self.listener = listener
        self.limits = limits
        self.log = log
        census = Census(limits)
        budget = ByteBudget(bytesInFlight)
    }

    /// - Parameters:
    ///   - group: whose threads serve the connections.
    ///   - executor: where requests are answered; where the caller's others are when nil.
    ///   - onRunning: called with the port bound, or nil for a socket in the file system.
    public func application(
        _ door: some Door, on group: any EventLoopGroup, executor: (any TaskExecutor)? = nil,
        onRunning: @escaping @Sendable (Int?) async -> Void
    ) -> some ApplicationProtocol {
        let responder = CallbackResponder<GuestContext> { request, context in
            let guest = await context.guest
            return await Running.$executor.withValue(executor) {
                await withTaskExecutorPreference(executor) {
                    let isLast = guest.beginRequest()
                    var response = await respond(request, door, guest)
                    if isLast, !guest.isKnown { response.headers[.connection] = "close" }
                    return response
                }
            }
        }
        return Application(
            responder: responder, server: server, configuration: .init(address: address, serverName: nil),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port) },
            eventLoopGroupProvider: .shared(group), logger: log)
    }

    private var address: BindAddress {
        switch listener {
        case .unixSocket(let path): .unixDomainSocket(path: path)
        case .tcp(let host, let port, _): .hostname(host, port: port)
        }
    }

    private var server: HTTPServerBuilder {
        let patience = TimeAmount.seconds(Self.readSeconds)
        return HTTPServerBuilder { [listener, census] responder in
            let http = HTTP1Channel(
                responder: responder,
                configuration: .init(
                    additionalChannelHandlers: [CloseAfterRefusal()], idleTimeout: .seconds(Self.headSeconds),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)))
            guard case .tcp(_, _, let tls?) = listener else {
                return GuardedChannel(base: http, census: census, patience: patience)
            }
            return GuardedChannel(base: try TLSChannel(http, tlsConfiguration: tls), census: census, patience: patience)
        }
    }

    private func respond(_ request: Request, _ door: some Door, _ guest: Guest) async -> Response {
        // An answer to HEAD has no body, whatever its head says of one: nothing here is worth asking for by it.
        guard request.method != .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, POST, DELETE", .contentLength: "0"])
        }
        do {
            // The first `Host` became the authority; one that is still among the fields is a second one.
            if let host = HTTPField.Name("Host"), request.headers.contains(host) {
                throw HTTPProblem(.manyHosts, "The request names more than one host.")
            }
            let path = HTTPCall.segments(of: request.uri.path)
            let share = ByteBudget.Share(of: budget)
            defer { share.end() }
            let query = Dictionary(
                request.uri.queryParameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { $1 })
            let call = HTTPCall(
                method: request.method, path: path, query: query, host: request.head.authority, headers: request.headers,
                recognize: { [census] in census.recognize(guest, as: $0) }, rest: guest.rest
            ) {
                try await Self.body(of: request, limit: $0, share)
            }
            return response(await door.answer(call))
        } catch let problem as HTTPProblem {
            return response(problem.answer)
        } catch {
            return response(HTTPProblem(.unreadable, "The request could not be read.").answer)
        }
    }

    private static func write(_ events: AsyncStream<[UInt8]>, to writer: inout any ResponseBodyWriter) async throws {
        for await data in events {
            // What a line's end would cut off is the data's next line.
            let lines = data.split(omittingEmptySubsequences: false) { $0 == 10 || $0 == 13 }
            let event = Array("event: message".utf8) + lines.flatMap { Array("\ndata: ".utf8) + $0 } + Array("\n\n".utf8)
            try await writer.write(ByteBuffer(bytes: event))
        }
        try await writer.finish(nil)
    }

    private static func body(of request: Request, limit: Int, _ share: ByteBudget.Share) async throws -> [UInt8] {
        let tooLong = HTTPProblem(
            .tooLong, "The body is larger than \(limit) bytes.", headers: [("Connection", "close")])
        let announced = request.headers[.contentLength].flatMap(Int.init) ?? limit
        guard announced <= limit else { throw tooLong }
        try share.take(announced)
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask {
                do { return Array(buffer: try await request.body.collect(upTo: limit)) } catch is NIOTooManyBytesError {
                    throw tooLong
                } catch {
                    throw HTTPProblem(
                        .unreadable, "The body could not be read.", headers: [("Connection", "close")])
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(bodySeconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let bytes = first else {
                throw HTTPProblem(.tooSlow, "The body did not arrive in time.", headers: [("Connection", "close")])
            }
            return bytes
        }
    }

    private func response(_ answer: HTTPAnswer) -> Response {
        var headers = HTTPFields()
        headers[.cacheControl] = "no-store"
        for (name, value) in answer.headers { if let name = HTTPField.Name(name) { headers[name] = value } }
        let status = HTTPResponse.Status(code: answer.status)
        if let text = answer.text {
            headers[.contentType] = "text/plain; charset=utf-8"
            return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        if let events = answer.events {
            headers[.contentType] = "text/event-stream"
            return Response(status: status, headers: headers, body: ResponseBody { try await Self.write(events, to: &$0) })
        }
        if let octets = answer.octets {
            headers[.contentType] = "application/octet-stream"
            return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: octets)))
        }
        guard let bytes = answer.bytes else {
            return Response(status: status, headers: headers)
        }
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// What a request knows of the connection it came by.
private struct GuestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let book: EventLoopFuture<Guest?>

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        let channel = source.channel
        book = channel.eventLoop.submit { try channel.pipeline.syncOperations.handler(type: GuestBook.self).guest }
    }

    /// Who holds the connection; a stranger when it is closed already.
    var guest: Guest { get async { (try? await book.get()) ?? Guest("") {} } }
}
