import ArgumentParser

/// Who can come to control what.
struct ReachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reach", abstract: "Say who can take what: today, and by a step that was not made yet.",
        subcommands: [ReachCheck.self])
}
