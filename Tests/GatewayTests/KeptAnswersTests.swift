import Authority
import StrictJSON
import Testing

@testable import Gateway

@Suite("What systems answered is kept for a while")
struct KeptAnswersTests {
    private func document(_ count: Int) -> SystemDocument { SystemDocument(.string(String(repeating: "x", count: count))) }

    @Test("The oldest is forgotten when there is too much, and one that is too large is not kept")
    func limits() {
        let kept = KeptAnswers()
        let large = document(7 << 20)
        for number in 0..<6 { kept.keep(large, of: "chg-\(number)", at: Instant(milliseconds: 0)) }
        #expect(kept["chg-0"] == nil && kept["chg-1"] == nil && kept["chg-2"] != nil && kept["chg-5"] != nil)
        kept.keep(document(9 << 20), of: "large", at: Instant(milliseconds: 0))
        #expect(kept["large"] == nil && kept["chg-5"] != nil)
    }

    @Test("A change has one answer, the last")
    func again() {
        let kept = KeptAnswers()
        let large = document(7 << 20)
        for _ in 0..<20 { kept.keep(large, of: "chg", at: Instant(milliseconds: 0)) }
        kept.keep(document(1), of: "other", at: Instant(milliseconds: 0))
        #expect(kept["chg"] != nil && kept["other"] != nil)
    }

    @Test("What is older than a time is forgotten")
    func time() {
        let kept = KeptAnswers()
        kept.keep(document(1), of: "old", at: Instant(milliseconds: 10))
        kept.keep(document(1), of: "new", at: Instant(milliseconds: 20))
        kept.forget(before: Instant(milliseconds: 20))
        #expect(kept["old"] == nil && kept["new"] != nil)
    }
}
