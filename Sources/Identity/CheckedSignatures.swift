import Crypto
import Synchronization

/// Which tokens had a signature that holds, for a little while: checking one takes longer than all else that is done for a read.
///
/// Nothing else of a token is kept, and none is known by less than the whole of it: what is signed is the same in a token and in a
/// forgery with another signature.
final class CheckedSignatures: Sendable {
    /// In milliseconds.
    static let life: Int64 = 60_000
    static let most = 4096

    private struct Entry {
        /// Of the keys that it was checked with.
        let generation: KeySource.Generation
        let until: Int64
    }

    private let entries = Mutex<[SHA256Digest: Entry]>([:])

    /// Whether this very token was checked with these keys, not long ago.
    func knows(_ token: SHA256Digest, _ generation: KeySource.Generation, now: Int64) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[token] else { return false }
            // A clock that was set back makes nothing good for longer.
            if entry.generation == generation, now < entry.until, entry.until - now <= Self.life { return true }
            entries[token] = nil
            return false
        }
    }

    func note(_ token: SHA256Digest, _ generation: KeySource.Generation, now: Int64) {
        entries.withLock { entries in
            if entries.count >= Self.most { entries = entries.filter { now < $0.value.until } }
            // Only who has valid tokens can fill it, and then all are checked anew.
            if entries.count >= Self.most { entries = [:] }
            entries[token] = Entry(generation: generation, until: now + Self.life)
        }
    }
}
