// See CPowerLog.h for what each function promises.
#include "CPowerLog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define VERSION 2

struct shared {
  uint32_t version;
  uint32_t is_armed;
  uint32_t is_attached;
  int32_t failure;
  uint64_t log_bytes;
  int64_t clock_seconds;
  pthread_mutex_t lock;
};

struct heights_power {
  struct shared *shared;
  /// Opened for each record: a descriptor that is kept may be closed by a program that closes all it does not know.
  char log[PATH_MAX];
};

static int join(char *path, const char *folder, const char *name) {
  int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
  return length > 0 && length < PATH_MAX ? 0 : ENAMETOOLONG;
}

// MARK: Making and opening

static int make_file(const char *path, off_t size, uid_t user, gid_t group) {
  unlink(path);
  int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  int code = ftruncate(file, size) < 0 || (geteuid() == 0 && fchown(file, user, group) < 0) ? errno : 0;
  close(file);
  return code;
}

static struct shared *map(const char *path) {
  int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return NULL;
  struct stat status;
  void *memory = MAP_FAILED;
  if (fstat(file, &status) == 0 && status.st_size == sizeof(struct shared))
    memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? NULL : memory;
}

// One lock for all processes of the host, which the kernel takes from those that die.
static int make_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  int code = pthread_mutex_init(lock, &kind);
  pthread_mutexattr_destroy(&kind);
  return code;
}

int heights_power_make(const char *folder, uid_t user, gid_t group) {
  char control[PATH_MAX], log[PATH_MAX];
  int code = join(control, folder, HEIGHTS_POWER_CONTROL);
  if (code == 0) code = join(log, folder, HEIGHTS_POWER_LOG);
  if (code == 0) code = make_file(log, 0, user, group);
  if (code == 0) code = make_file(control, sizeof(struct shared), user, group);
  if (code != 0) return code;
  struct shared *shared = map(control);
  if (!shared) return EIO;
  code = make_lock(&shared->lock);
  shared->version = VERSION;
  munmap(shared, sizeof *shared);
  return code;
}

struct heights_power *heights_power_open(const char *folder) {
  char control[PATH_MAX];
  struct heights_power *power = calloc(1, sizeof *power);
  if (!power) return NULL;
  int code = join(control, folder, HEIGHTS_POWER_CONTROL);
  if (code == 0) code = join(power->log, folder, HEIGHTS_POWER_LOG);
  if (code == 0 && !(power->shared = map(control))) code = ENOENT;
  if (code == 0 && power->shared->version != VERSION) code = EPROTO;
  if (code == 0) return power;
  heights_power_close(power);
  errno = code;
  return NULL;
}

void heights_power_close(struct heights_power *power) {
  if (power->shared) munmap(power->shared, sizeof *power->shared);
  free(power);
}

// MARK: Arming

void heights_power_attach(struct heights_power *power) { __atomic_store_n(&power->shared->is_attached, 1, __ATOMIC_RELEASE); }

int heights_power_is_attached(struct heights_power *power) {
  return __atomic_load_n(&power->shared->is_attached, __ATOMIC_ACQUIRE) != 0;
}

int heights_power_is_armed(struct heights_power *power) {
  return __atomic_load_n(&power->shared->is_armed, __ATOMIC_RELAXED) != 0;
}

// Without the lock: its list leads to wherever a process of the host has written, and the lab may be root. Who still writes
// to a former log at this moment leaves one that can't be read, and is told so.
void heights_power_arm(struct heights_power *power) {
  power->shared->failure = 0;
  __atomic_store_n(&power->shared->log_bytes, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&power->shared->is_armed, 1, __ATOMIC_SEQ_CST);
}

void heights_power_disarm(struct heights_power *power) {
  __atomic_store_n(&power->shared->is_armed, 0, __ATOMIC_SEQ_CST);
}

// MARK: The log

int heights_power_lock(struct heights_power *power) {
  int code = pthread_mutex_lock(&power->shared->lock);
  // Who held it died. A record that it had begun was not counted yet, and is written over.
  if (code == EOWNERDEAD) code = pthread_mutex_consistent(&power->shared->lock);
  return code;
}

void heights_power_unlock(struct heights_power *power) { pthread_mutex_unlock(&power->shared->lock); }

uint64_t heights_power_position(struct heights_power *power) {
  return __atomic_load_n(&power->shared->log_bytes, __ATOMIC_ACQUIRE);
}

void heights_power_fail(struct heights_power *power, int reason) {
  if (!power->shared->failure) power->shared->failure = reason;
}

int heights_power_failure(struct heights_power *power) { return power->shared->failure; }

void heights_power_append(struct heights_power *power, struct heights_power_record record, const void *old) {
  struct shared *shared = power->shared;
  uint64_t length = sizeof record + record.old_bytes;
  if (shared->failure) return;
  if (shared->log_bytes + length > HEIGHTS_POWER_LIMIT_BYTES) return heights_power_fail(power, EFBIG);
  int file = open(power->log, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return heights_power_fail(power, errno);
  struct iovec parts[2] = {{&record, sizeof record}, {(void *)old, record.old_bytes}};
  // Not by the C library's function: inside the preloaded library that is the one that notes writes.
  ssize_t written = syscall(SYS_pwritev, file, parts, record.old_bytes > 0 ? 2 : 1, (off_t)shared->log_bytes, 0);
  int code = written < 0 ? errno : ENOSPC;
  close(file);
  if (written != (ssize_t)length) return heights_power_fail(power, code);
  __atomic_store_n(&shared->log_bytes, shared->log_bytes + length, __ATOMIC_RELEASE);
}

// MARK: The clock

void heights_power_set_clock(struct heights_power *power, int64_t seconds) {
  __atomic_store_n(&power->shared->clock_seconds, seconds, __ATOMIC_RELAXED);
}

int64_t heights_power_clock(struct heights_power *power) {
  return __atomic_load_n(&power->shared->clock_seconds, __ATOMIC_RELAXED);
}

// MARK: Files

// The file system's own number of a file's life, or where there is none the time of its birth.
static uint64_t birth(int descriptor, const struct statx *status) {
  long generation = 0;
  if (ioctl(descriptor, FS_IOC_GETVERSION, &generation) == 0) return (uint32_t)generation;
  return (uint64_t)status->stx_btime.tv_sec * 1000000000ULL + status->stx_btime.tv_nsec;
}

int heights_power_identify(int descriptor, struct heights_power_file *file, uint64_t *size) {
  struct statx status;
  if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) < 0) return 0;
  if (!S_ISREG(status.stx_mode)) return 0;
  file->device = makedev(status.stx_dev_major, status.stx_dev_minor);
  file->inode = status.stx_ino;
  file->birth = birth(descriptor, &status);
  *size = status.stx_size;
  return 1;
}
