#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of the file given as the argument."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def main():
    # The Channels server and the readers are those of the tests of the units.
    sys.path[:0] = [str(HERE), str(HERE.parent / "Systemd"), str(HERE.parent / "Common")]
    suite = unittest.TestLoader().discover(str(HERE), sys.argv[1])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun} tests, {bad} failures", flush=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
