public import Authority
import Crypto
import Foundation
import StrictJSON

/// Working copies as files of one folder: the sealed text (AES-GCM, bound to its change) and, in a file of its own, its key, which
/// is overwritten before it is removed.
public struct FileWorkingCopies: WorkingCopies {
    private let folder: URL

    /// - Parameter folder: made when absent; readable by its owner only.
    public init(folder: String) throws {
        self.folder = URL(fileURLWithPath: folder)
        try FileManager.default.createDirectory(
            at: self.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    private func sealed(_ change: String) -> URL { folder.appendingPathComponent(change + ".sealed") }
    private func key(_ change: String) -> URL { folder.appendingPathComponent(change + ".key") }

    public func put(_ copy: WorkingCopy, of change: String) throws {
        let key = SymmetricKey(size: .bits256)
        let box = try AES.GCM.seal(JSONWriter.canonical(copy.json), using: key, authenticating: Array(change.utf8))
        guard let combined = box.combined else { throw StoreError(.unavailable, "a working copy can't be sealed") }
        try write(Data(combined), to: sealed(change))
        try write(key.withUnsafeBytes { Data($0) }, to: self.key(change))
    }

    private func write(_ data: Data, to file: URL) throws {
        guard FileManager.default.createFile(atPath: file.path, contents: data, attributes: [.posixPermissions: 0o600]) else {
            throw StoreError(.full, "\(file.lastPathComponent) can't be written")
        }
    }

    public func copy(of change: String) throws -> WorkingCopy? {
        // The key is written last and is the first to go.
        guard FileManager.default.fileExists(atPath: key(change).path) else { return nil }
        let (key, bytes): (Data, Data)
        do { (key, bytes) = (try Data(contentsOf: self.key(change)), try Data(contentsOf: sealed(change))) } catch {
            throw StoreError(.unavailable, "the working copy of \(change) can't be read: \(error.localizedDescription)")
        }
        do {
            let opened = try AES.GCM.open(
                try AES.GCM.SealedBox(combined: bytes), using: SymmetricKey(data: key), authenticating: Array(change.utf8))
            return try WorkingCopy(json: try JSONReader.read(Array(opened)))
        } catch { throw StoreError(.altered, "the working copy of \(change) is not what was written") }
    }

    public func destroy(_ change: String) throws {
        let key = key(change)
        if FileManager.default.fileExists(atPath: key.path) {
            let handle = try FileHandle(forWritingTo: key)
            defer { handle.closeFile() }
            try handle.write(contentsOf: Data(count: 32))
            try handle.synchronize()
        }
        for file in [key, sealed(change)] where FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.removeItem(at: file)
        }
    }

    public func changes() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return Set(names.map { String($0.prefix { $0 != "." }) }).sorted()
    }
}
