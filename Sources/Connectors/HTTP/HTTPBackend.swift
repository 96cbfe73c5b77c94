import AsyncHTTPClient
import Authority
import HostKit
import Foundation
import NIOCore
import NIOHTTP1
import StrictJSON

/// One host that is asked over HTTP: TLS verified, no redirects, answers up to a limit, each within its time.
final class HTTPBackend: Sendable {
    /// Where it is, without a slash at the end.
    let base: String
    private let client: HTTPClient
    private let seconds: Int64
    private let largest: Int

    /// - Parameters:
    ///   - ca: the certificate authorities to trust, a PEM file; the system's when nil.
    ///   - largest: how many bytes an answer may have.
    init(base: String, ca: String?, seconds: Int, largest: Int) {
        self.base = base
        self.seconds = Int64(seconds)
        self.largest = largest
        client = HostClient.make(ca: ca, seconds: seconds, silence: seconds)
    }

    /// An answer, its body read strictly.
    struct Answer: Sendable {
        let status: Int
        let etag: String?
        /// Nil for an empty one, or one that is no JSON.
        let json: JSONValue?
    }

    /// - Throws: `ConnectorError` `unavailable` when there is no answer, or none that can be read.
    func send(_ request: FilledRequest) async throws(ConnectorError) -> Answer {
        var asked = HTTPClientRequest(url: base + request.target)
        asked.method = HTTPMethod(rawValue: request.method.rawValue)
        asked.headers.add(name: "Accept", value: "application/json")
        for (name, value) in request.headers { asked.headers.replaceOrAdd(name: name, value: value) }
        if let body = request.body { asked.body = .bytes(body) }
        do { return try await withinTime(asked) } catch let error as ConnectorError {
            throw error
        } catch is NIOTooManyBytesError {
            throw ConnectorError(.unavailable, "an answer of \(base) has more than \(largest) bytes")
        } catch is CancellationError {
            throw ConnectorError(.unavailable, "\(base) did not answer within \(seconds) s")
        } catch {
            // What went wrong may hold what was sent: its kind is told, and nothing of it.
            throw ConnectorError(.unavailable, "no answer from \(base) (\(type(of: error)))")
        }
    }

    /// The whole answer, head and body, within the time.
    private func withinTime(_ asked: HTTPClientRequest) async throws -> Answer {
        let (client, seconds, largest) = (client, seconds, largest)
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask {
                let response = try await client.execute(asked, timeout: .seconds(seconds))
                return try Self.answer(response, Array(buffer: try await response.body.collect(upTo: largest)))
            }
            group.addTask {
                try await ContinuousClock().sleep(for: .seconds(seconds))
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private static func answer(_ response: HTTPClientResponse, _ body: [UInt8]) throws -> Answer {
        let type = response.headers.first(name: "content-type")?.lowercased() ?? ""
        var json: JSONValue?
        if !body.isEmpty, type.contains("json") || body.first == UInt8(ascii: "{") || body.first == UInt8(ascii: "[") {
            do { json = try JSONReader.read(body, limits: .init(bytes: body.count)) } catch {
                throw ConnectorError(.unavailable, "the answer can't be read: \(error)")
            }
        }
        return Answer(status: Int(response.status.code), etag: response.headers.first(name: "etag"), json: json)
    }
}
