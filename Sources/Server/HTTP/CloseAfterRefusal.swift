import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request was answered before its body was read, or whose answer says so: the rest of the body
/// would else be read without bound in bytes or time.
final class CloseAfterRefusal: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long the peer gets to read the answer.
    private static let linger: TimeAmount = .seconds(2)

    private var isReading = false
    private var isClosing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head: isReading = true
        case .end: isReading = false
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200 && (isReading || head.headerFields[.connection] == "close"):
            isClosing = true
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where isClosing:
            context.writeAndFlush(data, promise: promise)
            // A reset at once could lose the answer.
            context.close(mode: .output, promise: nil)
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.linger) { context.close(promise: nil) }
        case .end:
            // Taken by the system whole, the answer is the peer's: until then its connection is in use.
            let promise = promise ?? context.eventLoop.makePromise()
            if let guest = try? context.pipeline.syncOperations.handler(type: GuestBook.self).guest {
                promise.futureResult.whenComplete { _ in guest.rest() }
            }
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }
}
