#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the clients through the middleboxes and prints a table; see README.md."""

import argparse
import asyncio
import concurrent.futures
import os
import pathlib
import re
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Common"), str(HERE.parent / "Browser")]

import boxes  # noqa: E402
import situations  # noqa: E402
import table  # noqa: E402
from matrix import CLIENTS, Plan, Row  # noqa: E402
from stage import Stage  # noqa: E402

# The seconds that the end of a row may take after its last event: the module's longest silence, and
# its longest pause between two attempts, several times.
PATIENCE = 300


def arguments():
    parser = argparse.ArgumentParser(prog="Tests/Networks/run")
    parser.add_argument("program", help="a built passerelle")
    parser.add_argument("--only", action="append", metavar="BOX",
                        help="this box or situation; repeat it for several")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="this client; repeat it")
    parser.add_argument("--sample", action="store_true", help="fewer events and shorter times, for CI")
    parser.add_argument("--module", type=pathlib.Path, metavar="FOLDER",
                        help="a folder with passerelle.js, instead of the file that the program serves")
    parser.add_argument("--events", type=int, help="numbered events for each client")
    parser.add_argument("--browsers", type=int, default=4, help="browsers at a time")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds for the end of a row")
    parser.add_argument("--table", type=pathlib.Path, help="a file for the table")
    return parser.parse_args()


def library():
    """Returns the file of pusher-js, or of the stand-in, and what it is."""
    own = os.environ.get("PASSERELLE_PUSHER_JS")
    if own:
        file = pathlib.Path(own)
        found = re.search(r"v(\d+\.\d+\.\d+)", file.read_text()[:400])
        return file, f"pusher-js {found[1] if found else 'of an unknown version'}"
    print("SKIPPED, and so NOT TESTED: rescue with the real pusher-js, since PASSERELLE_PUSHER_JS is not "
          "set; a stand-in with the same dispatcher takes its place", flush=True)
    return ROOT / "examples" / "pusher-stand-in.js", "the stand-in for pusher-js"


async def every_row(stage, options, names):
    module = "/site/static/module/passerelle.js" if options.module else "/passerelle.js"
    plan = Plan(options.events or (300 if options.sample else 2000), options.patience, module,
                tuple(options.client or CLIENTS))
    free = asyncio.Semaphore(options.browsers)
    results = []

    made = boxes.sets(options.sample)

    def row(name):
        return Row(stage, plan, name, made[name]) if name in made else situations.ALL[name](stage, plan)

    async def one(name):
        async with free:
            began = time.monotonic()
            try:
                found = await row(name).run()
            except Exception as error:  # One row that fails must not hide the others.
                print(f"{name}: {type(error).__name__}: {error}", flush=True)
                failures.append(name)
                return
            results.extend(found)
            for result in found:
                said = "; ".join(result.problems()) or "as expected"
                print(f"{name}, {result.client}: {said}", flush=True)
                if result.problems():
                    print(f"    {result.report}\n    {result.requests}", flush=True)
            print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)

    failures = []
    await asyncio.gather(*(one(name) for name in names))
    return results, failures


async def main():
    options = arguments()
    # The processes that were started end, too.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(32))
    names = list(boxes.sets(options.sample))
    if "module" in (options.client or CLIENTS):
        names += situations.names(options.sample)
    unknown = set(options.only or []) - set(names)
    if unknown:
        sys.exit(f"no such box or situation: {', '.join(unknown)}; there are {', '.join(names)}")
    names = [name for name in names if not options.only or name in options.only]
    file, pusher = library()
    stage = Stage(options.program, {"pusher.js": file}, options.module)
    try:
        await stage.start()
        results, failures = await every_row(stage, options, names)
    finally:
        stage.close()
    text = table.tables(results, names, pusher)
    print(text)
    if options.table:
        options.table.write_text(text)
    bad = failures + [f"{each.box}/{each.client}" for each in results if each.problems()]
    print(f"{len(results)} clients, {len(bad)} with problems" + (f": {', '.join(bad)}" if bad else ""))
    sys.exit(1 if bad or not results else 0)


if __name__ == "__main__":
    asyncio.run(main())
