// See CRuntime.h for what each function promises.
#include "CRuntime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static __thread void *current_loop;

void *heights_current_loop(void) { return current_loop; }
void heights_set_current_loop(void *loop) { current_loop = loop; }
void heights_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

int heights_accept(int listener, struct sockaddr *address, socklen_t *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int heights_open_unnamed(const char *folder) { return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); }

int64_t heights_parse_http_date(const char *text) {
  struct tm parts = {0};
  const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return end && *end == 0 ? (int64_t)timegm(&parts) : -1;
}

// Between fork and exec only async-signal-safe calls are allowed: no malloc, no snprintf.
static void write_pid(char *text, pid_t pid) {
  char digits[12];
  int count = 0;
  do { digits[count++] = (char)('0' + pid % 10); pid /= 10; } while (pid > 0);
  while (count > 0) *text++ = digits[--count];
  *text = 0;
}

static int move_descriptors(const int *descriptors, size_t count, int log_descriptor, int *error_pipe) {
  // First out of the way of their targets (every copy lies above the last target), then into place.
  int lowest = 3 + (int)count + 1;
  int copies[count > 0 ? count : 1];
  for (size_t i = 0; i < count; i++)
    if ((copies[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, lowest)) < 0) return -1;
  if ((*error_pipe = fcntl(*error_pipe, F_DUPFD_CLOEXEC, lowest)) < 0) return -1;
  int log_copy = fcntl(log_descriptor, F_DUPFD_CLOEXEC, lowest);
  int null = open("/dev/null", O_RDONLY);
  if (log_copy < 0 || null < 0) return -1;
  if (dup2(null, 0) < 0 || dup2(log_copy, 1) < 0 || dup2(log_copy, 2) < 0) return -1;
  for (size_t i = 0; i < count; i++)
    if (dup2(copies[i], 3 + (int)i) < 0) return -1;
  // The child gets what it was given and nothing else, whatever the parent has open.
  return close_range(3 + (unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void run_child(
    const char *path, char *const arguments[], char *const environment[], const char *working_directory,
    const int *descriptors, size_t count, int log_descriptor, int error_pipe, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) goto failed;
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
  if (getppid() != parent) _exit(126);  // the parent died before the line above took hold
  if (working_directory && chdir(working_directory) < 0) goto failed;
  if (move_descriptors(descriptors, count, log_descriptor, &error_pipe) < 0) goto failed;
  for (char *const *entry = environment; *entry; entry++)
    if (strncmp(*entry, "LISTEN_PID=", 11) == 0) write_pid(*entry + 11, getpid());
  execve(path, arguments, environment);
failed:;
  int code = errno;
  if (write(error_pipe, &code, sizeof code) < 0) _exit(126);
  _exit(127);
}

pid_t heights_spawn(
    const char *path, char *const arguments[], char *const environment[], const char *working_directory,
    const int *descriptors, size_t descriptor_count, int log_descriptor) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  pid_t parent = getpid();
  // Signals wait until the child has its default handlers, so none runs the parent's in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    run_child(path, arguments, environment, working_directory, descriptors, descriptor_count, log_descriptor,
              ends[1], parent);
  }
  int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return -fork_error;
  }
  int code = 0;
  ssize_t got;
  do got = read(ends[0], &code, sizeof code);
  while (got < 0 && errno == EINTR);
  close(ends[0]);
  if (got == (ssize_t)sizeof code) {
    waitpid(child, NULL, 0);
    return -code;
  }
  return child;
}

int heights_open_process(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static volatile sig_atomic_t signal_descriptor = -1;

static void forward_signal(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe already says that a signal came.
  ssize_t ignored = write(signal_descriptor, &byte, 1);
  (void)ignored;
  errno = before;
}

int heights_forward_signals(const int *numbers, size_t count, int descriptor) {
  signal_descriptor = descriptor;
  struct sigaction action = {.sa_handler = descriptor < 0 ? SIG_DFL : forward_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < count; i++)
    if (sigaction(numbers[i], &action, NULL) < 0) return -1;
  return 0;
}
