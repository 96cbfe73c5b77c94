import Authority
import StrictJSON

/// Looking again.
extension DeclaredPlanner {
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
        if value.attribute == TouchedValue.call { return value.after }
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
