import Testing

@testable import Reach

/// A rule file that is refused, for what and where. Its text follows ``Refusal/base`` and so begins in line 2.
struct Refusal: Sendable, CustomTestStringConvertible {
    static let base = "relation m(a, b). relation g(a). restriction x(a). relation d(a, b).\n"
    /// Makes `d` a relation with a rule of its own.
    static let derived = "d(?u, ?x) if m(?u, ?x).\n"

    let text: String
    let code: RuleProblem.Code
    let line: Int
    let column: Int
    let hasHint: Bool

    init(_ text: String, _ code: RuleProblem.Code, _ line: Int, _ column: Int, hint: Bool = false) {
        (self.text, self.code, self.line, self.column, hasHint) = (text, code, line, column, hint)
    }

    var testDescription: String { "\(code.rawValue): \(text.debugDescription)" }

    static func problems(_ text: String) -> [RuleProblem] { problems([("a.reach", text)]) }

    static func problems(_ files: [(name: String, text: String)]) -> [RuleProblem] {
        do throws(RuleProblems) {
            _ = try RuleSet(files)
            return []
        } catch {
            return error.all
        }
    }

    static let syntax = [
        Refusal("m(\"a\" \"b\").", .syntax, 2, 7),
        Refusal("m(\"a\", \"b\")", .syntax, 2, 12),
        Refusal("if(\"a\").", .syntax, 2, 1),
        Refusal("relation not(a).", .syntax, 2, 10),
        Refusal("relation r().", .syntax, 2, 12),
        Refusal("m(\"a\\q\", \"b\").", .syntax, 2, 6),
        Refusal("m(\"a", .syntax, 2, 3),
        Refusal("m(\"a\\", .syntax, 2, 6),
        Refusal("m(?, \"b\").", .syntax, 2, 3, hint: true),
        Refusal("m(\"a\", b).", .syntax, 2, 8),
        Refusal("become(?u, ?x) if m(?u, ?x) source \"s\" because \"b\".", .syntax, 2, 40),
        Refusal("become(?u, ?x) if m(?u, ?x) because why.", .syntax, 2, 37),
        Refusal("become(?u, ?x) if .", .syntax, 2, 19),
        Refusal("become(?u, ?x) if not not x(?u).", .syntax, 2, 23),
        Refusal("become(?u, ?x) if m(?u, ?x) or g(?u).", .syntax, 2, 29),
        Refusal("1(\"a\").", .syntax, 2, 1),
        Refusal("m(\"a\", \"b\"); g(\"a\").", .syntax, 2, 12),
        Refusal("é(\"a\").", .syntax, 2, 1),
        Refusal("# a comment\r\n  m(,).", .syntax, 3, 5),
        Refusal(".", .syntax, 2, 1),
    ]

    static let names = [
        Refusal("r(\"a\").", .unknownRelation, 2, 1, hint: true),
        Refusal("r(?u, ?x) if m(?u, ?x).", .unknownRelation, 2, 1, hint: true),
        Refusal("become(?u, ?x) if\n  r(?u, ?x).", .unknownRelation, 3, 3, hint: true),
        Refusal("become(?u, ?x) if m(?u, ?x) and not r(?u).", .unknownRelation, 2, 37, hint: true),
        Refusal("g(\"a\", \"b\").", .arity, 2, 1),
        Refusal("m(\"a\").", .arity, 2, 1),
        Refusal("relation r(a, b, c).", .arity, 2, 10),
        Refusal("become(?u) if g(?u).", .arity, 2, 1),
        Refusal("become(?u, ?x, ?x) if m(?u, ?x).", .arity, 2, 1),
        Refusal("become(?u, ?x) if m(?u).", .arity, 2, 19),
        Refusal("become(?u, ?x) if m(?u, ?x, ?x).", .arity, 2, 19),
        Refusal("become(?u, ?x) if m(?u, ?x) and not x(?u, ?x).", .arity, 2, 37),
        Refusal("g(?u, ?x) if m(?u, ?x).", .arity, 2, 1),
        Refusal("relation m(a).", .redeclared, 2, 10, hint: true),
        Refusal("relation m(a, b) \"is in\".", .redeclared, 2, 10, hint: true),
        Refusal("restriction m(a, b).", .redeclared, 2, 13, hint: true),
        Refusal("relation become(a, b).", .redeclared, 2, 10),
    ]

