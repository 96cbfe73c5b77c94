import Authority
import Synchronization
import TransparencyLog

/// The one who writes: what is handed in, batch by batch, with the signed checkpoints of the logs. It knows what is on disk.
///
/// What came while one batch was being written is the next. Conditions are checked here, against what the batch makes so far; only
/// who has one that does not hold fails, with what links to it. Nothing counts before it is on disk.
final class BatchWriter: Sendable {
    /// What is on disk, which everybody goes by; and what will be once the batch that is being written is.
    private struct Ledgers: Sendable {
        var known: Ledger
        var next: Ledger
    }

    private let store: any Store
    private let signed: @Sendable (LogName, LogTree) throws -> SignedCheckpoint
    private let snapshots: SnapshotKeeper
    private let now: @Sendable () -> Instant
    private let alarm: @Sendable (String) -> Void
    /// Told when the store can't be relied on in this process any more: what is on disk is known to who reads it anew.
    private let stop: @Sendable (String) -> Void
    /// Held while something is written, and by who must read while nothing is.
    private let turn = Turn()
    private let queue = CommitQueue()
    private let ledgers: Mutex<Ledgers>
    /// The entries that could not be written and nobody waited for: what links to them is not written, either. No more than were
    /// under way when that began.
    private let unwritten = Mutex<[String: any Error]>([:])
    /// Whether the last batch could not be written: then everybody waits.
    private let isFailing = Mutex(false)
    /// Why nothing is written any more; nil as long as it may be.
    private let broken = Mutex<String?>(nil)

    init(
        _ store: any Store, _ ledger: Ledger, signed: @escaping @Sendable (LogName, LogTree) throws -> SignedCheckpoint,
        snapshots: SnapshotKeeper, now: @escaping @Sendable () -> Instant, alarm: @escaping @Sendable (String) -> Void,
        stop: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.signed = signed
        self.snapshots = snapshots
        self.now = now
        self.alarm = alarm
        self.stop = stop
        ledgers = Mutex(Ledgers(known: ledger, next: ledger))
    }

    /// Asks about what is on disk.
    func known<T>(_ body: (Ledger) throws -> T) rethrows -> T { try ledgers.withLock { try body($0.known) } }

    /// Changes what counts in this process, whatever is on disk.
    func change(_ body: (inout Ledger) throws -> Void) rethrows {
        try ledgers.withLock { ledgers in
            try body(&ledgers.known)
            try body(&ledgers.next)
        }
    }

    /// While nothing else is written.
    func inTurn<T>(_ body: () async throws -> T) async rethrows -> T {
        await turn.take()
        defer { turn.pass() }
        return try await body()
    }

    // MARK: Handing in

    @discardableResult
    func commit(_ writes: [Write], entries: [LogEntry]) async throws -> [LogPosition] {
        // What takes long to write is written before its turn.
        try await wait(for: writes, try entries.map { try $0.written() })
    }

