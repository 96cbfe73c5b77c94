import StrictJSON
import Testing

@Suite("The canonical writer")
struct WriterTests {
    @Test(
        "prints numbers as RFC 8785, appendix B, does",
        arguments: [
            (0x0000_0000_0000_0000 as UInt64, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ])
    func numbers(bits: UInt64, text: String) {
        #expect(JSONWriter.canonicalText(.number(Double(bitPattern: bits))) == text)
    }

    @Test("prints every 64-bit integer exactly", arguments: [Int64.min, .max, 1 << 53, 1 << 53 + 1, -1 << 53 - 1, 0, -7])
    func integers(value: Int64) {
        #expect(JSONWriter.canonicalText(.integer(value)) == String(value))
    }

    @Test("gives different bytes for different values, and equal bytes for equal ones")
    func injective() {
        let values: [JSONValue] = [
            .integer(1 << 60), .number(0x1p60), .integer(1_152_921_504_606_847_000), .number(0x1p63), .integer(.max),
            .number(-0x1p63), .integer(.min), .integer(1), .number(1), .number(0.1), .string("1"), .array([]), .null,
            .string("\u{E9}"), .string("e\u{301}"), .number(1e21), .number(1e20), .bool(true), .object(JSONObject()),
        ]
        for a in values {
            for b in values { #expect((JSONWriter.canonical(a) == JSONWriter.canonical(b)) == (a == b), "\(a) \(b)") }
        }
    }

    @Test("What needs no escape is copied in runs, wherever an escape stands", arguments: ["\"", "\\", "\n", "\u{1F}"])
    func runs(escaped: String) throws {
        for text in [escaped, "ab\(escaped)", "\(escaped)é€", "é\(escaped)\(escaped)z", "🛂", ""] {
            let written = JSONWriter.canonicalText(.string(text))
            #expect(try JSONReader.read(written) == .string(text), "\(written)")
            #expect(!written.contains("\n") && !written.contains("\u{1F}"))
        }
    }

    @Test("sorts names by UTF-16 and escapes as RFC 8785, section 3.2")
    func objects() throws {
        let value = try JSONReader.read(#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#)
        #expect(JSONWriter.canonicalText(value) == "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}")
        #expect(JSONWriter.canonicalText("\u{1}\"\\/\u{7f}") == "\"\\u0001\\\"\\\\/\u{7f}\"")
    }

    @Test("What is written reads back as the same value, for 2,000 random values")
    func roundTrip() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<2000 {
            let value = random(&generator, depth: 4)
            let bytes = JSONWriter.canonical(value)
            #expect(try JSONReader.read(bytes) == value)
            #expect(try JSONWriter.canonical(JSONReader.read(bytes)) == bytes)
        }
    }

    private func random(_ generator: inout SplitMix, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return nil
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(.random(in: .min ... .max, using: &generator))
        case 3:
            let number = Double(bitPattern: .random(in: 0 ... .max, using: &generator))
            return number.isFinite && number.magnitude < 0x1p63 ? .number(number) : .integer(3)
        case 4, 5:
            let scalars = (0..<Int.random(in: 0..<6, using: &generator)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0..<0x11000, using: &generator))
            }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 6: return .array((0..<3).map { _ in random(&generator, depth: depth - 1) })
        default: return ["a": random(&generator, depth: depth - 1), "\u{E9}": random(&generator, depth: depth - 1)]
        }
    }
}

/// A small generator with a seed, so that a failing case comes back.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
