// Notes what a file had before each write, and what was flushed, so that the lab can take back what a power cut would have
// lost. While the lab does not ask for it, each call is the C library's own after one look at a flag.
//
// Not seen, and so never taken back: what goes through stdio's buffers, through memory maps, or past the C library.
#include "CPowerCut.h"

#include "Host.h"

#include <CPowerLog.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "one name of each function would not be the other's");

#define CHUNK_BYTES 65536
#define AT_CURSOR (-1)

struct heights_power *power;

// The C library's own.
static struct {
  ssize_t (*write)(int, const void *, size_t);
  ssize_t (*pwrite)(int, const void *, size_t, off_t);
  ssize_t (*writev)(int, const struct iovec *, int);
  ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
  ssize_t (*pwritev2)(int, const struct iovec *, int, off_t, int);
  int (*ftruncate)(int, off_t);
  int (*truncate)(const char *, off_t);
  int (*fallocate)(int, int, off_t, off_t);
  int (*posix_fallocate)(int, off_t, off_t);
  int (*fsync)(int);
  int (*fdatasync)(int);
  int (*syncfs)(int);
  void (*sync)(void);
} real;

// Not only when we are loaded: other libraries may write before.
static void resolve(void) {
#define FIND(name) real.name = (__typeof__(real.name))dlsym(RTLD_NEXT, #name)
  FIND(write);
  FIND(pwrite);
  FIND(writev);
  FIND(pwritev);
  FIND(pwritev2);
  FIND(ftruncate);
  FIND(truncate);
  FIND(fallocate);
  FIND(posix_fallocate);
  FIND(fsync);
  FIND(fdatasync);
  FIND(syncfs);
  // The last, so that who sees it finds all.
  __atomic_store_n(&real.sync, (void (*)(void))dlsym(RTLD_NEXT, "sync"), __ATOMIC_RELEASE);
#undef FIND
}

static void ready(void) {
  if (__builtin_expect(!__atomic_load_n(&real.sync, __ATOMIC_ACQUIRE), 0)) resolve();
}

__attribute__((constructor)) static void begin(void) {
  int code = errno;
  ready();
  const char *folder = getenv(HEIGHTS_POWER_VARIABLE);
  if (folder && (power = heights_power_open(folder))) heights_power_attach(power);
  errno = code;
}

static int is_armed(void) {
  ready();
  return __builtin_expect(power && heights_power_is_armed(power), 0);
}

// MARK: One change

struct change {
  int descriptor;
  int flags;
  struct heights_power_file file;
  uint64_t size;
  sigset_t signals;
};

// Takes the log, and keeps signals away, whose handlers may write too.
static int hold_log(struct change *change) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &change->signals);
  int lock = heights_power_lock(power);
  if (lock == 0) return 1;
  heights_power_fail(power, lock);
  pthread_sigmask(SIG_SETMASK, &change->signals, NULL);
  return 0;
}

// The same for a change of a file. Returns 0 when there is nothing to note: it is no regular one.
static int hold(struct change *change, int descriptor) {
  int code = errno;
  change->descriptor = descriptor;
  int is_held = heights_power_identify(descriptor, &change->file, &change->size) && hold_log(change);
  if (is_held) {
    change->flags = fcntl(descriptor, F_GETFL);
    // Its size may have changed while we waited.
    heights_power_identify(descriptor, &change->file, &change->size);
  }
  errno = code;
  return is_held;
}

static void let_go(struct change *change) {
  int code = errno;
  heights_power_unlock(power);
  pthread_sigmask(SIG_SETMASK, &change->signals, NULL);
  errno = code;
}

static void append_change(struct change *change, uint64_t offset, uint64_t old_bytes, uint64_t new_bytes,
                          const void *old) {
  struct heights_power_record record = {
      .kind = HEIGHTS_POWER_CHANGED, .file = change->file, .offset = offset, .old_bytes = old_bytes,
      .old_size = change->size, .new_bytes = new_bytes};
  heights_power_append(power, record, old);
}

