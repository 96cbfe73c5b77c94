import NIOCore

/// Closes a connection whose peer has read nothing for a while of what was sent to it. It stands next to the socket, below TLS.
final class StallGuard: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let limit: TimeAmount
    private var written = 0
    private var taken = 0
    private var timer: Scheduled<Void>?

    init(_ limit: TimeAmount) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        written += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
        guard timer == nil else { return }
        taken = written - waiting(context)
        look(again: context)
    }

    /// The bytes that the system has not taken yet, because the peer does not read.
    private func waiting(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func look(again context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [self] in
            timer = nil
            let waiting = waiting(context)
            guard waiting > 0 else { return }
            guard written - waiting > taken else { return context.close(promise: nil) }
            taken = written - waiting
            look(again: context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }
}
