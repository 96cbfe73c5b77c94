import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// Places where a debug build can be told to die, so that tests can kill it at each step. Release builds have none.
enum Failpoint {
    /// Kills the process when `EXEQUATUR_FAILPOINT` names this place.
    static func reach(_ name: String) {
        #if DEBUG
            if ProcessInfo.processInfo.environment["EXEQUATUR_FAILPOINT"] == name { kill(getpid(), SIGKILL) }
        #endif
    }
}
