public import Authority
import Crypto
import Foundation
import StrictJSON

/// Working copies as files of one folder: the sealed text (AES-GCM, bound to its change) and, apart from it, its key. Whoever
/// copies the folder without the keys has nothing; a key is overwritten before its file is removed.
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
        guard let key = try? Data(contentsOf: key(change)), let bytes = try? Data(contentsOf: sealed(change)) else { return nil }
        do {
            let opened = try AES.GCM.open(
                try AES.GCM.SealedBox(combined: bytes), using: SymmetricKey(data: key), authenticating: Array(change.utf8))
            return try WorkingCopy(json: try JSONReader.read(Array(opened)))
        } catch { throw StoreError(.altered, "the working copy of \(change) is not what was written") }
    }

    public func destroy(_ change: String) throws {
        let key = key(change)
        if let handle = try? FileHandle(forWritingTo: key) {
            try handle.write(contentsOf: Data(count: 32))
            try handle.synchronize()
            try handle.close()
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
