/// Reads the binary encoding of SSH (RFC 4251, section 5).
struct SSHReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = Array(bytes)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) throws -> [UInt8] {
        guard count <= rest.count else { throw AuthenticationError(.signatureForm, "the signature ends too early") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func byte() throws -> UInt8 { try take(1)[0] }

    mutating func uint32() throws -> UInt32 { try take(4).reduce(0) { $0 << 8 | UInt32($1) } }

    mutating func bytes() throws -> [UInt8] { try take(Int(try uint32())) }

    mutating func text() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

    /// A positive integer of at most `count` bytes, padded to that length.
    mutating func integer(_ count: Int) throws -> [UInt8] {
        var digits = try bytes()[...]
        if digits.first == 0 { digits = digits.dropFirst() }
        guard digits.count <= count else { throw AuthenticationError(.signatureForm, "an integer is too long") }
        return Array(repeating: 0, count: count - digits.count) + digits
    }

    func end() throws {
        guard isAtEnd else { throw AuthenticationError(.signatureForm, "there are bytes after the end") }
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt32(bytes.count)
        return [UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)] + bytes
    }
}
