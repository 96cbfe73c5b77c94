import Foundation
import StrictJSON

/// A path of the graph as a picture, laid out by Graphviz.
struct PathDrawing {
    private let json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    /// The picture in Graphviz's language: who asks on the left, what is taken on the right.
    var dot: String {
        let (from, to) = (json["from"]?.string ?? "", json["to"]?.string ?? "")
        var (names, lines): ([String], [String]) = ([from, to], [])
        for edge in json["edges"]?.array ?? [] {
            let (sources, target) = ((edge["from"]?.array ?? []).compactMap(\.string), edge["to"]?.string ?? "")
            let facts = (edge["facts"]?.array ?? []).compactMap(\.string)
            let because = Self.folded(edge["because"]?.string ?? "")
            names += sources + [target]
            for (index, source) in sources.enumerated() {
                // Rights that are held together meet in one arrow's label.
                let label = (facts.count == sources.count ? facts[index] : facts.joined(separator: " and "))
                lines.append("  \(quoted(source)) -> \(quoted(target)) [label=\(quoted(label + "\n" + because))];")
            }
        }
        var seen: Set<String> = []
        let nodes = names.filter { seen.insert($0).inserted }.map { name in
            "  \(quoted(name)) [label=\(quoted(Self.split(name)))\(name == to ? ", color=\"#b00020\", penwidth=2" : "")];"
        }
        return """
            digraph reach {
              rankdir=LR; bgcolor=white; pad=0.3; nodesep=0.5; ranksep=1.0;
              node [shape=box, style="rounded,filled", fillcolor="#f4f6f8", fontname="DejaVu Sans", fontsize=12, margin="0.2,0.12"];
              edge [fontname="DejaVu Sans", fontsize=10, color="#44566c", fontcolor="#44566c"];
            \((nodes + lines).joined(separator: "\n"))
            }
            """
    }

    /// `corp/group/admins` as a name with its kind under it.
    private static func split(_ title: String) -> String {
        let parts = title.split(separator: "/", maxSplits: 2).map(String.init)
        return parts.count == 3 ? "\(parts[2])\n\(parts[1]) of \(parts[0])" : title
    }

    /// Lines of about 28 characters.
    private static func folded(_ text: String) -> String {
        var (lines, line): ([String], String) = ([], "")
        for word in text.split(separator: " ") {
            if line.count + word.count > 28 {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return (lines + [line]).joined(separator: "\n")
    }

    private func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\"\(escaped)\""
    }

    func write(to path: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/dot")
        process.arguments = ["-Tsvg", "-o", path]
        let input = Pipe()
        process.standardInput = input
        do { try process.run() } catch { throw Problem("Graphviz is needed to draw: apt-get install graphviz") }
        try input.fileHandleForWriting.write(contentsOf: Data(dot.utf8))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem("Graphviz could not draw to \(path)") }
    }
}
