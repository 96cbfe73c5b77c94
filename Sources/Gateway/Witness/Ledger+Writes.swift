import Authority

/// What writes do to what is known.
extension Ledger {
    /// What becomes of the records.
    ///
    /// - Throws: ``StoreError`` conflict when a condition does not hold by what was written; ``GrantRefusal``.
    func changes(of writes: [Write], _ fetched: RecordMap.Fetched) throws -> [Part.Change] {
        var (changes, epoch): ([Part.Change], Int64) = ([], epoch)
        for write in writes {
            switch write {
            case .placeLock(let lock) where storedLocks[lock.key] != lock:
                changes.append(.set(.lock(lock)))
                epoch += 1
            case .liftLock(let key):
                guard let lock = locks[key] else { continue }
                guard storedLocks[key] != nil else {
                    changes.append(.drop(lock))
                    continue
                }
                changes.append(.gone(.lock(lock)))
                epoch += 1
            case .voidDecisions(let policies):
                changes.append(.inForce(policies))
                epoch += 1
            case .replaceApproval(let old, let approval):
                try require(.approval(old), fetched)
                changes += [.gone(.approval(old)), .set(try new(.approval(approval), fetched))]
            case .updateChange(let change, let old):
                try require(.change(old), fetched)
                changes.append(.set(.change(change)))
            case .recordIntent(let intent, let change): changes += try records(of: intent, change, fetched)
            default: changes += try records(of: write, fetched).map { .set($0) }
            }
        }
        return epoch == self.epoch ? changes : changes + [.set(.epoch(epoch))]
    }

    private func records(of write: Write, _ fetched: RecordMap.Fetched) throws -> [StoredRecord] {
        switch write {
        case .insertChange(let change):
            guard alike[change.sameness] == nil else {
                throw StoreError(.conflict, "a change that asks for the same waits already")
            }
            return [try new(.change(change), fetched)]
        case .insertTask(let task, let token):
            return [try new(.task(task), fetched), try new(.token(token, task: task.id), fetched)]
        case .updateTask(let task): return [.task(task)]
        case .insertApproval(let approval):
            guard try !knows(Self.word(approval), fetched) else {
                throw StoreError(.conflict, "this person has given that verdict on the change")
            }
            return [try new(.approval(approval), fetched)]
        case .putLease(let lease): return [try new(.lease(lease, ended: nil), fetched)]
        case .endLease(let id, let now): return leases[id].map { [.lease($0, ended: now)] } ?? []
        case .insertIdempotency(let record): return [try new(.idempotency(record), fetched)]
        case .placeLock, .liftLock, .voidDecisions, .replaceApproval, .updateChange, .recordIntent: return []
        }
    }

    private func records(of intent: Intent, _ change: Change, _ fetched: RecordMap.Fetched) throws -> [Part.Change] {
        guard intent.epochs.locks == epoch, intent.epochs.policies == policies else { throw GrantRefusal.stale }
        guard try !knows(StoredRecord.intent(change.id), fetched) else { throw GrantRefusal.alreadyGranted }
        // Its plan is the fresh one by now: the state says whether it may begin.
        guard open[change.id]?.state == change.state else {
            throw StoreError(.conflict, "change \(change.id) is no longer \(change.state.rawValue)")
        }
        guard refused[change.id, default: []].isEmpty else { throw StoreError(.conflict, "the change was refused") }
        return [
            .set(.change(try change.after(.began))),
            .set(.intent(change: change.id, digest: intent.digest, expires: intent.expires)),
            .set(try new(.lease(intent.lease, ended: nil), fetched)),
        ]
    }

    /// What each person may say of a change once.
    static func word(_ approval: SignedApproval) -> String {
        let statement = approval.statement
        return "word/\(statement.change) \(statement.approver) \(statement.verdict.rawValue)"
    }

    private func new(_ record: StoredRecord, _ fetched: RecordMap.Fetched) throws -> StoredRecord {
        guard try !knows(record.key, fetched) else { throw StoreError(.conflict, "\(record.key) is there already") }
        return record
    }

    /// What is replaced is what was written last.
    private func require(_ record: StoredRecord, _ fetched: RecordMap.Fetched) throws {
        guard try holds(record, fetched) else { throw StoreError(.conflict, "\(record.key) is no longer what it was") }
    }
}

extension Write {
    /// The keys of what it changes, or has a condition on.
    var keys: [String] {
        switch self {
        case .insertChange(let change), .updateChange(let change, _): [StoredRecord.change(change).key]
        case .insertTask(let task, let token): [StoredRecord.task(task).key, StoredRecord.token(token)]
        case .updateTask(let task): [StoredRecord.task(task).key]
        case .insertApproval(let approval): [StoredRecord.approval(approval).key, Ledger.word(approval)]
        case .replaceApproval(let old, let approval):
            [StoredRecord.approval(old).key, StoredRecord.approval(approval).key, Ledger.word(approval)]
        case .putLease(let lease): [StoredRecord.lease(lease, ended: nil).key]
        case .endLease(let id, _): [StoredRecord.lease(id)]
        // Of locks and of the epoch the ledger itself knows.
        case .placeLock, .liftLock, .voidDecisions: []
        case .insertIdempotency(let record): [StoredRecord.idempotency(record).key]
        case .recordIntent(let intent, let change):
            [
                StoredRecord.change(change).key, StoredRecord.intent(change.id),
                StoredRecord.lease(intent.lease, ended: nil).key,
            ]
        }
    }
}
