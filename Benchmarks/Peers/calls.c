// The peer of the calls benchmark: an epoll client that asks the same of a plain C server, over as many connections.
// Build: cc -O2 calls.c -o calls. Run: calls PORT CONNECTIONS SECONDS. Writes how many answers came a second.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char request[] =
    "POST /services/notes/note HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: peer\r\nContent-Type: application/json\r\n"
    "Content-Length: 8\r\n\r\n{\"id\":1}";

struct connection {
  int descriptor;
  size_t have;
  char answer[8192];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void ask(struct connection *connection) {
  connection->have = 0;
  if (send(connection->descriptor, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) fail("send");
}

// Whether an answer is whole.
static int is_whole(struct connection *connection) {
  connection->answer[connection->have] = 0;
  char *end = strstr(connection->answer, "\r\n\r\n");
  if (!end) return 0;
  char *length = strcasestr(connection->answer, "content-length:");
  if (!length || strncmp(connection->answer + 9, "200", 3)) fail("not the answer that was expected");
  return connection->have >= (size_t)(end + 4 - connection->answer) + strtoul(length + 15, NULL, 10);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int connections = atoi(arguments[2]), epoll = epoll_create1(EPOLL_CLOEXEC), on = 1;
  double end = now() + atoi(arguments[3]);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int index = 0; index < connections; index++) {
    struct connection *connection = calloc(1, sizeof *connection);
    connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->descriptor, &event);
    ask(connection);
  }
  unsigned long answers = 0;
  struct epoll_event events[64];
  while (now() < end) {
    int ready = epoll_wait(epoll, events, 64, 100);
    for (int index = 0; index < ready; index++) {
      struct connection *connection = events[index].data.ptr;
      ssize_t got = recv(
          connection->descriptor, connection->answer + connection->have, sizeof connection->answer - 1 - connection->have, 0);
      if (got <= 0) fail("recv");
      connection->have += got;
      if (!is_whole(connection)) continue;
      answers++;
      ask(connection);
    }
  }
  printf("%lu\n", answers / atoi(arguments[3]));
}
