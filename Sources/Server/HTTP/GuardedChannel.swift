import HummingbirdCore
import Logging
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// A listener's connections, counted and held to their limits before anything is read from them.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    struct Refused: Error {}

    let base: Base
    let census: Census
    /// How long a peer may leave unread what was sent to it.
    let patience: TimeAmount

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        Peer.of(channel).flatMap { peer in
            let book = NIOLoopBound(GuestBook(), eventLoop: channel.eventLoop)
            let guest = Guest(peer) { channel.eventLoop.execute { book.value.drop() } }
            book.value.guest = guest
            guard census.admit(guest) else {
                _ = guest.leave()
                return channel.eventLoop.makeFailedFuture(Refused())
            }
            channel.closeFuture.whenComplete { _ in census.release(guest) }
            do {
                // What is read ahead of a slow answer is so many pieces, whatever their size.
                try channel.syncOptions?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8 << 10))
                try channel.pipeline.syncOperations.addHandlers([book.value, StallGuard(patience)])
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
            return base.setup(channel: channel, logger: logger)
        }.flatMapError { error in
            // Nobody else closes a connection whose setup failed.
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Keeps who a connection is held by where its requests find it. It stands next to the socket.
final class GuestBook: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    var guest: Guest?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// The guest closes the connection by this: neither must keep the other.
    func handlerRemoved(context: ChannelHandlerContext) { (self.context, guest) = (nil, nil) }

    /// Closes the socket itself: TLS would wait for its peer's goodbye, and the descriptor would stay taken.
    func drop() { context?.close(promise: nil) }
}

/// Who is at the other end, as far as connections are counted by it.
private enum Peer {
    /// `struct ucred` of Linux, which Glibc hides.
    private struct Credentials: Sendable {
        var process: Int32
        var user: UInt32
        var group: UInt32
    }

    static func of(_ channel: any Channel) -> EventLoopFuture<String> {
        if let address = channel.remoteAddress?.ipAddress { return channel.eventLoop.makeSucceededFuture(network(address)) }
        guard let options = channel as? any SocketOptionProvider else { return channel.eventLoop.makeSucceededFuture("?") }
        let peer: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: .init(rawValue: SOL_SOCKET), name: .init(rawValue: SO_PEERCRED))
        return peer.map { "user \($0.user)" }.recover { _ in "?" }
    }

    /// One holder of IPv6 addresses has a whole network of them; a mapped IPv4 address is one.
    private static func network(_ address: String) -> String {
        var parsed = in6_addr()
        guard inet_pton(AF_INET6, address, &parsed) == 1 else { return address }
        let bytes = withUnsafeBytes(of: &parsed) { Array($0) }
        let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return isMapped ? address : bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".")
    }
}
