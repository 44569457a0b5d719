// The Linux calls and structs that Swift's Glibc module hides. No _GNU_SOURCE here: fd_set would
// then differ from Glibc's own module. Calls that need it are wrapped in shim.c.
#ifndef PASSERELLE_CLINUX_H
#define PASSERELLE_CLINUX_H

#include <errno.h>
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

#endif
