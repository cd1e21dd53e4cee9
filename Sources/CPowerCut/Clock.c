// The clock of a host, which a drill may have show another time than the machine's: whoever asks for the time of day is told
// so many seconds more. How long something takes is measured by other clocks, which nobody sets, here as anywhere.
//
// Not seen: times of files, which the kernel writes, and programs that ask the kernel past the C library (etcd, in Go).
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#include "Host.h"

typedef int (*get_time)(clockid_t, struct timespec *);

// The C library's own. It may be asked before this library has begun, and by a handler of signals.
static get_time real;

static int real_time(clockid_t clock, struct timespec *time) {
  get_time found = __atomic_load_n(&real, __ATOMIC_RELAXED);
  if (__builtin_expect(!found, 0)) {
    found = (get_time)dlsym(RTLD_NEXT, "clock_gettime");
    __atomic_store_n(&real, found, __ATOMIC_RELAXED);
  }
  return found(clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = real_time(clock, time);
  int is_of_day = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (is_of_day && result == 0 && power) time->tv_sec += heights_power_clock(power);
  return result;
}

// Of the zone nobody has known anything for decades.
int gettimeofday(struct timeval *restrict of_day, void *restrict zone) {
  struct timespec now;
  if (zone) *(struct timezone *)zone = (struct timezone){0};
  if (clock_gettime(CLOCK_REALTIME, &now) < 0) return -1;
  *of_day = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0) return -1;
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(struct timespec *time, int base) {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}
