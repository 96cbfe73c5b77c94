import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import StrictJSON

/// A small MCP client of revision 2026-07-28: all that an agent needs to ask for something.
struct DemoAgent {
    let url: String
    let token: String
    var prompt: String?

    static func isUp(_ url: String) async -> Bool {
        let response = try? await HTTPClient.shared.execute(HTTPClientRequest(url: url + "/healthz"), timeout: .seconds(1))
        return response?.status == .ok
    }

    /// Calls a tool and gives its structured answer.
    func call(_ tool: String, _ arguments: JSONValue) async throws -> JSONValue {
        var meta: JSONValue = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:],
        ]
        meta.add("org.exequatur/prompt", prompt.map(JSONValue.string))
        let body: JSONValue = [
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": ["_meta": meta, "name": .string(tool), "arguments": arguments],
        ]
        var request = HTTPClientRequest(url: url + "/mcp")
        request.method = .POST
        request.headers = [
            "Authorization": "Bearer \(token)", "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
        ]
        request.body = .bytes(JSONWriter.canonical(body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let answer = try JSONReader.read(
            Array(buffer: try await response.body.collect(upTo: 8 << 20)), limits: .init(bytes: 8 << 20))
        guard let result = answer["result"]?["structuredContent"] else {
            return [
                "status": "failed", "code": answer["error"]?["data"]?["code"] ?? "?",
                "message": answer["error"]?["message"] ?? "?",
            ]
        }
        return result
    }
}
