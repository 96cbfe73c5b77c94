public import StrictJSON

/// What an entry of the logs says: one closed set, written and read in one place. Bytes of the log are never rewritten: whoever
/// changes a record's shape raises ``LogRecord/version`` and keeps the reader of the shape before.
public enum LogRecord: Sendable {
    case request(RequestRecord)
    /// A person's signed word on a change.
    case approval(SignedApproval)
    case task(Task)
    case taskEnd
    case lock(LockRecord)
    case unlock(LockRecord)
    case adoption(AdoptionRecord)
    /// The workloads and people registered, with their keys.
    case registry(RegistryRecord)
    case policies(PoliciesRecord)
    case decision(DecisionRecord)
    /// What could not be decided on, and so was denied.
    case denial(FailureRecord)
    case intent(IntentRecord)
    case effect(EffectRecord)
    case outcome(OutcomeRecord)
    /// What a read disclosed, by its digest.
    case read(disclosed: Digest?)
    case failure(FailureRecord)
    case drift(DriftRecord)
    case alarm(AlarmRecord)
    /// A value was shown, once, to this person.
    case disclosure(to: String)
    /// This person read what the agent claims of a change.
    case opening(by: String)
    /// A batch that changes records and says nothing else.
    case state
    /// The first entry of a log that goes on from one that an earlier version left: the checkpoint that that one was closed with.
    case succession(LogName, checkpoint: String)

    /// The version that is written.
    public static let version: Int64 = 3

    /// The versions that there are readers for.
    static let readable: Set<Int64> = [2, 3]

    /// What happened, as entries name it. A `part` is a piece of a long body and no record by itself.
    public enum Kind: String, Sendable, CaseIterable {
        case request, approval, task, lock, unlock, adoption, registry, policies, decision, denial, intent, effect, outcome, read,
            failure, drift, alarm, disclosure, opening, state, succession, part
        case taskEnd = "task-end"
    }

    public var kind: Kind {
        switch self {
        case .request: .request
        case .approval: .approval
        case .task: .task
        case .taskEnd: .taskEnd
        case .lock: .lock
        case .unlock: .unlock
        case .adoption: .adoption
        case .registry: .registry
        case .policies: .policies
        case .decision: .decision
        case .denial: .denial
        case .intent: .intent
        case .effect: .effect
        case .outcome: .outcome
        case .read: .read
        case .failure: .failure
        case .drift: .drift
        case .alarm: .alarm
        case .disclosure: .disclosure
        case .opening: .opening
        case .state: .state
        case .succession: .succession
        }
    }

    /// The log it belongs to.
    var log: LogName {
        switch self {
        case .request, .approval, .task, .taskEnd, .lock, .unlock, .adoption: .requests
        case .registry, .policies, .decision, .denial: .decisions
        case .intent, .effect, .outcome, .read, .failure, .drift, .alarm, .disclosure, .opening, .state: .actions
        case .succession(let log, _): log
        }
    }

    /// Whether it is written even on a full disk: it ends or stops something, or tells people of it.
    var isEssential: Bool {
        switch self {
        case .alarm, .drift, .lock, .unlock, .taskEnd, .succession: true
        case .approval(let approval): approval.statement.verdict == .refuse
        default: false
        }
    }

    // MARK: One writer, one reader

    var body: JSONValue {
        switch self {
        case .request(let record): record.json
        case .approval(let approval): approval.json
        case .task(let task): task.json
        case .taskEnd, .state: [:]
        case .lock(let record), .unlock(let record): record.json
        case .adoption(let record): record.json
        case .registry(let record): record.json
        case .policies(let record): record.json
        case .decision(let record): record.json
        case .denial(let record), .failure(let record): record.json
        case .intent(let record): record.json
        case .effect(let record): record.json
        case .outcome(let record): record.json
        case .read(let digest): ["disclosed": digest.map { .string($0.hex) } ?? .null]
        case .drift(let record): record.json
        case .alarm(let record): record.json
        case .disclosure(let person): ["to": .string(person)]
        case .opening(let person): ["by": .string(person)]
        case .succession(let log, let checkpoint): ["log": .string(log.rawValue), "checkpoint": .string(checkpoint)]
        }
    }

    /// Reads a record of the version that is written now. It is data about what was, and gives nobody anything.
    ///
    /// - Throws: ``ShapeError`` and what the parts throw.
    public init(_ kind: Kind, _ body: JSONValue, version: Int64 = LogRecord.version) throws {
        // Each version has its reader here, and keeps it.
        guard Self.readable.contains(version) else {
            throw ShapeError(.invalid, at: "/v", "there is no reader for version \(version)")
        }
        switch kind {
        case .request: self = .request(try RequestRecord(json: body))
        case .approval: self = .approval(try SignedApproval(json: body))
        case .task: self = .task(try Task(json: body))
        case .taskEnd, .state:
            try Fields(body).end()
            self = kind == .state ? .state : .taskEnd
        case .lock: self = .lock(try LockRecord(json: body))
        case .unlock: self = .unlock(try LockRecord(json: body))
        case .adoption: self = .adoption(try AdoptionRecord(json: body))
        case .registry: self = .registry(try RegistryRecord(json: body))
        case .policies: self = .policies(try PoliciesRecord(json: body))
        case .decision: self = .decision(try DecisionRecord(json: body))
        case .denial: self = .denial(try FailureRecord(json: body))
        case .failure: self = .failure(try FailureRecord(json: body))
        case .intent: self = .intent(try IntentRecord(json: body))
        case .effect: self = .effect(try EffectRecord(json: body))
        case .outcome: self = .outcome(try OutcomeRecord(json: body))
        case .read:
            let digest = try Self.one("disclosed", body)
            self = .read(disclosed: digest == .null ? nil : try Digest(json: digest, at: "/disclosed"))
        case .drift: self = .drift(try DriftRecord(json: body))
        case .alarm: self = .alarm(try AlarmRecord(json: body))
        case .disclosure: self = .disclosure(to: try Self.person("to", body))
        case .opening: self = .opening(by: try Self.person("by", body))
        case .succession:
            var fields = try Fields(body)
            guard let log = LogName(rawValue: try fields.string("log")) else {
                throw ShapeError(.invalid, at: "/log", "not a log")
            }
            self = .succession(log, checkpoint: try fields.string("checkpoint"))
            try fields.end()
        case .part: throw ShapeError(.invalid, at: "", "a part is no record by itself")
        }
    }

    /// The only member of a body.
    private static func one(_ key: String, _ body: JSONValue) throws -> JSONValue {
        var fields = try Fields(body)
        let value = try fields.required(key)
        try fields.end()
        return value
    }

    private static func person(_ key: String, _ body: JSONValue) throws -> String {
        guard let person = try one(key, body).string else {
            throw ShapeError(.wrongType, at: "/" + key, "a string belongs here")
        }
        return person
    }
}