    static let variables = [
        Refusal("m(\"a\", ?x).", .unbound, 2, 1, hint: true),
        Refusal("become(?u, ?x) if g(?u).", .unbound, 2, 1, hint: true),
        Refusal("become(?u, ?x) if m(?u, ?x) and not x(?y).", .unbound, 2, 37, hint: true),
        Refusal("become(\"a\", ?x) if m(\"a\", ?x).", .taker, 2, 1),
        Refusal("become(?u, ?u) if g(?u).", .taker, 2, 1),
        Refusal("become(?u, ?x) if g(?x).", .taker, 2, 1),
        Refusal("become(?u, ?x) if m(?x, ?x).", .taker, 2, 1),
        Refusal("become(?u, ?x) if g(?x) and not x(?u).", .taker, 2, 1),
        Refusal("become(?u, ?x) if m(?u, ?u) and m(?u, ?x).", .taker, 2, 19),
    ]

    static let meaning = [
        Refusal("become(?u, ?x) if m(?u, ?x) and x(?u).", .restriction, 2, 33),
        Refusal("become(?u, ?x) if m(?u, ?x) and not g(?u).", .restriction, 2, 37, hint: true),
        Refusal("x(?u) if g(?u).", .restriction, 2, 1),
        Refusal("become(\"a\", \"b\").", .become, 2, 1),
        Refusal("become(?u, ?x) if become(?u, ?x).", .become, 2, 19, hint: true),
        Refusal("become(?u, ?x) if m(?u, ?x) and not become(?x, ?u).", .become, 2, 37, hint: true),
        Refusal(derived + "become(?u, ?x) if d(?x, ?u).", .derived, 3, 19, hint: true),
        Refusal(derived + "become(?u, ?x) if m(?u, ?x) and d(?x, ?x).", .derived, 3, 33, hint: true),
        Refusal(derived + "become(?u, ?x) if m(?u, ?x) and d(\"a\", ?x).", .derived, 3, 33, hint: true),
        Refusal(derived + "become(?u, ?x) if d(?u, ?x) and not x(?u).", .derived, 3, 37, hint: true),
        Refusal(derived + "become(?u, ?x) if d(?u, ?x) and g(?u).", .derived, 3, 33, hint: true),
        Refusal("become(?u, ?x) if m(?u, ?x)" + String(repeating: " and m(?u, ?x)", count: 8) + ".", .limit, 2, 1),
    ]
}

@Suite("Rule files that are refused")
struct RuleTests {
    @Test(
        "Each problem is told with its code, its place and how to mend it",
        arguments: Refusal.syntax + Refusal.names + Refusal.variables + Refusal.meaning)
    func isRefused(_ refusal: Refusal) throws {
        let problems = Refusal.problems(Refusal.base + refusal.text)
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.code == refusal.code)
        #expect(problem.place == Place(file: "a.reach", line: refusal.line, column: refusal.column))
        #expect((problem.hint != nil) == refusal.hasHint)
        #expect(!problem.message.isEmpty)
        #expect(problem.description.hasPrefix("a.reach:\(refusal.line):\(refusal.column): "))
        #expect(problem.description.contains("[\(refusal.code.rawValue)]"))
    }

    @Test("Every code that the documentation names is refused by some test")
    func allCodesAreTried() {
        let tried = Set((Refusal.syntax + Refusal.names + Refusal.variables + Refusal.meaning).map(\.code))
        #expect(
            tried == [.syntax, .unknownRelation, .arity, .unbound, .restriction, .taker, .become, .derived, .redeclared, .limit])
    }

    @Test(
        "What nobody sees is refused, in a text and outside of one",
        arguments: [
            "\u{200B}", "\u{AD}", "\u{202E}", "\u{FEFF}", "\u{34F}", "\u{2028}", "\u{0}", "\u{7F}", "\u{3164}", "\u{E000}",
        ])
    func unseenCharacters(_ character: String) {
        let inside = Refusal.problems("relation g(a).\ng(\"a\(character)\").")
        #expect(inside.map(\.code) == [.syntax])
        #expect(inside.first?.place == Place(file: "a.reach", line: 2, column: 5))
        let outside = Refusal.problems("relation g(a).\ng\(character)(\"a\").")
        #expect(outside.map(\.code) == [.syntax])
        #expect(outside.first?.place == Place(file: "a.reach", line: 2, column: 2))
    }

    @Test("A text ends on its line")
    func textOnOneLine() {
        let problems = Refusal.problems("relation g(a).\ng(\"a\nb\").")
        #expect(problems.first?.code == .syntax)
        #expect(problems.first?.place == Place(file: "a.reach", line: 2, column: 5))
    }
}
