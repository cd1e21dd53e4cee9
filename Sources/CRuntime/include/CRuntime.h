// Shims for what Swift cannot say: thread-local storage and a fork that hands descriptors to its child.
#ifndef HEIGHTS_CRUNTIME_H
#define HEIGHTS_CRUNTIME_H

// Not <sys/socket.h>: its constants would be of this module as well as of Glibc, and then a file that imports Glibc
// alone sees them or not by the order in which the compiler takes a module's files.
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/types.h>

/// The event loop that owns the calling thread, or NULL. The loop sets it once, on its own thread.
void *heights_current_loop(void);
void heights_set_current_loop(void *loop);

/// Names the calling thread for debuggers and `top`: 15 characters are kept.
void heights_name_thread(const char *name);

/// Takes a connection from a listening socket: non-blocking, closed on exec. -1 and errno when there is none.
/// `address` has room for `length` bytes of a `sockaddr`; both NULL where nobody asks.
int heights_accept(int listener, void *address, unsigned *length);

/// A file without a name in `folder`, gone when its descriptor is closed. -1 and errno when it can't be made.
int heights_open_unnamed(const char *folder);

/// Where `sought` begins first in `bytes`; -1 when it is not there.
ssize_t heights_find(const void *bytes, size_t size, const void *sought, size_t sought_size);

/// Seconds since 1970 of a date as HTTP writes it (RFC 9110, 5.6.7), or -1.
int64_t heights_parse_http_date(const char *text);

/// What a program is started with.
struct heights_program {
  /// Absolute, as the program's place sees it.
  const char *path;
  /// Its name first; NULL ends both lists. LISTEN_PID is set to the program's pid where the environment has an entry
  /// "LISTEN_PID=" padded to hold it.
  char *const *arguments;
  char *const *environment;
  const char *working_directory;
  /// `descriptors[i]` becomes descriptor 3 + i (systemd's order).
  const int *descriptors;
  size_t descriptor_count;
  /// Standard output and error; standard input is /dev/null.
  int log_descriptor;
};

#define HEIGHTS_SAME_USER ((uid_t)-1)

/// A folder that is seen in another place.
struct heights_bind {
  const char *source;
  const char *target;
};

/// Where a program runs, and as whom.
struct heights_seat {
  /// A pidfd of a zone's init; -1 for no zone.
  int zone;
  /// In a zone: the mount namespace (an open /proc/PID/ns/mnt) of a program that runs there already, to share what it
  /// sees; -1 makes one.
  int mounts;
  /// With a mount namespace made: the folders that are seen elsewhere there, in this order.
  const struct heights_bind *binds;
  size_t bind_count;
  /// A network namespace (an open /proc/PID/ns/net); -1 for ours.
  int network;
  /// Whether it may change its network, though we are not root: for a program that we trust, as we are.
  int changes_network;
  /// HEIGHTS_SAME_USER: who we are. Otherwise only root may say who, and the program can't become anybody else.
  uid_t user;
  gid_t group;
};

/// Starts a program; `seat` may be NULL: beside us, as we are. It gets a process group of its own, is a child of ours
/// wherever it runs, and is killed when the calling THREAD ends, so call it from a thread that lives as long as the
/// program.
/// Returns the pid, or -errno of the first step that failed (the exec included).
pid_t heights_spawn(const struct heights_program *program, const struct heights_seat *seat);

/// Starts a zone: a PID namespace with a /proc of its own (in a user namespace, unless we are root). It holds an init
/// that does nothing and is killed when the calling THREAD ends. Killing the init kills every process of the zone at
/// once, as a power cut does.
/// Returns the pid of the init, a child of ours, or -errno where namespaces are refused.
pid_t heights_start_zone(void);

/// From now on this process, and what it starts, has a network of its own, with nothing in it: nobody else on the machine
/// reaches it, and it reaches nobody. It is in a user namespace, unless we are root: only for a process with one thread.
/// Returns 0, or -errno where the system refuses that.
int heights_leave_network(void);

/// Whether the system would let us: 0, or -errno. Nothing changes.
int heights_can_leave_network(void);

/// Makes another network, in which the calling THREAD is from now on, and what it starts: let it end soon.
/// Returns a descriptor of the network, which lives as long as that or anything in it, or -errno.
int heights_make_network(void);

/// The calling THREAD is blocked from no signal any more: a program that it becomes has its mask.
void heights_hear_signals(void);

/// A file in memory without a name, gone with its last descriptor. -1 and errno when it can't be made.
int heights_memory_file(void);

/// The calling THREAD is in that network from now on. Returns 0 or -errno.
int heights_join_network(int network);

/// Goes into the network of a process; `with_user` as its user namespace has it, only for a process with one thread.
/// Returns 0 or -errno.
int heights_enter_network(pid_t pid, int with_user);

/// A socket to open on an address of this machine.
struct heights_door {
  /// SOCK_STREAM or SOCK_DGRAM.
  int type;
  /// Dotted, ended by 0.
  char address[16];
  /// 0 for one that is free.
  uint16_t port;
  /// Whether others of ours may have the same.
  int shares_port;
  /// Of a stream: 0 to bind it only.
  int backlog;
};

/// Opens it here. Returns a descriptor (non-blocking, closed on exec), or -errno.
int heights_open_door(const struct heights_door *door);

/// Starts a process that stays in this network and opens sockets in it for whoever holds the channel; it ends with the
/// channel's last holder. Returns the channel, closed on exec, or -errno.
int heights_start_doorkeeper(void);

/// Has the doorkeeper open one. Blocks for as long as that takes; one at a time. Returns as `heights_open_door`.
int heights_ask_doorkeeper(int channel, const struct heights_door *door);

/// A descriptor that becomes readable when the process ends (pidfd), or -1 with errno set.
int heights_open_process(pid_t pid);

/// Returns when everything of the file system that an open file is in is on disk; -1 with errno when that failed.
int heights_sync_file_system(int descriptor);

/// From now on each of these signals is written as one byte (its number) to `descriptor`, a non-blocking pipe that
/// stays open; a negative descriptor restores the default. One pipe per process. Returns 0, or -1 with errno set.
int heights_forward_signals(const int *numbers, size_t count, int descriptor);

/// What a connection has sent and the peer has not taken yet, in bytes; if there is any, also how much it has taken in all,
/// of TCP.
struct heights_sending {
  int unsent_bytes;
  uint64_t taken_bytes;
};
struct heights_sending heights_sending(int descriptor);

#endif
