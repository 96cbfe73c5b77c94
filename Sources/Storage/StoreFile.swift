public import Authority
import Foundation

/// The store in a gateway's state folder. What kind of store that is, nobody else knows.
public enum StoreFile {
    private static func path(_ folder: String) -> String { folder + "/exequatur.sqlite" }

    /// Whether there is one.
    public static func isThere(in folder: String) -> Bool { FileManager.default.fileExists(atPath: path(folder)) }

    /// Opens it, making it when absent. One process at a time may.
    ///
    /// - Throws: ``StoreError``.
    public static func open(in folder: String) throws -> any Store { try SQLiteStore(path: path(folder)) }

    /// Opens one that is there for reading, as an auditor does: all that is read is of one moment, whatever is written meanwhile.
    ///
    /// - Throws: ``StoreError``.
    public static func read(in folder: String) throws -> any Store { try SQLiteStore(reading: path(folder)) }
}
