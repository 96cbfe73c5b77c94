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

        func run() async throws {
            let store = try Files.store(in: state)
            let entries = try await chain(store)
            guard !entries.isEmpty else { throw Problem("no entry of the logs is about \(change)") }
            for (position, entry) in entries {
                if json { Swift.print(Terminal.json(entry)) } else { try print(position, entry) }
            }
        }

        /// The entries about the change and about the request that made it, in the order they were written.
        private func chain(_ store: SQLiteStore) async throws -> [(LogPosition, JSONValue)] {
            var positions = try await store.positions(linkedTo: change)
            if let request = try await store.change(change)?.request { positions += try await store.positions(linkedTo: request) }
            var seen: Set<LogPosition> = []
            var entries: [(LogPosition, JSONValue)] = []
            for position in positions where seen.insert(position).inserted {
                let bytes = try await store.entries(position.log, in: position.index..<(position.index + 1))
                entries += try bytes.map { (position, try JSONReader.read($0, limits: LogEntry.reading)) }
            }
            let order: [LogName: Int] = [.requests: 0, .decisions: 1, .actions: 2]
            return entries.sorted { a, b in
                let (x, y) = (a.1["time"]?.integer ?? 0, b.1["time"]?.integer ?? 0)
                return x != y ? x < y : (order[a.0.log] ?? 0, a.0.index) < (order[b.0.log] ?? 0, b.0.index)
            }
        }

        private func print(_ position: LogPosition, _ entry: JSONValue) throws {
            let kind = entry["kind"]?.string ?? "?"
            let place = Terminal.styled("\(position.log.rawValue)/\(position.index)", .dim)
            Swift.print("\(Terminal.time(entry["time"]?.integer ?? 0))  \(Terminal.styled(kind, .bold))  \(place)")
            for line in try lines(kind, entry["body"] ?? [:], entry["id"]?.string ?? "") {
                Swift.print("    " + Printable.text(line, limit: 4000))
            }
        }

        private func lines(_ kind: String, _ body: JSONValue, _ id: String) throws -> [String] {
            switch kind {
            case "request":
                let evidence = try ["prompt", "justification", "classification"].map { "\($0): \(try open(body[$0] ?? [:], id))" }
                return [
                    "\(text(body["principal"])) asked for \(text(body["operation"])) on \(text(body["system"])) by \(text(body["door"]))",
                    "input: \(Terminal.json(body["input"] ?? [:]))",
                ] + evidence
            case "decision":
                let decision = body["decision"] ?? [:]
                return [
                    "\(text(decision["verdict"])) by policies \(list(decision["policies"]))",
                    "policy set \(text(decision["epochs"]?["policies"]))",
                ]
            case "approval":
                let statement = (body["statement"]?.string).flatMap { try? ApprovalStatement(text: $0) }
                return [
                    "\(statement?.verdict.rawValue ?? "?") by \(statement?.approver ?? "?"), over the digest \(statement?.plan.hex ?? "?")"
                ]
            case "intent": return ["digest \(text(body["digest"]))"]
            case "outcome":
                return ["\(text(body["state"])) \(text(body["reason"]))".trimmingCharacters(in: .whitespaces)]
            case "effect":
                return (body["lease"].map { ["done with \(text($0))"] } ?? []) + (body["objects"]?.array ?? []).map(object)
            default: return [Terminal.json(body)]
            }
        }

        private func object(_ value: JSONValue) -> String {
            "\(text(value["name"])) \(text(value["attribute"])): \(list(value["before"])) → \(list(value["after"]))"
        }

        private func open(_ sealed: JSONValue, _ request: String) throws -> String {
            guard sealed["state"]?.string == "as claimed" else { return "not supplied" }
            guard let sealKey else { return "sealed (--seal-key opens it)" }
            return "as claimed: \(try Sealer.open(sealed, request: request, key: try KeyFiles.opening(sealKey)) ?? "")"
        }

        private func text(_ value: JSONValue?) -> String { value?.string ?? "" }
        private func list(_ value: JSONValue?) -> String {
            "[" + (value?.array ?? []).compactMap(\.string).joined(separator: ", ") + "]"
        }
    }
}
