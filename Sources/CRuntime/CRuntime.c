// See CRuntime.h for what each function promises.
#include "CRuntime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static __thread void *current_loop;

void *heights_current_loop(void) { return current_loop; }
void heights_set_current_loop(void *loop) { current_loop = loop; }
void heights_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

int heights_accept(int listener, void *address, unsigned *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int heights_open_unnamed(const char *folder) { return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); }

ssize_t heights_find(const void *bytes, size_t size, const void *sought, size_t sought_size) {
  const char *found = memmem(bytes, size, sought, sought_size);
  return found ? found - (const char *)bytes : -1;
}

int64_t heights_parse_http_date(const char *text) {
  struct tm parts = {0};
  const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return end && *end == 0 ? (int64_t)timegm(&parts) : -1;
}

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
