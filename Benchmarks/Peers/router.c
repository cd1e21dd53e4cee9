// The peer of the router benchmark: the same reads in plain C on libpq, in the same pipeline mode: as many under way at
// once on one connection, and a synchronisation after each 16, and after the last that was sent for a look at the socket.
// Build: cc -O2 router.c -I$(pg_config --includedir) -lpq -o router. Run: router URL DATABASE ROWS DEPTH SECONDS.
#include <libpq-fe.h>
#include <endian.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static PGconn *connection;
static long rows, depth, next_row, answered, unsynced;

static void fail(const char *what) {
  fprintf(stderr, "router: %s: %s", what, PQerrorMessage(connection));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void synchronise(void) {
  if (unsynced && !PQpipelineSync(connection)) fail("sync");
  unsynced = 0;
}

static void ask(void) {
  int64_t shard = htobe64(7), id = htobe64(next_row);
  next_row = (next_row + 1) % rows;
  const char *values[] = {(char *)&shard, (char *)&id};
  const int lengths[] = {8, 8}, formats[] = {1, 1};
  if (!PQsendQueryPrepared(connection, "row", 2, values, lengths, formats, 1)) fail("send");
  if (++unsynced == 16) synchronise();
}

static void take(PGresult *result) {
  if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) fail("answer");
  // What an app does with it: a text of its own.
  char *text = strndup(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0));
  if (strncmp(text, "Row ", 4)) fail("row");
  free(text);
  answered++;
}

// Keeps `depth` reads under way until `end`, then lets them be answered.
static void run(double end) {
  long under_way = 0;
  for (; under_way < depth; under_way++) ask();
  synchronise();
  while (under_way > 0) {
    struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN | (PQflush(connection) == 1 ? POLLOUT : 0)};
    poll(&socket, 1, -1);
    if (!PQconsumeInput(connection)) fail("read");
    int empty = 0, goes_on = now() < end;
    while (empty < 2 && !PQisBusy(connection)) {
      PGresult *result = PQgetResult(connection);
      if (!result) {
        empty++;
        continue;
      }
      empty = 0;
      if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        take(result);
        if (goes_on) {
          ask();
        } else {
          under_way--;
        }
      }
      PQclear(result);
    }
    synchronise();
  }
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  rows = atol(arguments[3]), depth = atol(arguments[4]);
  double seconds = atof(arguments[5]);
  const char *names[] = {"dbname", "dbname", NULL}, *values[] = {arguments[1], arguments[2], NULL};
  connection = PQconnectdbParams(names, values, 1);
  if (PQstatus(connection) != CONNECTION_OK) fail("connect");
  const Oid types[] = {20, 20};
  PQclear(PQprepare(connection, "row", "SELECT text FROM rows WHERE shard = $1 AND id = $2", 2, types));
  if (PQsetnonblocking(connection, 1) || !PQenterPipelineMode(connection)) fail("pipeline");
  run(now() + 0.2);
  answered = 0;
  run(now() + seconds);
  printf("%.0f\n", answered / seconds);
  PQfinish(connection);
}
