import Authority
import JSONSchema
import StrictJSON
import Testing

@Suite("The input of an operation that a system offers itself")
struct OfferTests {
    private func operation(_ schema: String, _ input: [InputField], constants: [JSONObject.Member] = []) throws -> Operation {
        let json = try JSONReader.read(schema)
        let document = SystemDocument(["name": "t", "inputSchema": json])
        return Operation(
            "t", "A tool.", .read, on: .system, input: input, answer: .document,
            offer: Offer(.tool, "t", document, schema: try JSONSchema(json), constants: constants))
    }

    private let fields = [
        InputField("who", .string(20), "Who", isRequired: false), InputField("more", .json(100), "More", isRequired: false),
    ]

    @Test("It is held against the system's own schema, besides its types")
    func schema() throws {
        let tool = try operation(#"{"properties":{"who":{"pattern":"^[a-z]+$"}}}"#, fields)
        #expect(throws: Never.self) { try Input(["who": "ann"], for: tool) }
        let error = #expect(throws: ShapeError.self) { try Input(["who": "Ann"], for: tool, at: "/input") }
        #expect(error?.path == "/input/who")
        #expect(throws: ShapeError.self, "no schema lets through what nobody named") { try Input(["other": 1], for: tool) }
        #expect(throws: ShapeError.self) { try Input(["who": 7], for: tool) }
    }

    @Test("What is null is passed on, and is not there for policy")
    func null() throws {
        let tool = try operation("{}", fields)
        let input = try Input(["who": nil, "more": [.number(1.5), "a"]], for: tool)
        #expect(input.json == ["who": nil, "more": [.number(1.5), "a"]] && !input.has("who") && input.has("more"))
    }

    @Test("A constant is always sent, and can't be chosen")
    func constants() throws {
        let tool = try operation(
            #"{"required":["confirmed"]}"#, fields, constants: [.init(key: "confirmed", value: true)])
        let input = try Input(["who": "ann"], for: tool)
        #expect(input.json == ["who": "ann", "confirmed": true])
        #expect(throws: Never.self, "what is stored is read again") { try Input(input.json, for: tool) }
        #expect(throws: ShapeError.self) { try Input(["confirmed": false], for: tool) }
    }

    @Test("Its digest changes with the system's own definition")
    func definition() throws {
        let one = try operation(#"{"properties":{"who":{}}}"#, fields)
        let other = try operation(#"{"properties":{"who":{"description":"x"}}}"#, fields)
        #expect(one.definition(at: "x") != other.definition(at: "x"))
    }
}
