#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

enum { most = 16 };

union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int) * most)];
};

ssize_t CLinux_send_descriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, int number)
{
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control;
    if (number > most) {
        errno = EINVAL;
        return -1;
    }
    if (number > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)number);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)number);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * (size_t)number);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t CLinux_receive_descriptors(
    int socket, void *bytes, size_t count, int *descriptors, int *number)
{
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    union control control;
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    *number = 0;
    ssize_t received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0)
        return -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        int found = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int index = 0; index < found && *number < most; index++) {
            memcpy(&descriptors[*number], CMSG_DATA(head) + sizeof(int) * (size_t)index, sizeof(int));
            ++*number;
        }
    }
    return received;
}

// Returns this process's environment with `added` entries, each of which replaces its name's entry.
static char **environment_with(char *const *added)
{
    size_t count = 0, more = 0;
    while (environ[count])
        count++;
    while (added[more])
        more++;
    char **all = calloc(count + more + 1, sizeof *all);
    if (!all)
        return NULL;
    size_t used = 0;
    for (size_t at = 0; at < count; at++) {
        int is_replaced = 0;
        for (size_t index = 0; index < more; index++) {
            size_t name = (size_t)(strchrnul(added[index], '=') - added[index]) + 1;
            is_replaced |= !strncmp(environ[at], added[index], name);
        }
        if (!is_replaced)
            all[used++] = environ[at];
    }
    for (size_t index = 0; index < more; index++)
        all[used++] = added[index];
    return all;
}

int CLinux_spawn(
    const char *path, char *const *arguments, char *const *added, int descriptor, int place,
    pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char **environment = environment_with(added);
    if (!environment)
        return ENOMEM;
    int code = posix_spawn_file_actions_init(&actions);
    if (code) {
        free(environment);
        return code;
    }
    code = posix_spawnattr_init(&attributes);
    if (!code) {
        sigemptyset(&none);
        sigfillset(&all);
        // dup2 also clears close-on-exec, even if both numbers are equal.
        code = posix_spawn_file_actions_adddup2(&actions, descriptor, place);
        if (!code)
            code = posix_spawnattr_setsigmask(&attributes, &none);
        if (!code)
            code = posix_spawnattr_setsigdefault(&attributes, &all);
        if (!code)
            code = posix_spawnattr_setflags(
                &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (!code)
            code = posix_spawn(child, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return code;
}
