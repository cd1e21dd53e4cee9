// A library that the lab preloads into the processes of a host that keep data. Nobody calls it by name: it stands before
// the C library's functions that write, and looks at what the lab wants (see CPowerLog.h) in the folder that the variable
// HEIGHTS_POWER names.
#ifndef HEIGHTS_CPOWERCUT_H
#define HEIGHTS_CPOWERCUT_H

#define HEIGHTS_POWER_VARIABLE "HEIGHTS_POWER"

#endif
