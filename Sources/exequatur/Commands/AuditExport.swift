import ArgumentParser
import Authority
import Foundation
import Storage
import TransparencyLog

extension Audit {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the logs as files that any verifier of transparency logs reads (c2sp.org/tlog-tiles).",
            discussion: """
                For each log a folder: `checkpoint`, `tile/<L>/<N>` with hashes and `tile/entries/<N>` with entries, as they stand \
                in the store; and in `blobs` the bodies that entries name by their digest. Nothing is checked here: that is the \
                verifier's work.
                """)
        @Option(help: "The gateway's state folder, or a copy of it.") var state: String
        @Argument(help: "The folder to write, which must not be there yet.") var folder: String

        func run() async throws {
            let store = try Files.store(in: state)
            guard !FileManager.default.fileExists(atPath: folder) else {
                throw Problem("\(folder) is there already: name a folder that is not")
            }
            if try await store.closedLogs() != nil {
                print("logs that an earlier version left are not among them: see `audit verify` and `audit show`")
            }
            for log in LogName.allCases {
                guard let note = try await store.head(log) else {
                    print("\(log.rawValue): no checkpoint, and so nothing to write")
                    continue
                }
                let size = try await store.logSize(log)
                try write(Data(note.utf8), "\(log.rawValue)/checkpoint")
                for path in TilePath.all(size: size) {
                    let bytes = try await bytes(path, of: log, size, store)
                    try write(Data(bytes), "\(log.rawValue)/tile/\(path)")
                }
                print("\(log.rawValue): \(size) entries")
            }
        }

        private func bytes(_ path: TilePath, of log: LogName, _ size: Int64, _ store: any Store) async throws -> [UInt8] {
            let start = path.index * 256
            guard let level = path.level else {
                let entries = try await store.entries(log, in: start..<(start + Int64(path.width)))
                for digest in try entries.compactMap({ try LoggedEntry(bytes: $0).blob }) {
                    if let blob = try await store.blob(digest) { try write(Data(blob), "blobs/\(digest)") }
                }
                guard let bundle = TilePath.bundle(entries) else {
                    throw Problem("an entry of the \(log.rawValue) log is longer than any that was written")
                }
                return bundle
            }
            let id = TileID(level: level, index: path.index)
            if let tile = try await store.tiles([id], of: log)[id] { return tile.bytes }
            // The tile at the edge of the leaves is not kept: its entries tell it.
            return try await store.entries(log, in: start..<(start + Int64(path.width))).flatMap { Hash.leaf($0).bytes }
        }

        private func write(_ data: Data, _ path: String) throws {
            let file = URL(fileURLWithPath: folder).appendingPathComponent(path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file)
        }
    }
}
