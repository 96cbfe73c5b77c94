package import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

/// The client by which a host is asked: TLS verified, no redirects, nothing unpacked.
package enum HostClient {
    /// A client is never given back: there is one for each system, as long as the process runs.
    private static let kept = Mutex<[HTTPClient]>([])

    /// - Parameters:
    ///   - ca: the certificate authorities to trust, a PEM file; the system's when nil.
    ///   - seconds: how long a connection may take to come about.
    ///   - silence: how long a host may say nothing, in seconds; without end when nil.
    package static func make(ca: String?, seconds: Int, silence: Int? = nil) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let ca { tls.trustRoots = .file(ca) }
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .init(
                tlsConfiguration: tls, redirectConfiguration: .disallow,
                timeout: .init(connect: .seconds(Int64(seconds)), read: silence.map { .seconds(Int64($0)) }),
                decompression: .disabled))
        kept.withLock { $0.append(client) }
        return client
    }
}
