public import Authority
public import StrictYAML

/// One kind of system that can stand behind the gateway: how its part of the configuration is read, and what comes of it.
public struct ConnectorKind: Sendable {
    /// As `kind:` in the configuration names it.
    public let name: String
    /// Takes the kind's own fields of a system; what it does not take is refused.
    ///
    /// It throws what is wrong, with its line.
    public let read: @Sendable (inout YAMLFields, SystemContext) throws -> ConfiguredSystem
    /// Takes the same fields, for a kind whose systems say themselves what they offer; nil for all others.
    public let importer: (@Sendable (inout YAMLFields, SystemContext) throws -> any CatalogueImport)?

    public init(
        _ name: String,
        importer: (@Sendable (inout YAMLFields, SystemContext) throws -> any CatalogueImport)? = nil,
        read: @escaping @Sendable (inout YAMLFields, SystemContext) throws -> ConfiguredSystem
    ) {
        self.name = name
        self.read = read
        self.importer = importer
    }
}

/// Asks a system what it offers, and writes that down.
public protocol CatalogueImport: Sendable {
    /// - Returns: what was found, in the order of the catalogue.
    func run() async throws -> [ImportFinding]
}

/// One thing that a system offers.
public struct ImportFinding: Sendable {
    public enum State: String, Sendable { case new, unclassified, same, changed, gone, unusable }

    public let name: String
    public let kind: String
    public let state: State
    /// The digest that its classification is bound to; nil for what is gone.
    public let pinned: String?
    /// What differs, or why it can't be offered.
    public let notes: [String]

    public init(name: String, kind: String, state: State, pinned: String?, notes: [String]) {
        self.name = name
        self.kind = kind
        self.state = state
        self.pinned = pinned
        self.notes = notes
    }
}

/// What is known of a system before its kind reads its fields.
public struct SystemContext: Sendable {
    public let system: String
    /// Seconds that each call may take.
    public let timeout: Int
    /// The path of a file that the configuration names, which may be relative to it.
    public let resolve: @Sendable (String) -> String
    public let now: @Sendable () -> Instant

    public init(
        system: String, timeout: Int, resolve: @escaping @Sendable (String) -> String, now: @escaping @Sendable () -> Instant
    ) {
        self.system = system
        self.timeout = timeout
        self.resolve = resolve
        self.now = now
    }
}

/// A system as its configuration was read: nothing of it is reached yet.
public struct ConfiguredSystem: Sendable {
    /// What can be asked of it.
    public let catalogue: Catalogue
    /// Rules for its relations, besides the shipped ones: each file's name and text.
    public let rules: [(name: String, text: String)]
    /// Why it can't be looked at yet, when that is known without reaching it; nil when it can.
    public let missing: @Sendable () -> String?
    public let make: @Sendable () async throws -> any Connector

    public init(
        catalogue: Catalogue, rules: [(name: String, text: String)] = [], missing: @escaping @Sendable () -> String? = { nil },
        make: @escaping @Sendable () async throws -> any Connector
    ) {
        self.catalogue = catalogue
        self.rules = rules
        self.missing = missing
        self.make = make
    }
}
