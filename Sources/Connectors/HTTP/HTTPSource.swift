import Authority
import DeclaredKit
import StrictJSON

/// The host of a declared system, asked with the requests that read.
struct HTTPSource: DeclaredSource {
    let access: HTTPAccess

    func ask(_ request: RequestTemplate, _ values: Values, isOwn: Bool, page: (name: String, value: String)?)
        async throws(ConnectorError) -> Found
    {
        var filled: FilledRequest
        do { filled = try request.filled(values, isChecked: !isOwn) } catch {
            throw isOwn
                ? ConnectorError(.unavailable, "what is there can't be asked for: \(error)")
                : ConnectorError(.invalid, "the request can't be made: \(error)")
        }
        if let page { filled = filled.asking(page.name, page.value) }
        let answer = try await access.ask(filled)
        return Found(json: answer.json, etag: answer.etag)
    }
}

extension FilledRequest {
    /// The request with one more part of its query.
    fileprivate func asking(_ name: String, _ value: String) -> FilledRequest {
        let pair = PercentCoding.encode(name) + "=" + PercentCoding.encode(value)
        return FilledRequest(
            method: method, target: target + (target.contains("?") ? "&" : "?") + pair, headers: headers, body: body)
    }
}
