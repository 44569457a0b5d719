// What is freed is overwritten first: a message that its author deleted, or a secret, must not be
// found in this process's memory afterwards, and it has passed through many short-lived buffers
// that nobody can name any more by then. Every block is small, or is rarely freed, so that this
// costs some nanoseconds an allocation, and nothing a delivery, which allocates nothing.
//
// Stands in front of the C library's own free(3), which does the rest; the sanitizers bring an
// allocator of their own.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CLINUX_SANITIZED
#endif
#endif
#else
#define CLINUX_SANITIZED
#endif

#if defined(__GLIBC__) && !defined(CLINUX_SANITIZED)

extern void __libc_free(void *memory);

void free(void *memory)
{
    if (!memory)
        return;
    explicit_bzero(memory, malloc_usable_size(memory));
    __libc_free(memory);
}

#endif
