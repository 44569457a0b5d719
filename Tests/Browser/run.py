#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests with a real browser against the real binary; arguments select tests by name."""

import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def main():
    sys.path[:0] = [str(HERE), str(HERE.parent / "Common")]
    try:
        import browser
    except ImportError as error:
        sys.exit(f"{error}: use the Python of .build-python, which Tests/run makes")
    absent = browser.missing()
    if absent:
        sys.exit(f"not in PATH: {', '.join(absent)}; Tests/install tests brings them")
    if not os.access(os.environ.get("PASSERELLE_TEST_BINARY", ""), os.X_OK):
        sys.exit("PASSERELLE_TEST_BINARY names no program; it must be the built passerelle")

    import shared

    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{each}*" for each in sys.argv[1:]] or None
    suite = loader.discover(str(HERE))
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    finally:
        shared.close()
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - bad} passed, {bad} failed", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