// A descriptor that can be read; -1 when there is none. One that is only for writing is opened once more.
static int readable(struct change *change) {
  if ((change->flags & O_ACCMODE) != O_WRONLY) return change->descriptor;
  char path[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0, end = 14;
  unsigned number = (unsigned)change->descriptor;
  do { digits[count++] = (char)('0' + number % 10); number /= 10; } while (number > 0);
  while (count > 0) path[end++] = digits[--count];
  return open(path, O_RDONLY | O_CLOEXEC);
}

// What the file has from `offset` on, for `length` bytes or to its end; `new_bytes` is what will be written.
static void note(struct change *change, uint64_t offset, uint64_t length, uint64_t new_bytes) {
  int code = errno;
  uint64_t left = offset < change->size ? change->size - offset : 0;
  if (left > length) left = length;
  if (left == 0) append_change(change, offset, 0, new_bytes, NULL);
  int file = left > 0 ? readable(change) : change->descriptor;
  char old[CHUNK_BYTES];
  while (left > 0) {
    ssize_t got = file < 0 ? -1 : pread(file, old, left < sizeof old ? left : sizeof old, (off_t)offset);
    if (got <= 0) {
      heights_power_fail(power, got < 0 ? errno : EIO);
      break;
    }
    append_change(change, offset, (uint64_t)got, new_bytes, old);
    new_bytes = 0;
    offset += (uint64_t)got;
    left -= (uint64_t)got;
  }
  if (file >= 0 && file != change->descriptor) close(file);
  errno = code;
}

static void note_flush(struct heights_power_file file, uint64_t before) {
  struct heights_power_record record = {.kind = HEIGHTS_POWER_FLUSHED, .file = file, .offset = before};
  heights_power_append(power, record, NULL);
}

// Before a write: the offset is where it was told to go, but at the end for who appends.
static int begin_write(struct change *change, int descriptor, off_t offset, size_t count) {
  if (!hold(change, descriptor)) return 0;
  if (change->flags & O_APPEND) offset = (off_t)change->size;
  if (offset == AT_CURSOR) offset = lseek(descriptor, 0, SEEK_CUR);
  note(change, (uint64_t)offset, count, count);
  return 1;
}

static ssize_t end_write(struct change *change, ssize_t written) {
  // O_SYNC has its bit too.
  if (written >= 0 && change->flags & O_DSYNC)
    note_flush(change->file, heights_power_position(power));
  let_go(change);
  return written;
}

static size_t total(const struct iovec *parts, int count) {
  size_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  return bytes;
}

// MARK: Writes

ssize_t write(int descriptor, const void *bytes, size_t count) {
  struct change change;
  if (!is_armed() || !begin_write(&change, descriptor, AT_CURSOR, count)) return real.write(descriptor, bytes, count);
  return end_write(&change, real.write(descriptor, bytes, count));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  struct change change;
  if (!is_armed() || offset < 0 || !begin_write(&change, descriptor, offset, count))
    return real.pwrite(descriptor, bytes, count, offset);
  return end_write(&change, real.pwrite(descriptor, bytes, count, offset));
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  struct change change;
  if (!is_armed() || !begin_write(&change, descriptor, AT_CURSOR, total(parts, count)))
    return real.writev(descriptor, parts, count);
  return end_write(&change, real.writev(descriptor, parts, count));
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  struct change change;
  if (!is_armed() || offset < 0 || !begin_write(&change, descriptor, offset, total(parts, count)))
    return real.pwritev(descriptor, parts, count, offset);
  return end_write(&change, real.pwritev(descriptor, parts, count, offset));
}

ssize_t pwritev2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
  struct change change;
  // An offset of -1 is the cursor's.
  if (!is_armed() || offset < AT_CURSOR || !begin_write(&change, descriptor, offset, total(parts, count)))
    return real.pwritev2(descriptor, parts, count, offset, flags);
  if (flags & (RWF_DSYNC | RWF_SYNC)) change.flags |= O_DSYNC;
  return end_write(&change, real.pwritev2(descriptor, parts, count, offset, flags));
}

// MARK: Sizes

int ftruncate(int descriptor, off_t size) {
  struct change change;
  if (!is_armed() || size < 0 || !hold(&change, descriptor)) return real.ftruncate(descriptor, size);
  note(&change, (uint64_t)size, UINT64_MAX, 0);
  int result = real.ftruncate(descriptor, size);
  let_go(&change);
  return result;
}

int truncate(const char *path, off_t size) {
  int file = is_armed() ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return real.truncate(path, size);
  int result = ftruncate(file, size);
  int code = errno;
  close(file);
  errno = code;
  return result;
}

// Some modes take bytes away, or move them: then all from there on is noted.
int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  struct change change;
  if (!is_armed() || offset < 0 || !hold(&change, descriptor)) return real.fallocate(descriptor, mode, offset, length);
  note(&change, (uint64_t)offset, mode == 0 || mode == FALLOC_FL_KEEP_SIZE ? 0 : UINT64_MAX, 0);
  int result = real.fallocate(descriptor, mode, offset, length);
  let_go(&change);
  return result;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
  struct change change;
  if (!is_armed() || offset < 0 || !hold(&change, descriptor)) return real.posix_fallocate(descriptor, offset, length);
  note(&change, (uint64_t)offset, 0, 0);
  int result = real.posix_fallocate(descriptor, offset, length);
  let_go(&change);
  return result;
}

// MARK: Flushes

// What was noted before the call is on disk after it. (sync_file_range promises nothing of the kind.)
static int flush(int descriptor, int (*function)(int)) {
  uint64_t before = heights_power_position(power);
  int result = function(descriptor);
  struct change change;
  if (result == 0 && hold(&change, descriptor)) {
    note_flush(change.file, before);
    let_go(&change);
  }
  return result;
}

static void note_flush_of_all(uint64_t before) {
  struct change change;
  if (!hold_log(&change)) return;
  struct heights_power_record record = {.kind = HEIGHTS_POWER_ALL_FLUSHED, .offset = before};
  heights_power_append(power, record, NULL);
  let_go(&change);
}

int fsync(int descriptor) { return is_armed() ? flush(descriptor, real.fsync) : real.fsync(descriptor); }

int fdatasync(int descriptor) { return is_armed() ? flush(descriptor, real.fdatasync) : real.fdatasync(descriptor); }

int syncfs(int descriptor) {
  int armed = is_armed();
  uint64_t before = armed ? heights_power_position(power) : 0;
  int result = real.syncfs(descriptor);
  if (armed && result == 0) note_flush_of_all(before);
  return result;
}

void sync(void) {
  int armed = is_armed();
  uint64_t before = armed ? heights_power_position(power) : 0;
  real.sync();
  if (armed) note_flush_of_all(before);
}

// MARK: The same under their other names

#define ALSO(name, other, result, ...) result name(__VA_ARGS__) __attribute__((alias(#other)))
ALSO(pwrite64, pwrite, ssize_t, int, const void *, size_t, off_t);
ALSO(pwritev64, pwritev, ssize_t, int, const struct iovec *, int, off_t);
ALSO(pwritev64v2, pwritev2, ssize_t, int, const struct iovec *, int, off_t, int);
ALSO(ftruncate64, ftruncate, int, int, off_t);
ALSO(truncate64, truncate, int, const char *, off_t);
ALSO(fallocate64, fallocate, int, int, int, off_t, off_t);
ALSO(posix_fallocate64, posix_fallocate, int, int, off_t, off_t);
