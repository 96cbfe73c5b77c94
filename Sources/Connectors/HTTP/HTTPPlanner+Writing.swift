import Authority
import StrictJSON

/// Carrying out, and looking again.
extension HTTPPlanner {
    /// - Throws: `ConnectorError`: `unavailable` when nobody knows whether it came about.
    func send(_ read: Read, _ plan: Plan, as lease: String) async throws(ConnectorError) -> Disclosure? {
        let password = ReadablePassword.make { .random(in: 0...255) }
        let values = Values { source in
            switch source {
            case .input(let name): input.json[name]
            case .current(let pointer): read.target.flatMap { pointer.find(in: $0.document) }
            case .before(let name): read.values[name].map { .array($0.now.map(JSONValue.string)) }
            case .after(let name): read.values[name].map { .array($0.after.map(JSONValue.string)) }
            case .generated: .string(password)
            case .id, .token: nil
            }
        }
        var request: FilledRequest
        do { request = try step.request.filled(values) } catch {
            throw ConnectorError(.invalid, "the request can't be made: \(error)")
        }
        if step.usesETag, let etag = read.target?.etag { request.headers.append(("If-Match", etag)) }
        let answer = try await system.settings.access.write(request, as: lease)
        if let at = step.discloses, let secret = answer.json.flatMap({ at.find(in: $0) })?.texts.first {
            return Disclosure(label: "new credential of \(plan.targetName)", value: secret)
        }
        return step.request.sources.contains(.generated)
            ? Disclosure(label: "new password of \(plan.targetName)", value: password) : nil
    }

    func observe(_ plan: Plan) async throws(ConnectorError) -> Observation {
        let target = try await operation.target.kind.flatMap { kind in
            operation.target.input.flatMap { input[$0] }.map { (kind, $0) }
        }.asyncFlatMap { kind, name throws(ConnectorError) in try await reader.fetch(kind, name) }
        var touched: [TouchedValue] = []
        for value in plan.touched {
            let now = try await present(value, target, plan)
            touched.append(
                TouchedValue(
                    entity: value.entity, name: value.name, attribute: value.attribute, before: value.before, after: now))
        }
        return Observation(touched: touched, isOurs: nil, isAttributable: false)
    }

    private func present(_ value: TouchedValue, _ target: Thing?, _ plan: Plan) async throws(ConnectorError) -> [String] {
        if value.attribute == TouchedValue.whole { return target == nil ? [] : ["present"] }
        guard let touch = step.touches.first(where: { $0.name == value.attribute }) else { return [] }
        if target == nil, operation.target != .system { return [] }
        switch touch.new {
        // It can't be read back: what was acknowledged is taken for done.
        case .hidden: return value.after
        case .set, .clear: return try await document(touch, target).flatMap { touch.at.find(in: $0) }?.texts ?? []
        case .add, .remove:
            let now = try await document(touch, target).flatMap { touch.at.find(in: $0) }?.texts ?? []
            return now.filter(Set(value.before + value.after).contains)
        }
    }
}

extension Optional {
    fileprivate func asyncFlatMap<T>(_ transform: (Wrapped) async throws(ConnectorError) -> T?) async throws(ConnectorError) -> T?
    {
        guard let self else { return nil }
        return try await transform(self)
    }
}
