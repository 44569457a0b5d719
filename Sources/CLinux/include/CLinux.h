// The Linux calls and structs that Swift's Glibc module hides. Must not define _GNU_SOURCE, since
// fd_set would then differ from Glibc's own module. Calls that need it are wrapped in shim.c.
#ifndef PASSERELLE_CLINUX_H
#define PASSERELLE_CLINUX_H

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/// The peer of a Unix stream socket, as the kernel recorded it at connect time.
struct CLinux_credentials {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

/// accept4(2): the accepted descriptor is non-blocking and closed on exec.
int CLinux_accept(int listener, struct sockaddr *address, socklen_t *length);

/// SO_PEERCRED (unix(7)): 0, or -1 with errno set.
int CLinux_credentials(int descriptor, struct CLinux_credentials *credentials);

/// SIOCOUTQ (tcp(7), unix(7)): bytes of a stream socket that the peer has not taken, or -1.
int CLinux_unread_bytes(int descriptor);

/// Returns 1 if a Unix socket that neither listens nor is connected is bound to a file, under any
/// name (sock_diag(7)); 0 if not; -1 if the kernel does not answer.
int CLinux_is_unix_bound(uint64_t device, uint64_t inode);

/// PR_SET_DUMPABLE (prctl(2)): no core file, no tracer, and /proc/self for root only. 0, or -1.
int CLinux_forbid_dumps(void);

/// Releases memory that only the start needed: free heap (malloc_trim(3)), and mapped library code
/// and constants (MADV_DONTNEED, madvise(2)), which the page cache restores on use.
void CLinux_release_startup_pages(void);

/// Prefetches the 192 bytes from an address on, which may be invalid.
static inline void CLinux_prefetch(const void *address) {
    for (int line = 0; line < 3; line++) __builtin_prefetch((const char *)address + 64 * line);
}

/// sendmsg(2) without waiting, with at most 16 descriptors (SCM_RIGHTS, unix(7)): the number of bytes
/// that were sent, or -1.
ssize_t CLinux_send_descriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, int number);

/// recvmsg(2) without waiting; stores up to 16 descriptors, which are closed on exec, and their
/// number. Returns the number of bytes, 0 at the end, or -1.
ssize_t CLinux_receive_descriptors(
    int socket, void *bytes, size_t count, int *descriptors, int *number);

/// posix_spawn(3) with this environment and `added` entries, the descriptor as number `place`, no
/// blocked signal and default actions: 0, or an error number.
int CLinux_spawn(
    const char *path, char *const *arguments, char *const *added, int descriptor, int place,
    pid_t *child);

/// pthread_setname_np(3) for the calling thread; the name must have at most 15 bytes.
void CLinux_name_thread(const char *name);

#endif
