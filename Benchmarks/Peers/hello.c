// The peer of the hello benchmark: the same answer in plain C on libmicrohttpd in the same mode
// (external epoll, one daemon and one SO_REUSEPORT listener per thread).
// Build: cc -O2 hello.c -lmicrohttpd -lpthread -o hello; -DBODY="\"…\"" for another answer. Run: hello PORT THREADS [bare]. Bare leaves out the two headers
// that every answer of HeightsKit has besides.
#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef BODY
#define BODY "{\"message\":\"Hello, heights!\"}"
#endif
static const char body[] = BODY;
static int port, is_bare;

static enum MHD_Result answer(
    void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **request) {
  (void)context, (void)url, (void)method, (void)version, (void)upload;
  static int seen;
  if (!*request) {
    *request = &seen;
    return MHD_YES;
  }
  if (*upload_size) {
    *upload_size = 0;
    return MHD_YES;
  }
  struct MHD_Response *response = MHD_create_response_from_buffer(sizeof body - 1, (void *)body, MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, "Content-Type", "application/json");
  if (!is_bare) {
    MHD_add_response_header(response, "X-Request-Id", "3gkqi7rfko14t");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  }
  enum MHD_Result queued = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return queued;
}

static int open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) || listen(descriptor, 4096)) {
    perror("bind");
    exit(1);
  }
  return descriptor;
}

static void *run(void *unused) {
  (void)unused;
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_TURBO, 0, NULL, NULL, answer, NULL, MHD_OPTION_LISTEN_SOCKET, open_listener(),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_CONNECTION_TIMEOUT, 90u, MHD_OPTION_END);
  if (!daemon) exit(1);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, &event);
  for (;;) {
    MHD_UNSIGNED_LONG_LONG timeout;
    int wait = MHD_get_timeout(daemon, &timeout) == MHD_YES ? (timeout > 1000 ? 1000 : (int)timeout) : -1;
    epoll_wait(epoll, &event, 1, wait);
    MHD_run(daemon);
  }
}

int main(int count, char **arguments) {
  if (count != 3 && count != 4) return 2;
  is_bare = count == 4;
  port = atoi(arguments[1]);
  pthread_t thread;
  for (int index = 1; index < atoi(arguments[2]); index++) pthread_create(&thread, NULL, run, NULL);
  run(NULL);
}
