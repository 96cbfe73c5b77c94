/// What the gateway knew of its store at some moment, so that a start needn't read everything again.
///
/// It is made from the logs and can be made from them again: whoever finds that it does not fit goes by the logs.
public struct StoredSnapshot: Sendable {
    /// A signed checkpoint: of what moment, and the hash of the document.
    public let note: String
    public let document: [UInt8]
    /// The hashes of the buckets, in parts; those that are not there are of empty buckets.
    public let hashes: [Int: [UInt8]]

    public init(note: String, document: [UInt8], hashes: [Int: [UInt8]]) {
        (self.note, self.document, self.hashes) = (note, document, hashes)
    }
}

/// A few records of one kind.
public struct RecordPage: Sendable {
    public let records: [StoredRecord]
    /// After what the next page begins; nil when there is none.
    public let next: String?

    public init(records: [StoredRecord], next: String?) {
        (self.records, self.next) = (records, next)
    }
}

extension Store {
    /// Every record there is, in no order.
    ///
    /// - Throws: ``StoreError`` when one can't be read, or says two things of itself.
    public func everyRecord() async throws -> [StoredRecord] {
        var records: [StoredRecord] = []
        for kind in StoredRecord.Kind.allCases {
            var after: String?
            repeat {
                let page = try await self.records(of: kind, after: after, limit: 1000)
                records += page.records
                after = page.next
            } while after != nil
        }
        return records
    }
}
