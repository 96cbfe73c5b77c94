import Authority
public import ConnectorKit
import Foundation
import StrictYAML

extension EmbeddedDirectory {
    /// The embedded directory, as `kind: embedded` configures it.
    public static let kind = ConnectorKind("embedded") { fields, context in
        let (file, seed) = (context.resolve(try fields.string("file")), try fields.optionalString("seed"))
        guard seed == nil || seed == "demo" else { throw fields.problem("`seed` can only be `demo`", of: "seed") }
        return ConfiguredSystem(
            catalogue: directoryCatalogue,
            missing: { FileManager.default.fileExists(atPath: file) ? nil : "an embedded directory is not there yet" }
        ) {
            let directory = try EmbeddedDirectory(system: context.system, path: file, now: context.now)
            if seed != nil { try await directory.seedDemoCompany() }
            return directory
        }
    }
}
