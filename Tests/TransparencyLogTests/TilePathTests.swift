import Testing
import TransparencyLog

@Suite("Paths of tiles")
struct TilePathTests {
    @Test(
        "A path is written and read as the specification has it",
        arguments: [
            ("0/000", TilePath(level: 0, index: 0)), ("2/x001/x234/067", TilePath(level: 2, index: 1_234_067)),
            ("entries/x999/999.p/7", TilePath(level: nil, index: 999_999, width: 7)),
            ("63/012.p/255", TilePath(level: 63, index: 12, width: 255)),
        ])
    func written(text: String, path: TilePath) {
        #expect(path.description == text && TilePath(text) == path)
    }

    @Test(
        "Nothing else is a path",
        arguments: [
            "", "0", "0/", "/000", "0/0", "0/1000", "0/x000/001", "0/001/234", "64/000", "-1/000", "+1/000", "00/000",
            "0/000.p/0",
            "0/000.p/256", "0/000.p", "0/000.p/", "0/x001/000.p/07", "entry/000", "0/x001", "0/xx1/000", "0/000/..",
            "0/000.p/1/2",
            "0/x123/x456/x789/x123/x456/x789/123", "0/x999/x999/x999/x999/x999/999", "entries/x100/x000/x000/x000/x000/000",
            "0/٠٠٠", "0/-01",
        ])
    func refused(text: String) { #expect(TilePath(text) == nil) }

    @Test("All paths of a log are those of its tiles, at each one's width")
    func all() {
        #expect(TilePath.all(size: 0).isEmpty)
        let paths = TilePath.all(size: 70_000).map(\.description)
        #expect(paths.contains("0/272") == true && paths.contains("0/273.p/112") && paths.contains("entries/273.p/112"))
        #expect(paths.contains("1/000") && paths.contains("1/001.p/17") && paths.contains("2/000.p/1"))
        #expect(paths.count == 2 * 274 + 2 + 1)
    }
}
