import Authority
import Crypto

/// The digest that each record has, as the gateway wrote it, whatever the store says.
///
/// What changed since the last snapshot is in memory. The rest is in the store, in buckets, of which the hashes are in memory: so
/// many that the ten millionth record still shares its bucket with some 150 others, and so few that they take 2 MiB.
struct RecordMap: Sendable {
    /// Half a SHA-256: nobody finds another record for it.
    struct Short: Hashable, Comparable, Sendable {
        let high: UInt64
        let low: UInt64

        init(_ digest: Authority.Digest) {
            var (high, low): (UInt64, UInt64) = (0, 0)
            for digit in digest.hex.utf8.prefix(32) {
                high = high << 4 | low >> 60
                low = low << 4 | UInt64(digit < 0x3A ? digit - 0x30 : digit - 0x57)
            }
            (self.high, self.low) = (high, low)
        }

        init(key: String) { self.init(Authority.Digest(of: Array(key.utf8))) }

        fileprivate init(_ bytes: ArraySlice<UInt8>) {
            func value(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
            (high, low) = (value(bytes.prefix(8)), value(bytes.suffix(8)))
        }

        fileprivate var bytes: [UInt8] {
            withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
        }

        fileprivate var bucket: Int { Int(high >> 48) }

        static func < (a: Short, b: Short) -> Bool { (a.high, a.low) < (b.high, b.low) }
    }

    /// What becomes of one key.
    struct Change: Sendable {
        let key: Short
        /// What the key begins with.
        let kind: String
        /// Nil when it is gone.
        let digest: Short?
        let wasThere: Bool
    }

    /// Buckets as they were fetched, of those of some keys that are needed.
    struct Fetched: Sendable {
        static let nothing = Fetched(buckets: [:])

        /// Nil of one that is not what was written.
        fileprivate let buckets: [Int: [UInt8]?]

        /// Whether all are what was written.
        var isWhole: Bool { buckets.values.allSatisfy { $0 != nil } }
    }

    private var recent: [Short: Short?] = [:]
    private var hashes = BucketHashes()
    /// How many keys of each kind there are.
    private(set) var counts: [String: Int64] = [:]

    /// Takes up what a snapshot left.
    ///
    /// - Returns: nil when these are not the hashes it speaks of.
    init?(hashes: [Int: [UInt8]], root: Authority.Digest, counts: [String: Int64]) {
        guard let hashes = BucketHashes(parts: hashes), hashes.root == root else { return nil }
        (self.hashes, self.counts) = (hashes, counts)
    }

    /// Of everything there is.
    init(of records: [StoredRecord], _ statements: [String]) {
        let digests = records.filter { !$0.isFirstEpoch }.map { (key: $0.key, digest: Optional(Short($0.digest))) }
        for (key, digest) in digests + Ledger.notes(on: records, statements) {
            let short = Short(key: key)
            take(Change(key: short, kind: Ledger.kind(ofKey: key), digest: digest, wasThere: recent[short] != nil))
        }
    }

    /// How many records changed since the last snapshot.
    var recentCount: Int { recent.count }
    /// The hash over all buckets, as of the last snapshot.
    var root: Authority.Digest { hashes.root }

    /// The buckets that are not empty.
    var buckets: [Int] { (0..<BucketHashes.count).filter { !hashes.isEmpty($0) } }

    /// How many records of a kind there are.
    func count(of kind: StoredRecord.Kind) -> Int64 {
        counts[kind.rawValue, default: 0] + (kind == .task ? counts["token", default: 0] : 0)
    }

    // MARK: Looking up

    /// The buckets that must be fetched to know of these keys.
    func needed(for keys: some Sequence<String>) -> [Int] {
        let buckets = keys.map(Short.init(key:)).filter { recent[$0] == nil }.map(\.bucket)
        return Set(buckets).filter { !hashes.isEmpty($0) }.sorted()
    }

    /// Holds fetched buckets against what was written.
    func check(_ buckets: [Int: [UInt8]], of numbers: [Int]) -> Fetched {
        Fetched(
            buckets: Dictionary(
                uniqueKeysWithValues: numbers.map { number in
                    let members = buckets[number] ?? []
                    return (number, hashes.isThat(number, members) ? members : nil)
                }))
    }

    /// What was written last under the key; nil when nothing was, or it is gone.
    ///
    /// - Throws: ``StoreError`` `altered` when the store does not have what was written.
    func digest(_ key: Short, _ fetched: Fetched) throws(StoreError) -> Short? {
        if let known = recent[key] { return known }
        guard !hashes.isEmpty(key.bucket) else { return nil }
        return Bucket(try members(key.bucket, fetched)).digest(of: key)
    }

    private func members(_ bucket: Int, _ fetched: Fetched) throws(StoreError) -> [UInt8] {
        guard let members = fetched.buckets[bucket] else {
            throw StoreError(.unavailable, "the digests of older records can't be read now")
        }
        guard let members else {
            throw StoreError(.altered, "what the store has of its records' digests is not what was written")
        }
        return members
    }

    // MARK: Writing

    mutating func take(_ change: Change) {
        recent[change.key] = .some(change.digest)
        let step: Int64 = (change.digest == nil ? 0 : 1) - (change.wasThere ? 1 : 0)
        guard step != 0 else { return }
        let count = counts[change.kind, default: 0] + step
        counts[change.kind] = count == 0 ? nil : count
    }

