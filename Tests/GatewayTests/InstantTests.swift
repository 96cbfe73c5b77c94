import Authority
import StrictJSON
import Testing

@Suite("Moments from outside")
struct InstantTests {
    @Test("Arithmetic on moments stays within its range", arguments: [Int64.min, -1, 0, 1, .max / 1000, .max])
    func arithmetic(seconds: Int64) {
        for start in [Int64.min, 0, 1_790_000_000_000, .max] {
            #expect(Instant.range.contains(Instant(milliseconds: start).adding(seconds: seconds).milliseconds))
        }
    }

    @Test(
        "A statement with dates beyond the year 9999 is refused where it is read",
        arguments: [Int64.min, -1, 253_402_300_800_000, .max])
    func statements(date: Int64) throws {
        let digest = String(repeating: "0", count: 64)
        let text = { (issued: Int64, expires: Int64) in
            JSONWriter.canonicalText([
                "type": "exequatur-approval-v2", "verdict": "approve", "gateway": "g", "change": "c",
                "terms": .string(digest), "assessment": .string(digest), "requirement": .string(digest),
                "approver": "p", "issued": .integer(issued), "expires": .integer(expires),
                "nonce": .string(String(repeating: "0", count: 32)),
            ])
        }
        #expect(throws: Never.self) { try ApprovalStatement(text: text(1, 2)) }
        #expect(throws: ShapeError.self) { try ApprovalStatement(text: text(date, 1)) }
        #expect(throws: ShapeError.self) { try ApprovalStatement(text: text(1, date)) }
    }
}
