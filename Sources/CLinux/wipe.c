// Overwrites freed memory: a deleted message or a secret must not be found in this process's memory
// afterwards, and it passes through many short-lived buffers that cannot be wiped one by one. A
// block is either small or rarely freed, so this costs some nanoseconds an allocation. A delivery
// allocates nothing and costs nothing more.
//
// Replaces the C library's free(3), which it calls. The sanitizers have their own allocator.
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
