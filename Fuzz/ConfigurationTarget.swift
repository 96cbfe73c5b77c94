import Foundation
import StrictYAML

/// Configuration, read without starting anything. What is refused is refused with a line.
func configurationText(_ bytes: [UInt8]) {
    do { _ = try Configuration.read(String(decoding: bytes, as: UTF8.self), "/nonexistent/exequatur.yaml") } catch let error
        as ConfigurationError
    {
        guard error.line >= 0, !error.message.isEmpty else { fatalError("a refusal without a place") }
    } catch {}
}
