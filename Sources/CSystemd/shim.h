// The system's libsystemd.
#ifndef PASSERELLE_CSYSTEMD_H
#define PASSERELLE_CSYSTEMD_H

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
