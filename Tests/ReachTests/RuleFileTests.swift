import Testing

@testable import Reach

@Suite("Rule files as a whole")
struct RuleFileTests {
    private func places(_ problems: [RuleProblem]) -> [String] { problems.map { "\($0.place) \($0.code.rawValue)" } }

    // MARK: Recovery

    @Test("Two syntax errors are both reported, in order")
    func twoSyntaxErrors() {
        let problems = Refusal.problems("relation g(a).\ng(.\ng(\"a\").\nrelation (b).\ng(\"x\").")
        #expect(places(problems) == ["a.reach:2:3 reach.syntax", "a.reach:4:10 reach.syntax"])
    }

    @Test("Two errors of meaning are both reported, in order")
    func twoErrorsOfMeaning() {
        let problems = Refusal.problems(Refusal.base + "become(?u, ?x) if g(?u).\nbecome(?u, ?u) if g(?u).\nq(\"a\").")
        #expect(
            places(problems) == [
                "a.reach:2:1 reach.unbound_variable", "a.reach:3:1 reach.taker", "a.reach:4:1 reach.unknown_relation",
            ])
    }

    @Test(
        "Errors of all kinds are reported in the order of the texts",
    )
    func orderOfTexts() {
        let problems = Refusal.problems("relation g(a).\nq(\"a\").\nbecome(?u, ?u) if g(?u).\ng(.\n")
        #expect(problems.map(\.place.line) == [2, 3, 4])
    }

    @Test(
        "A statement that can't be read is skipped whole, full stops in its texts and comments included",
        arguments: [
            "become(?u, ?x) if m(?u ?x) because \"no comma\" source \"RFC 4519, section 2.17\".",
            "become(?u, ?x) if m(?u ?x) # e.g. this\n because \"it is so\".",
        ])
    func skipsTexts(_ broken: String) {
        #expect(places(Refusal.problems(Refusal.base + broken + "\nm(\"a\", \"b\").")) == ["a.reach:2:24 reach.syntax"])
    }

    // MARK: Files that belong together

    @Test("A relation that one file declares is used in another, before and after it is declared")
    func filesTogether() throws {
        let rules = try RuleSet([
            ("use.reach", "become(?u, ?x) if m(?u, ?x)."), ("declare.reach", "relation m(a, b) \"is in\"."),
            ("more.reach", "m(\"a\", \"b\"). relation m(a, b) \"is in\"."),
        ])
        #expect(rules.relations.count == 1)
        #expect(rules["m"]?.reading == "is in")
        #expect(rules["q"] == nil)
        #expect(rules.facts == [NamedFact("m", "a", "b")])
        #expect(rules.rules.map(\.place.file) == ["use.reach"])
        #expect(ReachGraph(rules: rules).contains(NamedFact("m", "a", "b")))
    }

    @Test("A problem names the file it is in")
    func problemsOfFiles() {
        let problems = Refusal.problems([
            ("one.reach", "relation m(a, b)."), ("two.reach", "relation m(a)."), ("three.reach", "m(\"a\")."),
        ])
        #expect(places(problems) == ["two.reach:1:10 reach.redeclared", "three.reach:1:1 reach.arity"])
        #expect(RuleProblems(all: problems).description.split(separator: "\n").count == 2)
    }

    // MARK: Limits

    @Test("A byte order mark is refused, at the beginning of the file")
    func byteOrderMark() {
        let problems = Refusal.problems("\u{FEFF}relation m(a, b).")
        #expect(places(problems) == ["a.reach:1:1 reach.syntax"])
        #expect(problems.first?.hint != nil)
    }

    @Test("A file has one mebibyte and not a byte more")
    func fileSize() {
        let statement = "relation m(a, b).\n"
        let full = statement + String(repeating: "#", count: RuleParser.longestFile - statement.utf8.count)
        #expect(Refusal.problems(full).isEmpty)
        let problems = Refusal.problems(full + "#")
        #expect(places(problems) == ["a.reach:1:1 reach.limit"])
        #expect(problems.first?.hint != nil)
    }

    @Test("Eight conditions are taken")
    func eightConditions() throws {
        let more = String(repeating: " and m(?u, ?x)", count: 7)
        #expect(try RuleSet([("a.reach", Refusal.base + "become(?u, ?x) if m(?u, ?x)\(more).")]).rules.count == 1)
    }

    @Test("An empty file, a file of comments, and one without a line's end at its end are taken")
    func emptyFiles() {
        #expect(Refusal.problems("").isEmpty)
        #expect(Refusal.problems("# nothing. here").isEmpty)
        #expect(Refusal.problems("\r\n\t relation m(a,b).\r\n").isEmpty)
    }

    @Test("Keywords are words for places and variables")
    func keywordsAsWords() {
        #expect(Refusal.problems("relation m(if, not). become(?and, ?source) if m(?and, ?source).").isEmpty)
    }

    @Test("Names that look the same but differ in bytes are different nodes")
    func canonicalEquivalents() throws {
        let rules = try RuleSet([
            ("a.reach", Refusal.base + "become(?u, ?x) if m(?u, ?x). m(\"caf\u{E9}\", \"t\"). m(\"ann\", \"cafe\u{301}\").")
        ])
        var graph = ReachGraph(rules: rules)
        graph.protect(["t"])
        #expect(graph.nodeCount == 4)
        #expect(graph.takers(of: "t").map { Array($0.utf8) } == [Array("caf\u{E9}".utf8)])
        #expect(NamedFact("m", "\u{E9}", "b") != NamedFact("m", "e\u{301}", "b"))
    }

    @Test("Escapes stand for a quote and a backslash")
    func escapes() throws {
        let rules = try RuleSet([("a.reach", "relation g(a). g(\"a\\\"b\\\\c\").")])
        #expect(rules.facts.map(\.subject) == ["a\"b\\c"])
    }

    // MARK: Shipped

    @Test("The shipped rules load together, each alone, and with files of one's own")
    func shippedLoad() throws {
        let rules = try RuleSet.shipped()
        #expect(rules.rules.count > 100)
        for file in RuleSet.shippedFiles { #expect(Refusal.problems([file]).isEmpty, "\(file.name)") }
        let more = try RuleSet.shipped(with: [("own.reach", "directory.member(\"corp:ghost\", \"corp:admins\").")])
        #expect(more.facts == [NamedFact("directory.member", "corp:ghost", "corp:admins")])
    }

    @Test("Every shipped rule says why it is so and where that is known from, and every relation how it is read")
    func shippedAreExplained() throws {
        let rules = try RuleSet.shipped()
        for rule in rules.rules {
            #expect(rule.because?.isEmpty == false, "\(rule.place)")
            #expect(rule.source?.isEmpty == false, "\(rule.place)")
        }
        for relation in rules.relations { #expect(relation.reading?.isEmpty == false, "\(relation.name)") }
    }

    @Test("What is shipped states no facts, and no rule names a node")
    func shippedStateNothing() throws {
        let rules = try RuleSet.shipped()
        #expect(rules.facts.isEmpty)
        for rule in rules.rules {
            #expect(rule.constants.allSatisfy { if case .variable = $0 { true } else { false } }, "\(rule.place)")
        }
    }
}
