public import TransparencyLog

/// What is written at once: all of it, or nothing. Several may share a batch, each with writes whose conditions are its own.
public struct StoreBatch: Sendable {
    /// An entry with its place.
    public struct Entry: Sendable {
        public let position: LogPosition
        public let written: WrittenEntry
        /// Whose it is.
        public let member: Int

        public init(position: LogPosition, _ written: WrittenEntry, member: Int) {
            self.position = position
            self.written = written
            self.member = member
        }
    }

    /// What becomes of a log.
    public struct Log: Sendable {
        public let name: LogName
        /// Those that are kept anew.
        public let tiles: [Tile]
        /// The checkpoint as it is signed then.
        public let head: String
        /// How many entries it must have had, or nothing is written.
        public let before: Int64

        public init(_ name: LogName, tiles: [Tile], head: String, before: Int64) {
            self.name = name
            self.tiles = tiles
            self.head = head
            self.before = before
        }
    }

    /// The writes of each member, in order.
    public let members: [[Write]]
    public let entries: [Entry]
    public let logs: [Log]
    /// Whether it is written even where there is no room for anything else: every member ends or stops something.
    public let isEssential: Bool

    public init(members: [[Write]], entries: [Entry], logs: [Log], isEssential: Bool) {
        self.members = members
        self.entries = entries
        self.logs = logs
        self.isEssential = isEssential
    }
}

/// A condition of one member of a batch did not hold: nothing of the batch was written.
public struct BatchConflict: Error {
    public let member: Int
    /// A ``StoreError`` conflict, or a ``GrantRefusal``; ``StoreError`` `corrupt` or `tooLarge` for what the store would not take of
    /// this member, whatever its conditions.
    public let reason: any Error

    public init(member: Int, _ reason: any Error) {
        self.member = member
        self.reason = reason
    }
}
