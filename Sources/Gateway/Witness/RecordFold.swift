import Authority

/// Follows the log's entries to what the store's records must be.
struct RecordFold {
    /// The number of the last batch before those taken.
    private let before: Int64
    private var batches: [RecordChanges] = []
    private(set) var problems: [String] = []

    init(after before: Int64 = 0) { self.before = before }

    /// Takes a log entry, in any order.
    mutating func take(_ entry: LoggedEntry) {
        if let records = entry.records { batches.append(records) }
    }

    /// Every record's digest after the batch of that number.
    func digests(after number: Int64) -> [String: Digest] {
        var digests: [String: Digest] = [:]
        for batch in batches.sorted(by: { $0.sequence < $1.sequence }).prefix(while: { $0.sequence <= number }) {
            for change in batch.digests { digests[change.key] = change.digest }
        }
        return digests
    }

    /// The number of the last batch, and the digest after it of every record that was told of; nil of one that is gone.
    mutating func end() -> (sequence: Int64, digests: [String: Digest?]) {
        batches.sort { $0.sequence < $1.sequence }
        var digests: [String: Digest?] = [:]
        for (place, batch) in batches.enumerated() {
            let number = before + Int64(place) + 1
            if batch.sequence != number { problems.append("batch \(number) of the store's changes is not in the log") }
            for change in batch.digests { digests[change.key] = .some(change.digest) }
        }
        defer { batches = [] }
        return (before + Int64(batches.count), digests)
    }

    /// What differs between the records there are and those that the log tells of.
    static func differences(_ records: [StoredRecord], _ digests: [String: Digest?]) -> [String] {
        var left = digests.compactMapValues { $0 }
        var problems: [String] = []
        for record in records {
            switch left.removeValue(forKey: record.key) {
            case record.digest: continue
            case nil where record.isFirstEpoch: continue
            case nil: problems.append("the store has \(record.key), which no log entry tells of")
            default: problems.append("\(record.key) in the store is not what the log says")
            }
        }
        return problems + left.keys.sorted().map { "\($0), of which the log tells, is not in the store" }
    }
}
