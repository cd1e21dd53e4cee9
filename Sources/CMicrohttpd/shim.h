// libmicrohttpd, with its variadic functions and closed enumerations in forms that Swift can use.
#include <microhttpd.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/// Room for the head of an answer, besides that for a request's.
enum { heights_mhd_answer_bytes = 2048 };

/// Told of a request's target, as soon as its line is there.
typedef void *(*heights_mhd_on_line)(void *context, const char *target, struct MHD_Connection *connection);

/// What a server needs of libmicrohttpd.
struct heights_mhd_settings {
  void *context;
  heights_mhd_on_line on_line;
  MHD_AccessHandlerCallback on_request;
  MHD_RequestCompletedCallback on_completed;
  MHD_NotifyConnectionCallback on_connection;
  size_t header_bytes;
  unsigned int connection_limit;
};

/// Paths and arguments are decoded where they are used, so that an encoded slash stays a part of its segment.
static inline size_t heights_mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

/// A daemon without threads and without a listener.
///
/// It isn't asked to be strict: its own refusal of a missing Host sends its header twice (0.9.75), and what it lets
/// pass is looked at by `heights_mhd_framing`.
///
/// It has more memory than headers may take: where they leave it too little for an answer, it sends a refusal with two heads,
/// or none at all (0.9.75). That needs a request of some 300 sizes, all beyond what is taken. Not much more, for it clears
/// all of it after each request: with twice as much there are a tenth fewer requests a second.
///
/// It isn't asked to end connections that do nothing either, which the engine sees to: it keeps a list for that, into which
/// it would put a connection again that it has just given up, when an answer that is queued outside of its callbacks has
/// no room for its headers (0.9.75, MHD_queue_response).
static inline struct MHD_Daemon *heights_mhd_start(const struct heights_mhd_settings *settings) {
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_TURBO | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
      settings->on_request, settings->context,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->header_bytes + heights_mhd_answer_bytes,
      MHD_OPTION_CONNECTION_LIMIT, settings->connection_limit,
      MHD_OPTION_STRICT_FOR_CLIENT, 0,
      MHD_OPTION_NOTIFY_COMPLETED, settings->on_completed, settings->context,
      MHD_OPTION_NOTIFY_CONNECTION, settings->on_connection, settings->context,
      MHD_OPTION_URI_LOG_CALLBACK, settings->on_line, settings->context,
      MHD_OPTION_UNESCAPE_CALLBACK, heights_mhd_keep_escapes, NULL,
      MHD_OPTION_END);
}

/// What the connection's notification stored as its context.
static inline void *heights_mhd_context(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/// The descriptor that becomes readable when the daemon has something to do.
static inline int heights_mhd_epoll(struct MHD_Daemon *daemon) {
  return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/// Whether the daemon wants to run again without waiting for an event.
static inline int heights_mhd_is_pending(struct MHD_Daemon *daemon) {
  MHD_UNSIGNED_LONG_LONG timeout = 1;
  return MHD_get_timeout(daemon, &timeout) == MHD_YES && timeout == 0;
}

static inline const char *heights_mhd_header(struct MHD_Connection *connection, const char *name) {
  return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/// Calls `visit` with every header, in their order.
static inline void heights_mhd_each_header(
    struct MHD_Connection *connection, MHD_KeyValueIterator visit, void *context) {
  MHD_get_connection_values(connection, MHD_HEADER_KIND, visit, context);
}

/// Has libmicrohttpd find no cookies: it would copy them and note each in the memory that a connection has, and where that is
/// too little send two answers, or none (0.9.75, parse_cookie_header). It looks at the first header of that name, which is
/// an empty one of ours. To be called before the headers come.
static inline void heights_mhd_hide_cookies(struct MHD_Connection *connection) {
  MHD_set_connection_value(connection, MHD_HEADER_KIND, "Cookie", "");
}

/// A target as its request line has it, taken before libmicrohttpd takes it apart.
struct heights_mhd_line {
  /// Up to the first zero; more when there is one in it.
  size_t length;
  /// Where its query begins, 0 when it has none.
  size_t query;
  /// That query's first character.
  char first;
};

/// Takes a target's query away from libmicrohttpd, which would keep each argument in the memory that a connection has, and
/// end the connection without an answer where that is too little. (It splits the query in its own buffer, which it hands
/// over here as its own, so that it may be changed: 0.9.75, parse_initial_message_line.)
static inline struct heights_mhd_line heights_mhd_take_line(const char *target) {
  struct heights_mhd_line line = {strlen(target), 0, 0};
  char *mark = strchr((char *)target, '?');
  if (mark && mark[1]) {
    line.query = (size_t)(mark + 1 - target);
    line.first = mark[1];
    mark[1] = 0;
  }
  return line;
}

/// Puts the query's first character back, where libmicrohttpd has looked and found none.
static inline void heights_mhd_restore_query(const char *target, struct heights_mhd_line line) {
  if (line.query) ((char *)target)[line.query] = line.first;
}

/// What libmicrohttpd notes of each header takes so much (0.9.75, struct MHD_HTTP_Header, in steps of 16).
enum { heights_mhd_header_entry_bytes = 64 };

/// What a request's headers say of its framing, found in one pass. NULL where there is no such header.
struct heights_mhd_framing {
  const char *content_length, *content_encoding, *transfer_encoding, *traceparent, *request_id;
  int content_lengths, transfer_encodings, hosts;
  /// What the line and the headers take of a connection's memory.
  size_t bytes;
  /// Whether the client asks before it sends the body (RFC 9110, 10.1.1).
  int expects_continue;
  /// Whether a name isn't a token, or a value holds a control character (RFC 9110, 5.1 and 5.5).
  int is_malformed;
};

/// Letters, digits and !#$%&'*+-.^_`|~, one bit for each ASCII character.
static inline int heights_is_token(const char *text, size_t size) {
  static const uint64_t below_64 = 0x03FF6CFA00000000, from_64 = 0x57FFFFFFC7FFFFFE;
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c > 127 || !((c < 64 ? below_64 : from_64) >> (c & 63) & 1)) return 0;
  }
  return size > 0;
}

static inline int heights_is_field_value(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c < ' ' && c != '\t') || c == 127) return 0;
  }
  return 1;
}

