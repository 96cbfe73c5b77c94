package import StrictYAML

extension YAMLFields {
    /// One of some words.
    package mutating func choice<T: RawRepresentable<String>>(_ key: String, _ all: [T]) throws -> T {
        let text = try string(key)
        guard let found = all.first(where: { $0.rawValue == text }) else {
            throw problem("`\(key)` is one of \(all.map(\.rawValue).joined(separator: ", ")), not `\(text)`", of: key)
        }
        return found
    }

    package mutating func optionalChoice<T: RawRepresentable<String>>(_ key: String, _ all: [T]) throws -> T? {
        left.contains(key) ? try choice(key, all) : try optionalString(key).flatMap { _ in nil }
    }

    package mutating func choices<T: RawRepresentable<String>>(_ key: String, _ all: [T]) throws -> [T] {
        try strings(key).map { text in
            guard let found = all.first(where: { $0.rawValue == text }) else {
                throw problem("`\(key)` has some of \(all.map(\.rawValue).joined(separator: ", ")), not `\(text)`", of: key)
            }
            return found
        }
    }
}