    /// What a snapshot is to keep: the buckets that change, all else as it will be then.
    ///
    /// - Throws: ``StoreError`` `altered` when a bucket is not what was written.
    func settled(_ fetched: Fetched) throws(StoreError) -> (map: RecordMap, buckets: [Int: [UInt8]], parts: [Int: [UInt8]]) {
        var (map, buckets): (RecordMap, [Int: [UInt8]]) = (self, [:])
        map.recent = [:]
        for (number, changes) in Dictionary(grouping: recent, by: \.key.bucket) {
            let members = hashes.isEmpty(number) ? [] : try members(number, fetched)
            buckets[number] = Bucket(members).merging(Dictionary(uniqueKeysWithValues: changes.map { ($0.key, $0.value) }))
        }
        map.hashes.set(buckets)
        return (map, buckets, map.hashes.parts(of: buckets.keys))
    }

    /// The buckets that hold what changed since the last snapshot.
    var stale: [Int] { Set(recent.keys.map(\.bucket)).filter { !hashes.isEmpty($0) }.sorted() }
}

/// Keys and their digests, 32 bytes a pair, in order of the keys.
private struct Bucket {
    private typealias Short = RecordMap.Short
    private static let width = 32
    private let members: [UInt8]

    init(_ members: [UInt8]) { self.members = members }

    private var count: Int { members.count / Self.width }
    private func key(_ place: Int) -> Short { Short(members[place * Self.width..<place * Self.width + 16]) }
    private func digest(_ place: Int) -> Short { Short(members[place * Self.width + 16..<(place + 1) * Self.width]) }

    func digest(of key: RecordMap.Short) -> RecordMap.Short? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        return low < count && self.key(low) == key ? digest(low) : nil
    }

    /// - Parameter changes: the digests that keys have now; nil of those that are gone.
    func merging(_ changes: [RecordMap.Short: RecordMap.Short?]) -> [UInt8] {
        var all = Dictionary(uniqueKeysWithValues: (0..<count).map { (key($0), digest($0)) })
        for (key, digest) in changes { all[key] = digest }
        return all.sorted { $0.key < $1.key }.flatMap { $0.key.bytes + $0.value.bytes }
    }
}

/// The SHA-256 of each bucket; zeros of an empty one.
private struct BucketHashes {
    static let count = 1 << 16
    private static let width = 32
    /// How many are stored together.
    private static let perPart = 16
    private static let zeros = [UInt8](repeating: 0, count: width)

    /// Empty as long as every bucket is.
    private var bytes: [UInt8] = []
    /// The hash over each part.
    private var parts: [UInt8] = []

    init() {}

    /// - Returns: nil when they are not parts of this.
    init?(parts: [Int: [UInt8]]) {
        guard !parts.isEmpty else { return }
        begin()
        for (part, hashes) in parts {
            guard (0..<Self.partCount).contains(part), hashes.count == Self.partSize else { return nil }
            bytes.replaceSubrange(part * Self.partSize..<(part + 1) * Self.partSize, with: hashes)
            sum(part)
        }
    }

    private static let partSize = perPart * width
    private static let partCount = count / perPart
    private static let emptyPart = Array(SHA256.hash(data: [UInt8](repeating: 0, count: partSize)))

    private mutating func begin() {
        bytes = [UInt8](repeating: 0, count: Self.count * Self.width)
        parts = Array((0..<Self.partCount).map { _ in Self.emptyPart }.joined())
    }

    private mutating func sum(_ part: Int) {
        let hash = Array(SHA256.hash(data: self.part(part)))
        parts.replaceSubrange(part * Self.width..<(part + 1) * Self.width, with: hash)
    }

    private func part(_ part: Int) -> ArraySlice<UInt8> { bytes[part * Self.partSize..<(part + 1) * Self.partSize] }

    /// The hash over the parts' hashes.
    var root: Authority.Digest { Authority.Digest(of: parts) }

    private func hash(_ bucket: Int) -> ArraySlice<UInt8> { bytes[bucket * Self.width..<(bucket + 1) * Self.width] }

    func isEmpty(_ bucket: Int) -> Bool { bytes.isEmpty || hash(bucket).elementsEqual(Self.zeros) }

    func isThat(_ bucket: Int, _ members: [UInt8]) -> Bool {
        bytes.isEmpty ? members.isEmpty : hash(bucket).elementsEqual(Self.hash(members))
    }

    private static func hash(_ members: [UInt8]) -> [UInt8] {
        members.isEmpty ? zeros : Array(SHA256.hash(data: members))
    }

    mutating func set(_ buckets: [Int: [UInt8]]) {
        guard !buckets.isEmpty else { return }
        if bytes.isEmpty { begin() }
        for (bucket, members) in buckets {
            bytes.replaceSubrange(bucket * Self.width..<(bucket + 1) * Self.width, with: Self.hash(members))
        }
        for part in Set(buckets.keys.map { $0 / Self.perPart }) { sum(part) }
    }

    /// The parts that hold the hashes of these buckets.
    func parts(of buckets: some Sequence<Int>) -> [Int: [UInt8]] {
        Dictionary(uniqueKeysWithValues: Set(buckets.map { $0 / Self.perPart }).map { ($0, Array(part($0))) })
    }
}
