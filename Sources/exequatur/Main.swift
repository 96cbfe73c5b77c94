import ArgumentParser
import Foundation

@main
struct Exequatur: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exequatur", abstract: "The gateway between AI agents and identity systems.",
        discussion: """
            Ends with 0 when all went well, 65 for what can't be asked like this, 66 for what is not there, 75 for what may work \
            later, 77 for what you may not, 64 for a wrong command line, 2 for logs that nothing from outside witnesses, and 1 for \
            everything else.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Changes.self, LockCommand.self, Unlock.self, Locks.self, Audit.self, PolicyCommand.self,
            ReachCommand.self, SystemCommand.self, MCPCommand.self, Keygen.self,
            Demo.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let refused as Refused {
            FileHandle.standardError.write(Data("Error: \(refused)\n".utf8))
            Foundation.exit(refused.exitCode)
        } catch { exit(withError: error) }
    }
}
