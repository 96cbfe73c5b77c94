import ArgumentParser
import Authority
import Foundation
import Gateway
import Storage
import StrictJSON

extension Audit {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reconstruct a change: prompt, call, decisions, approvals, action, objects touched.")
        @Argument(help: "The change's id.") var change: String
        @Option(help: "The gateway's state folder, or a copy of it.") var state: String
        @Option(help: "The key that opens sealed prompts: seal.key.") var sealKey: String?
        @Flag(help: "Print the entries as JSON lines.") var json = false

        private struct Found {
            let position: LogPosition
            let bytes: [UInt8]
            let entry: LoggedEntry
            let logs: any StoredLogs
        }

        func run() async throws {
            let store = try Files.store(in: state)
            let entries = try await chain(store)
            guard !entries.isEmpty else { throw Problem("no entry of the logs is about \(change)") }
            for found in entries {
                if json {
                    Swift.print(Terminal.json(try JSONReader.read(found.bytes, limits: LogEntry.reading)))
                } else {
                    try print(found, try await record(of: found, store))
                }
            }
        }

        /// The entries about the change and about the request that made it, in the order they were written.
        private func chain(_ store: any Store) async throws -> [Found] {
            var entries = try await chain(store, store)
            if let closed = try await store.closedLogs() { entries += try await chain(store, closed) }
            let order: [LogName: Int] = [.requests: 0, .decisions: 1, .actions: 2]
            return entries.sorted { a, b in
                let (x, y) = (a.position, b.position)
                return a.entry.time != b.entry.time
                    ? a.entry.time < b.entry.time : (order[x.log] ?? 0, x.index) < (order[y.log] ?? 0, y.index)
            }
        }

        private func chain(_ store: any Store, _ logs: any StoredLogs) async throws -> [Found] {
            var positions = try await logs.positions(linkedTo: change)
            if let request = try await store.change(change)?.request { positions += try await logs.positions(linkedTo: request) }
            var seen: Set<LogPosition> = []
            var entries: [Found] = []
            for position in positions where seen.insert(position).inserted {
                let bytes = try await logs.entries(position.log, in: position.index..<(position.index + 1))
                entries += try bytes.map { Found(position: position, bytes: $0, entry: try LoggedEntry(bytes: $0), logs: logs) }
            }
            return entries
        }

        private func record(of found: Found, _ store: any Store) async throws -> LogRecord {
            var texts: [String: String] = [:]
            for id in found.entry.parts {
                guard let position = try await found.logs.position(ofEntry: id) else { continue }
                let bytes = try await found.logs.entries(position.log, in: position.index..<(position.index + 1)).first
                texts[id] = try bytes.flatMap { try LoggedEntry(bytes: $0).text }
            }
            let blob = if let digest = found.entry.blob { try await store.blob(digest) } else { [UInt8]?.none }
            return try found.entry.record(parts: texts, blob: blob)
        }

        private func print(_ found: Found, _ record: LogRecord) throws {
            let place = Terminal.styled("\(found.position.log.rawValue)/\(found.position.index)", .dim)
            let time = Terminal.time(found.entry.time.milliseconds)
            Swift.print("\(time)  \(Terminal.styled(found.entry.kind.rawValue, .bold))  \(place)")
            for line in try lines(record, found.entry.id) where !line.isEmpty {
                Swift.print("    " + Printable.text(line, limit: 4000))
            }
        }

        private func lines(_ record: LogRecord, _ id: String) throws -> [String] {
            switch record {
            case .request(let request):
                let texts = request.evidence
                return [
                    "\(request.principal) asked for \(request.operation) on \(request.system) by \(request.door)",
                    "input: \(Terminal.json(request.input))",
                    "prompt: \(try open(texts.prompt, id))", "justification: \(try open(texts.justification, id))",
                    "classification: \(try open(texts.classification, id))",
                ]
            case .decision(let decision):
                let decided = decision.decided
                return [
                    "\(decided.verdict.rawValue) by policies [\(decided.policies.joined(separator: ", "))]",
                    "policy set \(decided.epochs.policies)", decision.reason ?? "",
                ]
            case .approval(let approval):
                let statement = approval.statement
                return [
                    "\(statement.verdict.rawValue) by \(statement.approver), over the terms \(statement.terms)",
                    "shown \(statement.assessment), demanded \(statement.requirement)",
                    statement.reason.map { "reason: \($0)" } ?? "",
                ]
            case .adoption(let adoption): return ["by \(adoption.by), with the terms \(adoption.terms)"]
            case .intent(let intent): return ["terms \(intent.terms)"]
            case .outcome(let outcome):
                return [([outcome.state.rawValue] + [outcome.reason].compactMap { $0 }).joined(separator: " ")]
            case .effect(let effect): return [effect.account.map { "done with \($0)" } ?? ""] + effect.objects.map(Self.object)
            case .failure(let failure), .denial(let failure): return ["\(failure.message) [\(failure.code)]"]
            case .alarm(let alarm): return [alarm.message, Terminal.json(alarm.details)]
            case .lock(let lock), .unlock(let lock): return ["\(lock.scope.rawValue) \(lock.subject), by \(lock.by)"]
            case .disclosure(let person): return ["to \(person)"]
            case .opening(let person): return ["what the agent claims was read by \(person)"]
            case .read(let digest): return [digest.map { "disclosed \($0)" } ?? "disclosed nothing"]
            case .task(let task): return ["\(task.id) of \(task.holder), for \(task.purpose)"]
            case .succession(_, let checkpoint): return checkpoint.split(separator: "\n").map(String.init)
            case .taskEnd, .registry, .policies, .drift, .state: return []
            }
        }

        private static func object(_ value: TouchedValue) -> String {
            let (before, after) = (value.before.joined(separator: ", "), value.after.joined(separator: ", "))
            return "\(value.name) \(value.attribute): [\(before)] → [\(after)]"
        }

        private func open(_ sealed: SealedText, _ request: String) throws -> String {
            guard case .asClaimed = sealed else { return "not supplied" }
            guard let sealKey else { return "sealed (--seal-key opens it)" }
            return "as claimed: \(try Sealer.open(sealed, request: request, key: try KeyFiles.opening(sealKey)) ?? "")"
        }
    }
}
