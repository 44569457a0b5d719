# SPDX-License-Identifier: MIT
"""The results as Markdown."""

from situations import ALL

TITLES = {
    "module": "The module (`connect`)",
    "rescue": "`rescue` beside {pusher}",
    "eventsource": "A native `EventSource`",
}
HEAD = ("| middlebox | received | lost | duplicated | out of order | first event | median | p99 "
        "| slowest | requests | states |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|\n")
EXPECTED = {
    "all": "",
    "some": " (the end may be missing: the box holds it)",
    "none": " (nothing can pass)",
    "dies": " (closes for good)",
}
RECEIVES = {
    "all": "everything",
    "some": "the beginning; the box may hold the end",
    "none": "nothing",
    "dies": "the beginning, then it closes for good",
}


def seconds(value):
    if value is None:
        return "–"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def states(report):
    """The states in their order, without those that repeat what is listed."""
    words = [state for _, state in report.get("states", [])]
    listed = list(dict.fromkeys(words))
    return ", ".join(f"{word} ×{words.count(word)}" if words.count(word) > 1 else word for word in listed)


def row(result):
    report = result.report
    received = report.get("received", 0)
    counts = ", ".join(f"{kind} {count}" for kind, count in result.requests.items() if kind != "answered")
    name = result.box + EXPECTED[result.expected]
    if result.client not in TITLES:
        name += result.client.removeprefix("module")
    return "| " + " | ".join([
        name, str(received), str(result.total - received),
        str(len(report.get("duplicated", []))), str(len(report.get("disordered", []))),
        seconds(report.get("first")),
        *(seconds(report.get(name)) for name in ("median", "p99", "slowest")), counts, states(report),
    ]) + " |\n"


def tables(results, names, pusher):
    """Returns one table for each client, with the boxes in the order of `names`; `pusher` names the
    library that was rescued."""
    ordered = sorted(results, key=lambda result: names.index(result.box))
    text = ""
    for client, title in TITLES.items():
        rows = [row(result) for result in ordered if (result.box in ALL, result.client) == (False, client)]
        if rows:
            text += f"### {title.format(pusher=pusher)}\n\n{HEAD}{''.join(rows)}\n"
    rows = [row(result) for result in ordered if result.box in ALL]
    if rows:
        text += f"### Situations\n\n{HEAD.replace('middlebox', 'situation')}{''.join(rows)}\n"
    return text


def listed(made):
    """Returns the table of the boxes."""
    text = "| middlebox | what it does | as | WebSocket | `EventSource` receives |\n|---|---|---|---|---|\n"
    for box in made:
        does = " ".join(type(box).__doc__.split())
        upgrade = "yes" if box.passes_websockets else "no"
        text += f"| `{box.name}` | {does} | {box.real} | {upgrade} | {RECEIVES[box.event_source]} |\n"
    return text


def situations():
    """Returns the table of the situations."""
    rows = [f"| `{name}` | {' '.join(each.__doc__.split())} |\n" for name, each in ALL.items()]
    return f"| situation | what happens |\n|---|---|\n{''.join(rows)}"
