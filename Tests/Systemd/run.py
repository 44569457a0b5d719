#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of the units, inside the container; arguments select tests by name."""

import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class Timed(unittest.TextTestResult):
    """Prints the time that each test took."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.stream.writeln(f"ok, {time.monotonic() - self.began:.1f} s")
        self.stream.flush()


def main():
    sys.path[:0] = [str(HERE), str(HERE.parent / "Common")]
    import units

    units.install()
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{each}*" for each in sys.argv[1:]] or None
    suite = loader.discover(str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Timed).run(suite)
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - bad} passed, {bad} failed", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
