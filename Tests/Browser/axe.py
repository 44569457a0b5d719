# SPDX-License-Identifier: MIT
"""axe-core, which finds what a page denies to its users with a screen reader or low vision."""

import pathlib
import sysconfig

# Only the script of the package is used; the package itself drives another browser library.
SCRIPT = pathlib.Path(sysconfig.get_path("purelib"), "axe_playwright_python", "axe.min.js")

_RUN = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations"] }).then(
  ({ violations, passes }) => done({ passes: passes.length, violations: violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ` + nodes.map(({ html }) => html).join(" | ")) }),
  (error) => done({ passes: 0, violations: [String(error)] }));
"""


def violations(driver):
    """Returns what axe reports about the current page, one line for each rule that is broken."""
    # Through the debugger, so that the page's content security policy does not apply.
    driver.execute_cdp_cmd(
        "Runtime.evaluate", {"expression": SCRIPT.read_text(), "returnByValue": False}
    )
    found = driver.execute_async_script(_RUN)
    # A page on which no rule applies was not examined.
    return found["violations"] or ([] if found["passes"] else ["axe examined nothing"])
