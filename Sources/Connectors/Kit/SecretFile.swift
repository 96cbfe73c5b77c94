import Foundation
import Glibc

/// What is wrong with a file that a person named.
public struct FileProblem: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Files with secrets in them.
public enum SecretFile {
    /// Refuses a file with a secret in it that others than its owner may read or change. Root's may be read by a group: that is
    /// how secrets are mounted.
    public static func requirePrivate(_ path: String) throws {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved),
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue,
            let owner = (attributes[.ownerAccountID] as? NSNumber)?.uint32Value
        else { throw FileProblem("\(path) can't be read: does it exist?") }
        guard owner == geteuid() || owner == 0 else {
            throw FileProblem("\(path) holds a secret and belongs to another user: chown it to the one who runs this")
        }
        guard mode & (owner == 0 ? 0o037 : 0o077) == 0 else {
            throw FileProblem("\(path) holds a secret and is open to others: chmod 600 \(path)")
        }
    }

    /// The secret that stands in a file, without the line's end.
    ///
    /// - Throws: ``FileProblem`` when others may read it, or it is empty.
    public static func text(_ path: String) throws -> String {
        try requirePrivate(path)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines), !text.isEmpty
        else {
            throw FileProblem("\(path) holds no secret: it can't be read, or is empty")
        }
        return text
    }
}
