import Synchronization

/// The randomness of the machine.
enum SystemRandom {
    /// Bytes straight from the kernel, for secrets.
    @Sendable static func secret(_ count: Int) -> [UInt8] {
        (0..<(count + 7) / 8).flatMap { _ in bytes(of: UInt64.random(in: .min ... .max)) }.suffix(count)
    }

    /// What is left of the last fetch.
    private static let stock = Mutex<[UInt8]>([])

    /// Bytes for ids, fetched many at a time.
    @Sendable static func noise(_ count: Int) -> [UInt8] {
        stock.withLock { stock in
            if stock.count < count { stock = secret(max(4096, count)) }
            defer { stock.removeLast(count) }
            return Array(stock.suffix(count))
        }
    }

    private static func bytes(of word: UInt64) -> [UInt8] { withUnsafeBytes(of: word) { Array($0) } }
}
