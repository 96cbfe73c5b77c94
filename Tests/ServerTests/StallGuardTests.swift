import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("A peer that does not read")
struct StallGuardTests {
    /// A channel whose system takes what is flushed, and holds what is only written.
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel(handler: StallGuard(.seconds(5)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func write() { channel.write(ByteBuffer(string: "some bytes"), promise: nil) }

    @Test("is let go when it takes nothing in the time it has")
    func stalled() {
        write()
        channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("is kept while it takes something, however slowly")
    func slow() {
        for _ in 0..<10 {
            write()
            channel.flush()
            write()
            channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!channel.isActive)
    }

    @Test("owes nothing once it has taken all")
    func done() {
        write()
        channel.flush()
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }
}