static inline enum MHD_Result heights_mhd_visit(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value, size_t value_size) {
  struct heights_mhd_framing *found = (struct heights_mhd_framing *)context;
  (void)kind;
  found->bytes += heights_mhd_header_entry_bytes;
  if (!heights_is_token(name, name_size) || !heights_is_field_value(value, value_size)) {
    found->is_malformed = 1;
    return MHD_NO;
  }
  switch (name[0] | 0x20) {
  case 'c':
    if (strcasecmp(name, "Content-Length") == 0) found->content_length = value, found->content_lengths++;
    else if (strcasecmp(name, "Content-Encoding") == 0) found->content_encoding = value;
    break;
  case 'e':
    if (strcasecmp(name, "Expect") == 0 && strcasecmp(value, "100-continue") == 0) found->expects_continue = 1;
    break;
  case 'h':
    if (strcasecmp(name, "Host") == 0) found->hosts++;
    break;
  case 't':
    if (strcasecmp(name, "Transfer-Encoding") == 0) found->transfer_encoding = value, found->transfer_encodings++;
    else if (strcasecmp(name, "traceparent") == 0) found->traceparent = value;
    break;
  case 'x':
    if (strcasecmp(name, "X-Request-Id") == 0) found->request_id = value;
    break;
  }
  return MHD_YES;
}

static inline struct heights_mhd_framing heights_mhd_framing(struct MHD_Connection *connection) {
  struct heights_mhd_framing found = {0};
  found.bytes = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, heights_mhd_visit, &found);
  return found;
}

/// A response of its own copy of `bytes`.
static inline struct MHD_Response *heights_mhd_copied(const void *bytes, size_t size) {
  return MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

/// A response of bytes that outlive it; they are only read.
static inline struct MHD_Response *heights_mhd_fixed(const void *bytes, size_t size) {
  return MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_PERSISTENT);
}

/// Whether the answer was taken.
static inline int heights_mhd_queue(
    struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response) {
  return MHD_queue_response(connection, status, response) == MHD_YES;
}

/// Whether the header was taken: not one with a line break, nor one that is libmicrohttpd's own business.
static inline int heights_mhd_add_header(struct MHD_Response *response, const char *name, const char *value) {
  return MHD_add_response_header(response, name, value) == MHD_YES;
}

static inline enum MHD_Result heights_mhd_result(int yes) { return yes ? MHD_YES : MHD_NO; }

static inline int heights_mhd_is_opening(enum MHD_ConnectionNotificationCode code) {
  return code == MHD_CONNECTION_NOTIFY_STARTED;
}
