# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# Makes a Python in .build-python with the clients of other authors and Selenium, again only if their
# requirements change; for scripts that source this file. `root` is the repository; sets `python`.
python=$root/.build-python/bin/python
requirements=$root/Tests/Clients/requirements.txt
# Packages of which only a file is used; installed without what they require themselves.
files=$root/Tests/Browser/requirements.txt
recipe="$(python3 -c 'import sys; print(sys.executable, sys.version)') $(cat "$requirements" "$files" | sha256sum)"
if [ "$(cat "$root/.build-python/recipe" 2>/dev/null)" != "$recipe" ] || ! "$python" -c '' 2>/dev/null; then
    echo "Installing the Python clients in .build-python" >&2
    rm -rf "$root/.build-python"
    python3 -m venv "$root/.build-python"
    "$python" -m pip --quiet --disable-pip-version-check --no-input install \
        --requirement "$requirements" </dev/null
    "$python" -m pip --quiet --disable-pip-version-check --no-input install --no-deps \
        --requirement "$files" </dev/null
    printf '%s\n' "$recipe" >"$root/.build-python/recipe"
fi
