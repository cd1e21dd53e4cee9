// Starting programs, and the zones that they run in. See CRuntime.h for what each function promises.
//
// Between fork and exec only async-signal-safe calls are allowed: no malloc, no snprintf.
#include "CRuntime.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "Spawn.h"

static char *append(char *to, const char *text) {
  while (*text) *to++ = *text++;
  *to = 0;
  return to;
}

static char *append_number(char *to, unsigned number) {
  char digits[12];
  int count = 0;
  do { digits[count++] = (char)('0' + number % 10); number /= 10; } while (number > 0);
  while (count > 0) *to++ = digits[--count];
  *to = 0;
  return to;
}

static void reset_signals(void) {
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// What a child tells its parent over a pipe: a pid, or a negative errno.
static int tell(int pipe, int number) { return write(pipe, &number, sizeof number) == sizeof number ? 0 : -1; }

static int hear(int pipe, int *number) {
  ssize_t got;
  do got = read(pipe, number, sizeof *number);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)sizeof *number;
}

// Signals wait while a child is made until it has its default handlers, so that none runs the parent's in the child.
static sigset_t block_signals(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  return before;
}

static void restore_signals(sigset_t before) { pthread_sigmask(SIG_SETMASK, &before, NULL); }

// A fork with flags of clone. Its arguments beyond the flags are all zero, so their order does not matter.
static pid_t fork_with(unsigned long flags) { return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0); }

// MARK: Zones

int heights_write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t written = write(file, text, strlen(text));
  close(file);
  return written == (ssize_t)strlen(text) ? 0 : -1;
}

// Who we are outside, we are inside: `NUMBER NUMBER 1`.
static int map_id(const char *path, unsigned id) {
  char line[40];
  append(append_number(append(append_number(line, id), " "), id), " 1");
  return heights_write_file(path, line);
}

int heights_map_user(uid_t user, gid_t group) {
  if (map_id("/proc/self/uid_map", user) < 0) return -1;
  if (heights_write_file("/proc/self/setgroups", "deny") < 0) return -1;
  return map_id("/proc/self/gid_map", group);
}

static int mount_proc(void) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -1;
  return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

// The first process of a zone: it lives until it is killed, and what it inherits from dead parents is reaped by the
// kernel since it ignores SIGCHLD.
static void run_init(int has_user_namespace, uid_t user, gid_t group, int answer) {
  if (has_user_namespace && heights_map_user(user, group) < 0) goto failed;
  reset_signals();
  signal(SIGCHLD, SIG_IGN);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || setsid() < 0 || chdir("/") < 0 || mount_proc() < 0) goto failed;
  prctl(PR_SET_NAME, "zone");
  // Nobody reads any more when the parent died before it was asked to take us along.
  if (tell(answer, 0) < 0) _exit(126);
  close_range(0, ~0U, 0);
  for (;;) pause();
failed:
  tell(answer, -errno);
  _exit(127);
}

pid_t heights_start_zone(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  uid_t user = geteuid();
  gid_t group = getegid();
  int needs_user_namespace = user != 0;
  sigset_t before = block_signals();
  pid_t init = fork_with(CLONE_NEWPID | CLONE_NEWNS | (needs_user_namespace ? CLONE_NEWUSER : 0) | SIGCHLD);
  if (init == 0) {
    close(ends[0]);
    run_init(needs_user_namespace, user, group, ends[1]);
  }
  int code = init < 0 ? -errno : -EPROTO;
  restore_signals(before);
  close(ends[1]);
  if (init > 0) hear(ends[0], &code);
  close(ends[0]);
  if (code == 0) return init;
  if (init > 0) waitpid(init, NULL, 0);
  return code;
}

static int enter_zone(const struct heights_seat *seat) {
  int namespaces = CLONE_NEWPID | (geteuid() != 0 ? CLONE_NEWUSER : 0);
  if (seat->mounts < 0) return setns(seat->zone, namespaces | CLONE_NEWNS);
  if (setns(seat->zone, namespaces) < 0) return -1;
  return setns(seat->mounts, CLONE_NEWNS);
}

// A host's own view of the file system: its zone's, with some folders in other places.
static int make_mounts(const struct heights_seat *seat) {
  if (unshare(CLONE_NEWNS) < 0) return -1;
  for (size_t i = 0; i < seat->bind_count; i++)
    if (mount(seat->binds[i].source, seat->binds[i].target, NULL, MS_BIND, NULL) < 0) return -1;
  return 0;
}

