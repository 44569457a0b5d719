// SPDX-License-Identifier: MIT
// libFuzzer's driver, which exists only in a program linked with -sanitize=fuzzer.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef int (*FuzzCallback)(const uint8_t *bytes, size_t count);

__attribute__((weak)) int LLVMFuzzerRunDriver(int *argc, char ***argv, FuzzCallback callback);

// Runs libFuzzer with these arguments; returns -1 if the program was linked without it.
static inline int fuzz_run(int argc, char **argv, FuzzCallback callback) {
    if (LLVMFuzzerRunDriver == NULL) return -1;
    return LLVMFuzzerRunDriver(&argc, &argv, callback);
}
