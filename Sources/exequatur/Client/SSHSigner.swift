import Foundation

/// Signs with the person's SSH key, by `ssh-keygen`, so that agents, security keys and passphrases work as they do
/// elsewhere.
struct SSHSigner {
    /// The private key's file, or the public key's when an SSH agent has the private one.
    let key: String

    func sign(_ text: String, namespace: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ssh-keygen", "-Y", "sign", "-f", key, "-n", namespace]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let signature = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem("ssh-keygen could not sign with \(key)") }
        return String(decoding: signature, as: UTF8.self)
    }
}
