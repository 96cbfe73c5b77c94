import Dispatch
import Foundation
import Glibc

/// Times for the commands that have `--time`.
enum Stopwatch {
    /// Nanoseconds of a clock that only goes forward.
    static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// How long each round took, in nanoseconds, sorted.
    static func rounds(_ count: Int, _ work: () throws -> Void) rethrows -> [UInt64] {
        try (0..<count).map { _ in
            let start = now
            try work()
            return now - start
        }.sorted()
    }

    /// How many times memory was allocated so far, when `bench/cedar` counts them.
    static var allocations: Int? {
        guard let symbol = dlsym(nil, "malloc_count_calls") else { return nil }
        return unsafeBitCast(symbol, to: (@convention(c) () -> Int).self)()
    }

    static func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}
