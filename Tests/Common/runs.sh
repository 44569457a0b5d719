# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Runs tests in parallel and reports failures, for scripts that source this file; `logs` is the
# folder for the output of each run.
rm -rf "$logs"
mkdir -p "$logs"
declare -A running=()
failed=()
trap 'for each in "${running[@]}"; do kill -TERM -- "-$each" 2>/dev/null || true; done' EXIT

# Starts a run of the given name in the background, as a process group of its own.
begin() {
    local name=$1
    shift
    set -m
    "$@" >"$logs/$name.log" 2>&1 </dev/null &
    running[$name]=$!
    set +m
}

# Starts a run of the Swift tests in the given folder of built programs, with options of `swift
# test`, which itself would wait for the end of the run before.
begin_swift() {
    local name=$1 bundle=$2/passerellePackageTests.xctest
    shift 2
    begin "$name" "$bundle" --testing-library swift-testing "$@"
}

# Waits for all runs and reports the result of each; of a failed one, shows the output except passed
# tests.
finish() {
    local name code
    for name in "${!running[@]}"; do
        code=0
        wait "${running[$name]}" || code=$?
        unset "running[$name]"
        if [ $code = 0 ]; then
            printf -- '-- %s: %s\n' "$name" "$(tail -n 1 "$logs/$name.log")"
        else
            printf -- '-- %s: FAILED with exit code %d\n' "$name" $code
            grep -avE '^(◇|✔)|\.\.\. ok$' "$logs/$name.log" || true
            failed+=("$name")
        fi
    done
}

# Lists the failures; the exit code is 1 if there are any.
conclude() {
    local name
    [ ${#failed[@]} -gt 0 ] || return 0
    printf 'FAILED: %s; the output is in %s\n' "${failed[*]}" "$logs"
    for name in "${failed[@]}"; do
        grep -aE '^✘ Test .* failed after|^(FAIL|ERROR): |Fatal error' "$logs/$name.log" |
            sed "s/^/    $name: /" || printf '    %s: ended without naming a test\n' "$name"
    done
    return 1
}
