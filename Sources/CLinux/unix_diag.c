#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

// The state of a stream socket that neither listens nor is connected (the kernel's TCP_CLOSE).
enum { unconnected = 7 };

static int is_file(const struct unix_diag_msg *socket, size_t length, uint64_t device, uint64_t inode)
{
    const struct rtattr *attribute = (const struct rtattr *)(socket + 1);
    int left = (int)(length - sizeof *socket);
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type != UNIX_DIAG_VFS ||
            RTA_PAYLOAD(attribute) < sizeof(struct unix_diag_vfs))
            continue;
        struct unix_diag_vfs file;
        memcpy(&file, RTA_DATA(attribute), sizeof file);
        // The kernel's form of a device number: 12 bits and 20 bits.
        return file.udiag_vfs_ino == (uint32_t)inode &&
               (file.udiag_vfs_dev >> 20) == gnu_dev_major(device) &&
               (file.udiag_vfs_dev & 0xFFFFF) == gnu_dev_minor(device);
    }
    return 0;
}

// Reads one datagram of the answer: 1 if the file is in it, 0 if not, 2 at the end, -1 on an error.
static int read_answer(const char *bytes, ssize_t count, uint64_t device, uint64_t inode)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)bytes;
    for (; NLMSG_OK(header, count); header = NLMSG_NEXT(header, count)) {
        if (header->nlmsg_type == NLMSG_DONE)
            return 2;
        if (header->nlmsg_type == NLMSG_ERROR)
            return -1;
        if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
            NLMSG_PAYLOAD(header, 0) < sizeof(struct unix_diag_msg))
            continue;
        if (is_file(NLMSG_DATA(header), NLMSG_PAYLOAD(header, 0), device, inode))
            return 1;
    }
    return 0;
}

int CLinux_is_unix_bound(uint64_t device, uint64_t inode)
{
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0)
        return -1;
    struct timeval patience = {.tv_sec = 2};
    setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct {
        struct nlmsghdr header;
        struct unix_diag_req question;
    } request = {
        .header = {
            .nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
        .question = {
            .sdiag_family = AF_UNIX,
            .udiag_states = 1u << unconnected,
            .udiag_show = UDIAG_SHOW_VFS,
        },
    };
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int found = -1;
    if (sendto(netlink, &request, sizeof request, 0, (struct sockaddr *)&kernel, sizeof kernel) ==
        (ssize_t)sizeof request) {
        static const size_t capacity = 32768;
        char bytes[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
        do {
            ssize_t count;
            do
                count = recv(netlink, bytes, capacity, 0);
            while (count < 0 && errno == EINTR);
            found = count <= 0 ? -1 : read_answer(bytes, count, device, inode);
        } while (found == 0);
        if (found == 2)
            found = 0;
    }
    close(netlink);
    return found;
}
