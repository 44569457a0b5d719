#define _GNU_SOURCE
#include "CLinux.h"

#include <link.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

int CLinux_accept(int listener, struct sockaddr *address, socklen_t *length)
{
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int CLinux_credentials(int descriptor, struct CLinux_credentials *credentials)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return -1;
    credentials->pid = peer.pid;
    credentials->uid = peer.uid;
    credentials->gid = peer.gid;
    return 0;
}

int CLinux_unread_bytes(int descriptor)
{
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) < 0 ? -1 : count;
}

void CLinux_name_thread(const char *name)
{
    pthread_setname_np(pthread_self(), name);
}

int CLinux_forbid_dumps(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Unmaps the pages of one library's read-only segments. If they are needed again, they come back
// from the page cache with a minor fault. The program's own segments stay mapped, since readers
// will need most of them.
static int release_segments(struct dl_phdr_info *object, size_t size, void *page)
{
    (void)size;
    if (!object->dlpi_name || !object->dlpi_name[0])
        return 0;
    uintptr_t mask = ~(*(uintptr_t *)page - 1);
    for (int at = 0; at < object->dlpi_phnum; at++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[at];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        uintptr_t end = start + segment->p_memsz;
        start &= mask;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void CLinux_release_startup_pages(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    malloc_trim(0);
    dl_iterate_phdr(release_segments, &page);
}
