// The log of what a power cut takes back: written by CPowerCut inside the processes of a host, applied by the lab.
#ifndef HEIGHTS_CPOWERLOG_H
#define HEIGHTS_CPOWERLOG_H

#include <stdint.h>
#include <sys/types.h>

/// Beyond it nothing more is noted, and nobody can tell what was not flushed.
#define HEIGHTS_POWER_LIMIT_BYTES (1ULL << 30)

/// The names of its two files, in a folder of the host's.
#define HEIGHTS_POWER_CONTROL "control"
#define HEIGHTS_POWER_LOG "undo"

/// A file for as long as it exists: a number of a deleted one is given away again, with another birth.
struct heights_power_file {
  uint64_t device;
  uint64_t inode;
  uint64_t birth;
};

enum heights_power_kind {
  /// A file is about to be changed. What it had there follows.
  HEIGHTS_POWER_CHANGED = 1,
  /// Everything that was noted of the file before `offset` of the log is on disk.
  HEIGHTS_POWER_FLUSHED = 2,
  /// The same of every file.
  HEIGHTS_POWER_ALL_FLUSHED = 3,
};

/// One entry of the log.
struct heights_power_record {
  uint32_t kind;
  uint32_t reserved;
  struct heights_power_file file;
  /// Of a change: where its old bytes lie in the file, how many follow this record, and the file's old size.
  uint64_t offset;
  uint64_t old_bytes;
  uint64_t old_size;
  /// How much is written.
  uint64_t new_bytes;
};

/// What the processes of one host and the lab share.
struct heights_power;

/// Makes the two files in `folder`, which is there. Only while no process has them. Returns 0, or an errno.
int heights_power_make(const char *folder, uid_t user, gid_t group);
/// Opens what was made; NULL and errno when there is nothing.
struct heights_power *heights_power_open(const char *folder);
void heights_power_close(struct heights_power *power);

/// A process notes its writes from now on, if the lab asks for it.
void heights_power_attach(struct heights_power *power);
int heights_power_is_attached(struct heights_power *power);

/// Begins a new log, and has each process write to it.
void heights_power_arm(struct heights_power *power);
/// Nobody writes to it any more. What it holds stays until it is armed again or made anew.
void heights_power_disarm(struct heights_power *power);
int heights_power_is_armed(struct heights_power *power);

/// Holds the log against all others; a process that dies lets go of it. Not for the lab. Returns 0, or an errno.
int heights_power_lock(struct heights_power *power);
void heights_power_unlock(struct heights_power *power);
/// Where the next record will lie.
uint64_t heights_power_position(struct heights_power *power);
/// Writes a record and what follows it. Only for who holds the log.
void heights_power_append(struct heights_power *power, struct heights_power_record record, const void *old);
/// The log is not whole from now on, for this reason (an errno).
void heights_power_fail(struct heights_power *power, int reason);
/// 0 while it is whole.
int heights_power_failure(struct heights_power *power);

/// How far the host's clock is ahead of the machine's, in seconds; behind it when that is negative.
void heights_power_set_clock(struct heights_power *power, int64_t seconds);
int64_t heights_power_clock(struct heights_power *power);

/// Which file a descriptor means and how large it is; 0 when it is no regular file.
int heights_power_identify(int descriptor, struct heights_power_file *file, uint64_t *size);

#endif
