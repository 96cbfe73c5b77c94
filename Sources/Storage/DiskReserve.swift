import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file that takes up space so that there is some when the disk is full: for outcomes, ends of leases, refusals and locks.
final class DiskReserve: Sendable {
    static let size = 64 << 20

    private let path: String
    private let isHeld = Mutex(false)

    /// - Parameter path: of the file; on the disk that the database is on.
    init(path: String) {
        self.path = path
        _ = hold()
    }

    /// Whether the space is held back: nothing but what is essential is written while it is not.
    ///
    /// Taken again as soon as there is twice the room for it, so that it is not given and taken in turns.
    func hold() -> Bool {
        isHeld.withLock { isHeld in
            if !isHeld { isHeld = isWhole || (hasRoom && allocate()) }
            return isHeld
        }
    }

    /// Gives the space up.
    func release() {
        isHeld.withLock { $0 = false }
        unlink(path)
    }

    private var isWhole: Bool {
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        return size?.intValue == Self.size
    }

    private var hasRoom: Bool {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let free = try? FileManager.default.attributesOfFileSystem(forPath: folder)[.systemFreeSize] as? NSNumber
        return (free?.intValue ?? 0) >= 2 * Self.size
    }

    private func allocate() -> Bool {
        let file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard posix_fallocate(file, 0, off_t(Self.size)) == 0 else {
            unlink(path)
            return false
        }
        return true
    }
}
