import ArgumentParser
import Authority
import Cedar

/// What can be said of policies without running the gateway.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "policy", abstract: "Check policies.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration and its policies, and say what is wrong, with line and column.")
        @Option(help: "The configuration file.") var config: String

        func run() async throws {
            let configuration = try Configuration.load(config)
            let bundle = try Composition.policies(configuration, configuration.systems.map(\.catalogue))
            print("\(Terminal.styled("✓", .green)) \(bundle.policies.policies.count) policies; policy set \(bundle.digest.hex)")
        }
    }
}
