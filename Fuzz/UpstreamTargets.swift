import Authority
import JSONSchema
import StrictJSON

/// What comes from the servers behind the gateway, and what they have checked.
let upstreamTargets: [String: Target] = [
    "json-schema-json": jsonSchema,
    "upstream-definition-json": definition,
    "upstream-events": events,
    "upstream-message-json": message,
]

/// A schema and a value, as `[schema, value]`: whatever they are, it ends. What a schema refuses, its `not` takes.
private func jsonSchema(_ bytes: [UInt8]) {
    guard let both = (try? JSONReader.read(bytes))?.array, both.count == 2, let schema = try? JSONSchema(both[0]) else { return }
    _ = schema.misfit(both[1])
}

private func definition(_ bytes: [UInt8]) {
    guard let json = try? JSONReader.read(bytes) else { return }
    for kind in Offer.Kind.allCases {
        guard let input = try? ToolInput(kind, json) else { continue }
        _ = input.headers(json)
        guard Set(input.fields.map(\.name)).count == input.fields.count else { fatalError("two arguments of one name") }
    }
}

/// However the bytes of a stream arrive, the events are the same.
private func events(_ bytes: [UInt8]) {
    var (whole, slow) = (EventReader(largest: 1_000), EventReader(largest: 1_000))
    let once = try? whole.read(bytes)
    var found: [[UInt8]]? = []
    for byte in bytes {
        guard let more = try? slow.read([byte]) else {
            found = nil
            break
        }
        found? += more
    }
    guard once == found else { fatalError("the events depend on how their bytes arrive") }
}

/// A result is the bytes that the server wrote.
private func message(_ bytes: [UInt8]) {
    guard let message = try? Message(bytes, largest: 1 << 20) else { return }
    guard case .answer(_, .result(let document)) = message else { return }
    guard let again = try? JSONReader.read(document.bytes), again == document.json else {
        fatalError("a result's bytes say something else than it")
    }
    let parts = (try? JSONReader.members(of: document.bytes)) ?? []
    guard parts.count == document.json.object?.members.count else { fatalError("a result's parts are not all of it") }
}
