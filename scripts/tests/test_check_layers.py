"""Tests of scripts/check-layers: each rule has a tree that breaks it."""
import importlib.machinery
import importlib.util
import pathlib
import unittest

path = str(pathlib.Path(__file__).parent.parent / "check-layers")
loader = importlib.machinery.SourceFileLoader("check_layers", path)
spec = importlib.util.spec_from_loader("check_layers", loader)
check_layers = importlib.util.module_from_spec(spec)
loader.exec_module(check_layers)

RULES = {
    "floors": {"Low": 1, "Mid": 3, "High": 4, "Twin": 4},
    "outside": {"Low": [], "Mid": ["Crypto"], "High": ["Foundation"], "Twin": []},
    "spi": {"Secret": ["High"]},
}
TARGETS = {"Low": set(), "Mid": {"Low"}, "High": {"Mid"}, "Twin": {"Mid"}}


def found(name, text, targets=TARGETS):
    return list(check_layers.problems(RULES, targets, {name: [("f.swift", text)]}))


class CheckLayers(unittest.TestCase):
    def test_accepts_a_clean_import(self):
        self.assertEqual(found("High", "import Foundation\n@_spi(Secret) public import Mid\n"), [])

    def test_finds_an_upward_import(self):
        self.assertIn("f.swift:1: Low (floor 1) imports Mid (floor 3)", found("Low", "import Mid"))

    def test_finds_a_sideways_import(self):
        self.assertEqual(len(found("Twin", "import High")), 1)

    def test_finds_an_undeclared_transitive_import(self):
        self.assertEqual(found("High", "\nimport Low"), ["f.swift:2: High imports Low without declaring it in Package.swift"])

    def test_finds_foundation_in_a_pure_floor(self):
        for line in ("import Foundation", "internal import FoundationEssentials", "import struct Foundation.Date"):
            self.assertEqual(len(found("Mid", line)), 1, line)

    def test_finds_an_outside_library_not_listed(self):
        self.assertEqual(len(found("Low", "import Crypto")), 1)

    def test_finds_a_foreign_spi_import(self):
        self.assertEqual(len(found("Twin", "@_spi(Secret) import Mid")), 1)

    def test_finds_a_second_import_on_a_line_and_ignores_comments(self):
        self.assertEqual(len(found("Low", "import Low; import Crypto\n// import Mid\n/*\nimport Mid\n*/")), 1)

    def test_finds_an_upward_dependency_in_the_description(self):
        self.assertEqual(len(found("Low", "", {"Low": {"Mid"}, "Mid": set()})), 1)

    def test_finds_a_target_without_a_floor(self):
        self.assertEqual(len(found("Low", "", {"Low": set(), "New": set()})), 1)


if __name__ == "__main__":
    unittest.main()