static int become(uid_t user, gid_t group) {
  if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 || setresuid(user, user, user) < 0) return -1;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// MARK: Programs

static int move_descriptors(const int *descriptors, size_t count, int log_descriptor, int *answer) {
  // First out of the way of their targets (every copy lies above the last target), then into place.
  int lowest = 3 + (int)count + 1;
  int copies[count > 0 ? count : 1];
  for (size_t i = 0; i < count; i++)
    if ((copies[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, lowest)) < 0) return -1;
  if ((*answer = fcntl(*answer, F_DUPFD_CLOEXEC, lowest)) < 0) return -1;
  int log_copy = fcntl(log_descriptor, F_DUPFD_CLOEXEC, lowest);
  int null = open("/dev/null", O_RDONLY);
  if (log_copy < 0 || null < 0) return -1;
  if (dup2(null, 0) < 0 || dup2(log_copy, 1) < 0 || dup2(log_copy, 2) < 0) return -1;
  for (size_t i = 0; i < count; i++)
    if (dup2(copies[i], 3 + (int)i) < 0) return -1;
  // The child gets what it was given and nothing else, whatever the parent has open.
  return close_range(3 + (unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void write_pid(char *const environment[]) {
  for (char *const *entry = environment; *entry; entry++)
    if (strncmp(*entry, "LISTEN_PID=", 11) == 0) append_number(*entry + 11, (unsigned)getpid());
}

static void run_program(const struct heights_program *program, const struct heights_seat *seat, int answer,
                        pid_t parent) {
  reset_signals();
  // What it makes is its user's alone: some write their passwords into files.
  umask(077);
  if (setpgid(0, 0) < 0) goto failed;
  if (seat && seat->zone >= 0 && seat->mounts < 0 && make_mounts(seat) < 0) goto failed;
  if (seat && seat->changes_network && seat->user == HEIGHTS_SAME_USER && heights_keep_network_rights() < 0) goto failed;
  if (program->working_directory && chdir(program->working_directory) < 0) goto failed;
  if (seat && seat->user != HEIGHTS_SAME_USER && become(seat->user, seat->group) < 0) goto failed;
  // After the change of user, which would take it back.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
  // The parent may have died before the line above took hold. In a zone it can't be seen: there, the init dies too.
  if (parent && getppid() != parent) _exit(126);
  if (move_descriptors(program->descriptors, program->descriptor_count, program->log_descriptor, &answer) < 0)
    goto failed;
  write_pid(program->environment);
  execve(program->path, program->arguments, program->environment);
failed:
  tell(answer, -errno);
  _exit(127);
}

// Only a child of whoever has entered a PID namespace is in it, so this process enters and has one. CLONE_PARENT makes
// that one our own parent's child, as if it had been started there.
static void run_in_zone(const struct heights_program *program, const struct heights_seat *seat, int answer) {
  if (enter_zone(seat) < 0) goto failed;
  pid_t child = fork_with(CLONE_PARENT);
  if (child == 0) run_program(program, seat, answer, 0);
  if (child < 0) goto failed;
  tell(answer, child);
  _exit(0);
failed:
  tell(answer, -errno);
  _exit(127);
}

pid_t heights_spawn(const struct heights_program *program, const struct heights_seat *seat) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  int has_zone = seat && seat->zone >= 0;
  pid_t parent = getpid();
  sigset_t before = block_signals();
  pid_t first = fork();
  if (first == 0) {
    close(ends[0]);
    // Before the zone: in a zone of somebody who is not root, no other network may be entered any more.
    if (seat && seat->network >= 0 && setns(seat->network, CLONE_NEWNET) < 0) {
      tell(ends[1], -errno);
      _exit(127);
    }
    if (has_zone) run_in_zone(program, seat, ends[1]);
    run_program(program, seat, ends[1], parent);
  }
  int fork_error = errno;
  restore_signals(before);
  close(ends[1]);
  pid_t child = has_zone ? 0 : first;
  int code = first < 0 ? -fork_error : 0;
  // The program's start closes the pipe.
  for (int said; hear(ends[0], &said);)
    if (said > 0) child = said;
    else code = said;
  close(ends[0]);
  if (has_zone && first > 0) waitpid(first, NULL, 0);
  if (code == 0 && child > 0) return child;
  if (child > 0) waitpid(child, NULL, 0);
  // A zone that dies at this moment takes the child along before it can say anything.
  return code < 0 ? code : -ESRCH;
}

int heights_open_process(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int heights_sync_file_system(int descriptor) { return syncfs(descriptor); }
