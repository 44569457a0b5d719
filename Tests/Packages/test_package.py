# SPDX-License-Identifier: MIT
"""The package itself, and the man page in it."""

import gzip
import pathlib
import re
import subprocess
import tempfile
import unittest

from machine import PROGRAM, package

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*words):
    """Runs a command to its end and returns its whole output."""
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Package(unittest.TestCase):
    def field(self, name):
        return run("dpkg-deb", "--field", str(package(1)), name).strip()

    def test_lintian_finds_no_error(self):
        words = ["lintian", "--fail-on", "error", str(package(1))]
        print(run(*words).strip(), end=" ... ")

    def test_the_version_is_that_of_the_program(self):
        version = run(PROGRAM, "--version").strip().removeprefix("passerelle ")
        self.assertEqual(self.field("Version"), f"{version}-1")

    def test_its_dependencies_are_the_libraries_that_the_program_is_linked_to(self):
        depends = self.field("Depends")
        for name in ["libc6", "libssl3", "libsystemd0", "libstdc++6", "ca-certificates"]:
            self.assertRegex(depends, rf"(^|, ){re.escape(name)}( |,|$)")
        self.assertNotIn("$", depends)

    def test_the_program_is_the_given_one_without_symbols(self):
        with tempfile.TemporaryDirectory() as folder:
            run("dpkg-deb", "--extract", str(package(1)), folder)
            program = pathlib.Path(folder, "usr/bin/passerelle")
            self.assertEqual(program.read_bytes(), pathlib.Path(PROGRAM).read_bytes())
            sections = run("readelf", "--section-headers", "--wide", str(program))
            self.assertNotRegex(sections, r"\.symtab|\.debug_")
            self.assertNotIn("libswift", run("readelf", "--dynamic", str(program)))

    def test_only_the_configuration_is_a_conffile(self):
        with tempfile.TemporaryDirectory() as folder:
            run("dpkg-deb", "--control", str(package(1)), folder)
            conffiles = pathlib.Path(folder, "conffiles").read_text()
        self.assertEqual(conffiles, "/etc/passerelle/passerelle.env\n")

    def test_the_same_sources_give_the_same_package(self):
        with tempfile.TemporaryDirectory() as folder:
            run(str(ROOT / "deploy/build-deb"), "--program", PROGRAM, "--output", folder)
            (again,) = pathlib.Path(folder).iterdir()
            self.assertEqual(again.read_bytes(), package(1).read_bytes())


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        run("dpkg-deb", "--extract", str(package(1)), folder.name)
        packed = pathlib.Path(folder.name, "usr/share/man/man1/passerelle.1.gz")
        self.page = pathlib.Path(folder.name, "passerelle.1")
        self.page.write_bytes(gzip.decompress(packed.read_bytes()))
        # As wide as needed, so that no word is broken at the end of a line.
        self.text = subprocess.run(
            ["mandoc", "-Tutf8", "-Owidth=1000", str(self.page)], capture_output=True, text=True
        ).stdout
        self.text = re.sub(".\b", "", self.text)

    def test_man_and_mandoc_report_no_errors(self):
        self.assertEqual(run("mandoc", "-Tlint", "-Wwarning", str(self.page)), "")
        words = ["man", "--warnings", "--encoding=UTF-8", "--local-file", str(self.page)]
        done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("@", self.text)
        self.assertTrue(self.page.read_text().isascii())

    def has(self, words):
        """True if the page contains these words, with any line breaks."""
        self.assertIn(" ".join(words.split()), " ".join(self.text.split()))

    def test_every_command_is_listed_with_its_whole_help(self):
        names = re.findall(r"^  ([a-z]+) +\S", run(PROGRAM, "help"), re.MULTILINE)
        self.assertIn("serve", names)
        for name in names:
            with self.subTest(name):
                self.assertRegex(self.text, rf"(?m)^ +{name}$")
                for part in run(PROGRAM, "help", name).split("\n\n"):
                    kind, _, rest = part.partition("\n")
                    if kind.startswith("Variables, "):
                        continue
                    if kind in ["Options:", "Examples:"]:
                        for line in rest.splitlines():
                            self.has(line)
                    else:
                        self.has(part.removeprefix("Usage: "))

    def test_every_variable_is_listed_with_its_flag_meaning_and_default(self):
        lines = run(PROGRAM, "help", "variables").splitlines()
        self.assertGreater(len(lines), 40)
        for line in lines:
            with self.subTest(line):
                self.has(line)

    def test_every_exit_code_is_listed(self):
        helps = run(PROGRAM, "help")
        names = re.findall(r"^  ([a-z]+) +\S", helps, re.MULTILINE)
        said = " ".join(" ".join(run(PROGRAM, "help", name).split()) for name in names)
        codes = {"0"}
        for sentence in re.findall(r"Exit codes: ([^.]*)\.", said):
            codes |= set(re.findall(r"(?:^|[,;] )(\d+)\b", sentence))
        self.assertGreaterEqual(codes, {"0", "1", "64", "69", "78"})
        status = self.text.partition("EXIT STATUS")[2].partition("EXAMPLES")[0]
        for code in codes:
            self.assertRegex(status, rf"(?m)^ +{code}( |$)")
