import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// One TCP connection whose every byte is the test's own.
final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: EventLoopFuture<String>

    /// - Parameter isReading: false for a peer that never takes what is sent to it.
    init(port: Int, isReading: Bool = true) async throws {
        let all = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String.self)
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: isReading)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(all)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        inbox = all.futureResult
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Everything that came, once the other side has closed the connection.
    func received() async throws -> String { try await inbox.get() }

    func close() { channel.close(promise: nil) }
}

private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let all: EventLoopPromise<String>
    private let text = NIOLockedValueBox("")

    init(_ all: EventLoopPromise<String>) { self.all = all }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let more = String(buffer: unwrapInboundIn(data))
        text.withLockedValue { $0 += more }
    }

    func channelInactive(context: ChannelHandlerContext) { all.succeed(text.withLockedValue { $0 }) }

    // A connection that is reset is closed too: what came before is what came.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
