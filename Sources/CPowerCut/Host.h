// What the parts of the preloaded library have in common.
#ifndef HEIGHTS_CPOWERCUT_HOST_H
#define HEIGHTS_CPOWERCUT_HOST_H

#include <CPowerLog.h>

// What the process shares with the lab; NULL before it is found, and where there is nothing.
extern __attribute__((visibility("hidden"))) struct heights_power *power;

#endif
