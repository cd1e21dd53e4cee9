// Shims for what Swift cannot say: thread-local storage and a fork that hands descriptors to its child.
#ifndef HEIGHTS_CRUNTIME_H
#define HEIGHTS_CRUNTIME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/socket.h>
#include <sys/types.h>

/// The event loop that owns the calling thread, or NULL. The loop sets it once, on its own thread.
void *heights_current_loop(void);
void heights_set_current_loop(void *loop);

/// Names the calling thread for debuggers and `top`: 15 characters are kept.
void heights_name_thread(const char *name);

/// Takes a connection from a listening socket: non-blocking, closed on exec. -1 and errno when there is none.
int heights_accept(int listener, struct sockaddr *address, socklen_t *length);

/// A file without a name in `folder`, gone when its descriptor is closed. -1 and errno when it can't be made.
int heights_open_unnamed(const char *folder);

/// Seconds since 1970 of a date as HTTP writes it (RFC 9110, 5.6.7), or -1.
int64_t heights_parse_http_date(const char *text);

/// Starts a program. `descriptors[i]` becomes descriptor 3 + i of the child (systemd's order); standard input is
/// /dev/null, standard output and error are `log_descriptor`. The child gets a process group of its own and is
/// killed when the calling THREAD ends, so call it from a thread that lives as long as the program.
/// LISTEN_PID is set to the child's pid where `environment` contains an entry "LISTEN_PID=" padded to hold it.
/// Returns the pid, or -errno of the first step that failed (the exec included).
pid_t heights_spawn(
    const char *path, char *const arguments[], char *const environment[], const char *working_directory,
    const int *descriptors, size_t descriptor_count, int log_descriptor);

/// A descriptor that becomes readable when the process ends (pidfd), or -1 with errno set.
int heights_open_process(pid_t pid);

/// From now on each of these signals is written as one byte (its number) to `descriptor`, a non-blocking pipe that
/// stays open; a negative descriptor restores the default. One pipe per process. Returns 0, or -1 with errno set.
int heights_forward_signals(const int *numbers, size_t count, int descriptor);

#endif
