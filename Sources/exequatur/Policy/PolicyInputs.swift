import ArgumentParser
import Cedar
import Foundation
import StrictJSON

/// The files that the policy commands work on.
struct PolicyInputs: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Policy files: Cedar text, or `.json` for the JSON form.") var policies: [String] = []
    @Option(help: "The schema: human syntax, or `.json` for the JSON form.") var schema: String?
    @Option(help: "The entities, as JSON.") var entities: String?

    /// - Parameter names: whether a policy is called by its `@id`, where it has one.
    func policySet(names: Bool) throws -> PolicySet { try policySetAndFiles(names: names).set }

    /// The set, and which file each policy is from.
    func policySetAndFiles(names: Bool) throws -> (set: PolicySet, files: [ExactString: String]) {
        guard !policies.isEmpty else { throw ValidationError("name the policy files with --policies") }
        var all: [Policy] = []
        var links: [TemplateLink] = []
        var files: [ExactString: String] = [:]
        for path in policies {
            let known = all.count
            if path.hasSuffix(".json") {
                let set = try PolicySet(json: Self.json(path))
                (all, links) = (all + set.staticPolicies + set.templates, links + set.links)
            } else {
                for policy in try Self.reading(path, { text in try PolicySet.parse(text) }) {
                    let name = names ? policy.annotation("id") : nil
                    all.append(policy.renamed(name ?? "policy\(all.count)"))
                }
            }
            for policy in all[known...] { files[ExactString(policy.id)] = path }
        }
        do { return (try PolicySet(all, links: links), files) } catch { throw Problem("\(error)") }
    }

    func readSchema() throws -> Schema? {
        guard let path = schema else { return nil }
        if path.hasSuffix(".json") {
            do { return try Schema(json: Self.json(path)) } catch { throw Problem("\(path): \(error)") }
        }
        return try Self.reading(path) { try Schema($0) }
    }

    func readEntities(_ schema: Schema?) throws -> Entities {
        guard let path = entities else { return try schema?.entities(json: []) ?? Entities() }
        let json = try Self.json(path)
        do { return try schema?.entities(json: json) ?? Entities.parse(json: json) } catch { throw Problem("\(path): \(error)") }
    }

    static func json(_ path: String) throws -> JSONValue {
        let text = try Files.text(path)
        do { return try JSONReader.read(text, limits: .init(depth: 2048, bytes: 1 << 30)) } catch {
            throw Problem("\(path):\(error)")
        }
    }

    /// Reads a file; what is wrong with it is shown under its lines.
    static func reading<T>(_ path: String, _ read: (String) throws -> T) throws -> T {
        let text = try Files.text(path)
        do { return try read(text) } catch let problems as Diagnostics {
            throw BadFile(path: path, text: text, diagnostics: problems.all)
        }
    }
}

/// A file that can't be read as what it should be.
struct BadFile: Error, CustomStringConvertible {
    let path: String
    let text: String
    let diagnostics: [Diagnostic]

    var description: String { diagnostics.map { Terminal.marked($0, in: text, file: path) }.joined(separator: "\n") }
}

extension Terminal {
    /// A message under the line it is about.
    static func marked(_ diagnostic: Diagnostic, in text: String, file: String) -> String {
        let lines = diagnostic.marked(in: text, file: file).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        let head = styled(lines[0], diagnostic.severity == .error ? .red : .yellow)
        return ([head] + lines.dropFirst()).joined(separator: "\n")
    }
}