    /// What was handed in is not cut short by whoever did it going away: nobody would know what became of it.
    private func wait(for writes: [Write], _ entries: [WrittenEntry], after ids: [String] = []) async throws -> [LogPosition] {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try hand(.init(writes: writes, entries: entries, after: ids) { continuation.resume(with: $0) })
            } catch { continuation.resume(throwing: error) }
        }
    }

    /// Has entries written, and does not wait, unless the last batch found no room or could not be written. What is handed in
    /// later, links to them and is as essential, is on disk after them or not at all.
    func add(_ entries: [LogEntry]) async throws {
        guard !isFailing.withLock({ $0 }) else {
            try await commit([], entries: entries)
            return
        }
        try hand(.init(writes: [], entries: try entries.map { try $0.written() }, done: nil))
    }

    /// Waits until an entry is on disk that nobody waited for.
    ///
    /// - Throws: why it is not.
    func settle(_ id: String) async throws { _ = try await wait(for: [], [], after: [id]) }

    private func hand(_ member: CommitQueue.Member) throws(StoreError) {
        guard let isFirst = queue.add(member) else { throw StoreError(.unavailable, "too much waits to be written") }
        // On no executor of who happens to come first: what waits is everybody's.
        if isFirst { _Concurrency.Task.detached(priority: .high) { await self.write() } }
    }

    // MARK: Writing

    private func write() async {
        while true {
            let members = queue.next()
            guard !members.isEmpty else { return }
            await inTurn {
                await write(members)
                if known(\.isSnapshotDue) { await snapshot() }
            }
        }
    }

    /// Writes what it can of these, and tells each what became of it.
    ///
    /// The one commit point. What happens before it and after it is what invariant 8 rests on: an intent is on disk, with its request,
    /// its decision and its lease, before anybody can hold a grant.
    private func write(_ members: [CommitQueue.Member]) async {
        var members = members
        while !members.isEmpty {
            if let reason = broken.withLock({ $0 }) { return fail(members, StoreError(.altered, reason)) }
            let fetched = await fetched(for: members)
            // Up to here nothing of it is anywhere but in memory. A process that dies now has done nothing and promised nothing: who
            // asked may ask again. `next` is ahead of the disk, and no answer goes by it.
            guard let (batch, parts) = assemble(&members, fetched) else { return }
            do {
                // Everything or nothing: records, entries, tiles, and the checkpoints signed over them. Dying in here, the process
                // may have written it or not. Nobody was told either way, and the next start reads which; an intent that turns out
                // to be there has no effect yet, and is settled by looking at its target.
                try await store.commit(batch)
            } catch {
                guard let left = after(error, batch, members) else { return }
                members = left
                continue
            }
            // On disk. Only now does the process go by it: positions, trees and locks move on, and receipts can be made.
            isFailing.withLock { $0 = false }
            ledgers.withLock { ledgers in for part in parts { ledgers.known.take(part) } }
            // Only now is anybody told, and whoever waited for an intent gets the grant, leases and applies. Dying from here on
            // leaves an intent that says what may have been done.
            for (member, part) in zip(members, parts) { member.done?(.success(part.entries.map(\.position))) }
            return
        }
    }

    /// Tells those whose batch was not written, as far as that is known.
    ///
    /// - Returns: those to try again with; nil when there is nothing more to do.
    private func after(_ error: any Error, _ batch: StoreBatch, _ members: [CommitQueue.Member]) -> [CommitQueue.Member]? {
        if let conflict = error as? BatchConflict {
            // Certain: rolled back, and by whose fault.
            forget()
            var left = members
            let code = (conflict.reason as? StoreError)?.code
            // By all that the gateway wrote, its conditions held.
            let isKnown = code == .corrupt || code == .tooLarge
            fail([left.remove(at: conflict.member)], isKnown ? conflict.reason : altered())
            return left
        }
        guard let error = error as? StoreError, [.full, .altered, .doubtful].contains(error.code) else {
            forget()
            fail(members, error)
            return nil
        }
        guard error.code == .full else {
            // Nobody knows what is on disk, or somebody else wrote it: this process must not guess.
            fail(members, end(error.message))
            return nil
        }
        // Certain: there was no room. What ends or stops something has room kept for it.
        forget()
        fail(batch.isEssential ? members : members.filter { !$0.isEssential }, error)
        return batch.isEssential ? nil : members.filter(\.isEssential)
    }

    /// Works out what the members come to, in order. Whose conditions don't hold is told so and left out, with whoever links to it.
    ///
    /// - Returns: nil where nothing is left to write.
    private func assemble(_ members: inout [CommitQueue.Member], _ fetched: RecordMap.Fetched) -> (
        batch: StoreBatch, parts: [Ledger.Part]
    )? {
        var (kept, parts): ([CommitQueue.Member], [Ledger.Part]) = ([], [])
        var failed: [(CommitQueue.Member, any Error)] = []
        var lost = unwritten.withLock { $0 }
        let (before, after) = ledgers.withLock { ledgers in
            for member in members {
                do {
                    if let error = member.reason(among: lost) { throw error }
                    let part = try ledgers.next.part(member.writes, member.entries, fetched) { number in
                        try LogEntry(.state, id: "state-\(number)", time: now()).written()
                    }
                    ledgers.next.take(part)
                    parts.append(part)
                    kept.append(member)
                } catch {
                    if (error as? StoreError)?.code == .altered { alarm("\(error)") }
                    failed.append((member, error))
                    for id in member.ids { lost[id] = error }
                }
            }
            return (ledgers.known.trees, ledgers.next.trees)
        }
        members = kept
        for (member, error) in failed { fail([member], error) }
        guard !kept.isEmpty else { return nil }
        do { return (try batch(kept, parts, before, after), parts) } catch {
            forget()
            fail(kept, error)
            return nil
        }
    }

    private func batch(
        _ members: [CommitQueue.Member], _ parts: [Ledger.Part], _ before: [LogName: LogTree], _ after: [LogName: LogTree]
    ) throws -> StoreBatch {
        let entries = parts.enumerated().flatMap { number, part in
            part.entries.map { StoreBatch.Entry(position: $0.position, $0.written, member: number) }
        }
        let logs = try LogName.allCases.compactMap { log -> StoreBatch.Log? in
            let (old, new) = (before[log] ?? LogTree(), after[log] ?? LogTree())
            guard new.size > old.size else { return nil }
            // Of a tile that several changed, the last is all of it.
            let tiles = Dictionary(parts.flatMap { $0.tiles[log] ?? [] }.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
            return StoreBatch.Log(
                log, tiles: tiles.values.sorted { ($0.id.level, $0.id.index) < ($1.id.level, $1.id.index) },
                head: try signed(log, new).note, before: old.size)
        }
        return StoreBatch(
            members: members.map(\.writes), entries: entries, logs: logs, isEssential: members.allSatisfy(\.isEssential))
    }

    /// What must be known of older records to write these. Where that can't be read, who needs it finds it missing.
    private func fetched(for members: [CommitQueue.Member]) async -> RecordMap.Fetched {
        let keys = members.reduce(into: Set()) { $0.formUnion(Ledger.keys(of: $1.writes, $1.entries)) }
        return (try? await fetched(for: keys)) ?? .nothing
    }

    /// What must be known of older records to know of those with these keys.
    func fetched(for keys: Set<String>) async throws -> RecordMap.Fetched {
        // On copies: hashing must not hold up who asks for a lock or a task.
        let numbers = known(\.map).needed(for: keys)
        guard !numbers.isEmpty else { return .nothing }
        let buckets = try await store.buckets(numbers)
        return known(\.map).check(buckets, of: numbers)
    }

    /// Keeps a snapshot, so that the next start need not read what came before it. What can't be kept now is kept later.
    func snapshot() async {
        guard broken.withLock({ $0 }) == nil else { return }
        do {
            let map = try await snapshots.keep(known { $0 })
            change { $0.settle(map) }
        } catch let error as StoreError where error.code == .altered {
            _ = await distrust(error.message)
        } catch let error as StoreError where error.code == .doubtful {
            _ = end(error.message)
        } catch { change { $0.settle(nil) } }
    }

    /// Nothing of what was being written came about.
    private func forget() {
        isFailing.withLock { $0 = true }
        ledgers.withLock { $0.next = $0.known }
    }

    private func fail(_ members: [CommitQueue.Member], _ error: any Error) {
        for member in members {
            if let done = member.done {
                done(.failure(error))
            } else {
                unwritten.withLock { unwritten in for id in member.ids { unwritten[id] = error } }
            }
        }
    }

    /// Nothing is written by this process any more, and the next start goes by nothing but the logs.
    func distrust(_ reason: String) async -> StoreError {
        broken.withLock { $0 = $0 ?? reason }
        // Where that can't be done, the next start finds the same again.
        try? await withDeadline(.seconds(2)) { [store] in try await store.forgetSnapshot() }
        return end(reason)
    }

    /// Nothing is written by this process any more.
    private func end(_ reason: String) -> StoreError {
        broken.withLock { $0 = $0 ?? reason }
        alarm(reason)
        stop(reason)
        return StoreError(.altered, reason)
    }

    /// A condition did not hold that by all that was written holds.
    private func altered() -> StoreError {
        alarm("a record of a batch in the store is not what the gateway wrote; it is not used")
        return StoreError(.altered, "a record of this batch is not what was written")
    }
}
