import ArgumentParser
import Authority
import Foundation
import StrictJSON

extension Changes {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the changes that wait, oldest first; with --state others, newest first.")
        @Option(help: "waiting, all, or a state such as executed or void.") var state = "waiting"
        @Option(help: "Only what this workload asked for.") var workload: String?
        @Option(help: "Only changes of this system.") var system: String?
        @Option(name: .customLong("for"), help: "Only what was asked for on behalf of this person, or by them.") var behalf:
            String?
        @Option(help: "Only what was asked for so long ago, such as 30m, 4h or 2d.") var olderThan: String?
        @Option(help: "At most so many.") var limit = 1000
        @OptionGroup var options: PersonOptions

        func validate() throws {
            guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 1000000") }
            if let olderThan, Self.seconds(olderThan) == nil {
                throw ValidationError("--older-than is a number of minutes, hours or days, such as 30m, 4h or 2d")
            }
        }

        func run() async throws {
            let (found, isCut) = try await options.client().session(read)
            guard !options.json else { return print(Terminal.json(["changes": .array(found), "more": .bool(isCut)])) }
            let rows = try found.map { try ChangeRow(json: $0) }
            guard !rows.isEmpty else { return print(state == "waiting" ? "Nothing waits." : "There are none.") }
            let table = [["CHANGE", "ASKED", "STATE", "WHAT", "ON", "BY", "NEEDS"]] + rows.map(Self.cells)
            print(Terminal.holds(table) ? Terminal.table(table) : table.dropFirst().map(Self.stacked).joined(separator: "\n"))
            for row in rows where !row.takeover.isEmpty && row.state == .proposed {
                let targets = row.takeover.map { Printable.text($0) }.joined(separator: ", ")
                print(Terminal.wrapped("\(row.id) would make takeable: \(targets)", "", .red))
            }
            if isCut { print("There are more: --limit \(limit * 10) shows them.") }
        }

        private static func cells(_ row: ChangeRow) -> [String] {
            let waits = row.state == .proposed ? " (\(row.wait.rawValue))" : ""
            return [
                row.id, Terminal.time(row.created.milliseconds),
                row.state.rawValue + waits + (row.reason.map { " (\($0))" } ?? ""), row.sentence, row.system,
                row.requester.id + (row.delegator.map { " for \($0)" } ?? ""), row.needs ?? "",
            ].map { Printable.text($0) }
        }

        /// One below the other what the terminal does not hold side by side.
        private static func stacked(_ cells: [String]) -> String {
            let needs = cells[6].isEmpty ? "" : "; needs \(cells[6])"
            return [
                Terminal.styled(cells[..<3].joined(separator: "  "), .bold), Terminal.wrapped(cells[3], "  "),
                Terminal.wrapped("on \(cells[4]), by \(cells[5])\(needs)", "  "),
            ].joined(separator: "\n")
        }

        static func seconds(_ text: String) -> Int64? {
            guard let unit = text.last.flatMap({ ["m": Int64(60), "h": 3600, "d": 86_400][$0] }),
                let count = Int64(text.dropLast()),
                (0...10_000).contains(count)
            else { return nil }
            return count * unit
        }

        private func query(after next: String?) -> String {
            let parts: [(String, String?)] = [
                ("state", state), ("workload", workload), ("system", system), ("person", behalf),
                ("olderThan", olderThan.flatMap(Self.seconds).map { "\($0)" }), ("after", next),
            ]
            let said = parts.compactMap { name, value in
                value.flatMap { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) }.map { "\(name)=\($0)" }
            }
            return said.joined(separator: "&")
        }

        /// Page by page: nothing falls off.
        private func read(_ session: PeopleSession) async throws -> (found: [JSONValue], isCut: Bool) {
            var (found, next): ([JSONValue], String?) = ([], nil)
            repeat {
                let page = try await session.call(.get, "changes?" + query(after: next))
                found += page["changes"]?.array ?? []
                next = page["next"]?.string
            } while next != nil && found.count < limit
            return (Array(found.prefix(limit)), next != nil || found.count > limit)
        }
    }
}
