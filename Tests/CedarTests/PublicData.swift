import Foundation
import StrictJSON

/// The public test data: in `$EXEQUATUR_DATA`, by default `../shared/data`.
enum PublicData {
    static var root: URL {
        let path = ProcessInfo.processInfo.environment["EXEQUATUR_DATA"].flatMap { $0.isEmpty ? nil : $0 } ?? "../shared/data"
        return URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: FileManager.default.currentDirectoryPath))
    }

    /// Whether the file is there; when not, says so once and what to set.
    static func has(_ name: String) -> Bool {
        let isThere = FileManager.default.fileExists(atPath: root.appendingPathComponent(name).path)
        if !isThere { print("notice: \(name) is not under \(root.path); skipped (set EXEQUATUR_DATA)") }
        return isThere
    }

    /// Unpacks an archive into a fresh folder.
    static func unpack(_ name: String) throws -> URL {
        let archive = root.appendingPathComponent(name)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("exequatur-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["xzf", archive.path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        guard tar.terminationStatus == 0 else { throw CocoaError(.fileReadCorruptFile) }
        return folder
    }

    /// The files below a folder whose names end so, in order.
    static func files(in folder: URL, ending suffix: String) throws -> [URL] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return all.filter { $0.path.hasSuffix(suffix) }.sorted { $0.path < $1.path }
    }

    static func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }

    static func json(_ url: URL) throws -> JSONValue {
        try JSONReader.read(Data(contentsOf: url), limits: .init(depth: 256, bytes: 64 << 20))
    }
}
