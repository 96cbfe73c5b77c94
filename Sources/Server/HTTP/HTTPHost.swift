import Foundation
import HTTPTypes
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
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
public enum HTTPHost {
    /// Larger bodies are refused with 413.
    public static let bodyLimit = 1 << 20
    /// A body that takes longer is refused with 408; a connection idle for as long is closed.
    public static let bodySeconds: Int64 = 10

    /// - Parameter onRunning: called with the port bound, or nil for a socket in the file system.
    public static func application(
        _ door: some Door, at listener: Listener, log: Logger, onRunning: @escaping @Sendable (Int?) async -> Void
    )
        throws -> some ApplicationProtocol
    {
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)
        let http = HTTPServerBuilder.http1(
            configuration: .init(idleTimeout: .seconds(bodySeconds * 3), httpDecoderConfiguration: decoder))
        let (address, server) = try bind(listener, http)
        let responder = CallbackResponder<BasicRequestContext> { request, _ in await respond(request, door) }
        return Application(
            responder: responder, server: server, configuration: .init(address: address, serverName: nil),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port) }, logger: log)
    }

    private static func bind(_ listener: Listener, _ http: HTTPServerBuilder) throws -> (BindAddress, HTTPServerBuilder) {
        switch listener {
        case .unixSocket(let path): return (.unixDomainSocket(path: path), http)
        case .tcp(let host, let port, let tls?): return (.hostname(host, port: port), try .tls(http, tlsConfiguration: tls))
        case .tcp(let host, let port, nil): return (.hostname(host, port: port), http)
        }
    }

    private static func respond(_ request: Request, _ door: some Door) async -> Response {
        do {
            // The first `Host` became the authority; one that is still among the fields is a second one.
            if let host = HTTPField.Name("Host"), request.headers.contains(host) {
                throw HTTPProblem(400, "http.host", "The request names more than one host.")
            }
            let body = try await body(of: request)
            let path = request.uri.path.split(separator: "/", omittingEmptySubsequences: true).map {
                String($0).removingPercentEncoding ?? "\u{FFFD}"
            }
            let call = HTTPCall(
                method: request.method, path: path, host: request.head.authority, headers: request.headers, body: body)
            return response(await door.answer(call))
        } catch let problem as HTTPProblem {
            return response(problem.answer)
        } catch {
            return response(HTTPProblem(400, "input.unreadable", "The request could not be read.").answer)
        }
    }

    private static func body(of request: Request) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask {
                do { return Array(buffer: try await request.body.collect(upTo: bodyLimit)) } catch is NIOTooManyBytesError {
                    throw HTTPProblem(
                        413, "input.too_long", "The body is larger than \(bodyLimit) bytes.", headers: [("Connection", "close")])
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(bodySeconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let bytes = first else {
                throw HTTPProblem(408, "input.too_slow", "The body did not arrive in time.", headers: [("Connection", "close")])
            }
            return bytes
        }
    }

    private static func response(_ answer: HTTPAnswer) -> Response {
        var headers = HTTPFields()
        headers[.cacheControl] = "no-store"
        for (name, value) in answer.headers { if let name = HTTPField.Name(name) { headers[name] = value } }
        let status = HTTPResponse.Status(code: answer.status)
        if let text = answer.text {
            headers[.contentType] = "text/plain; charset=utf-8"
            return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        guard let body = answer.body else { return Response(status: status, headers: headers) }
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: JSONWriter.canonical(body))))
    }
}
