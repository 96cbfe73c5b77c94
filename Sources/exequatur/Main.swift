import ArgumentParser

@main
struct Exequatur: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exequatur", abstract: "The gateway between AI agents and identity systems.",
        version: "0.1.0",
        subcommands: [
            Serve.self, Changes.self, LockCommand.self, Unlock.self, Locks.self, Audit.self, PolicyCommand.self,
            ReachCommand.self, Keygen.self,
            Demo.self,
        ])
}
