import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// One TCP connection whose every byte is the test's own.
final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: EventLoopFuture<String>
    private let begun: EventLoopFuture<Void>

    /// - Parameter isReading: false for a peer that never takes what is sent to it.
    init(port: Int, isReading: Bool = true) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let (all, some) = (loop.makePromise(of: String.self), loop.makePromise(of: Void.self))
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: isReading)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(all, some)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        (inbox, begun) = (all.futureResult, some.futureResult)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Everything that came, once the other side has closed the connection.
    func received() async throws -> String { try await inbox.get() }

    /// Until the first bytes have come.
    func waitForSomething() async throws { try await begun.get() }

    func close() { channel.close(promise: nil) }
}

private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let all: EventLoopPromise<String>
    private let some: EventLoopPromise<Void>
    private let text = NIOLockedValueBox("")

    init(_ all: EventLoopPromise<String>, _ some: EventLoopPromise<Void>) {
        self.all = all
        self.some = some
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let more = String(buffer: unwrapInboundIn(data))
        text.withLockedValue { $0 += more }
        some.succeed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        some.succeed()
        all.succeed(text.withLockedValue { $0 })
    }

    // A connection that is reset is closed too: what came before is what came.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
