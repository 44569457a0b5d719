#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of the proxies' configurations; arguments select tests by name."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def main():
    sys.path[:0] = [str(HERE), str(HERE.parent / "Common")]
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{each}*" for each in sys.argv[1:]] or None
    suite = loader.discover(str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun} tests, {bad} failures", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
