import Authority

/// Follows the log's entries to what the store's records must be.
struct RecordFold {
    private var batches: [RecordChanges] = []
    private(set) var problems: [String] = []

    /// Takes a log entry, in any order.
    mutating func take(_ entry: LoggedEntry) {
        if let records = entry.records { batches.append(records) }
    }

    /// The number of the last batch, and every record's digest after it.
    mutating func end() -> (sequence: Int64, digests: [String: Digest]) {
        batches.sort { $0.sequence < $1.sequence }
        var digests: [String: Digest] = [:]
        for (place, batch) in batches.enumerated() {
            if batch.sequence != Int64(place) + 1 {
                problems.append("batch \(place + 1) of the store's changes is not in the log")
            }
            for change in batch.digests { digests[change.key] = change.digest }
        }
        defer { batches = [] }
        return (Int64(batches.count), digests)
    }

    /// What differs between the records there are and those that the log tells of.
    static func differences(_ records: [StoredRecord], _ digests: [String: Digest]) -> [String] {
        var left = digests
        var problems: [String] = []
        for record in records {
            switch left.removeValue(forKey: record.key) {
            case record.digest: continue
            case nil where record.key == "epoch" && record.digest == StoredRecord.epoch(0).digest: continue
            case nil: problems.append("the store has \(record.key), which no log entry tells of")
            default: problems.append("\(record.key) in the store is not what the log says")
            }
        }
        return problems + left.keys.sorted().map { "\($0), of which the log tells, is not in the store" }
    }
}
