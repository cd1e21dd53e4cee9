// How much of what was sent the peer has taken. By the kernel's own header: the C library's lacks the newer fields.
#include "CRuntime.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

struct heights_sending heights_sending(int descriptor) {
  struct heights_sending sending = {0};
  if (ioctl(descriptor, SIOCOUTQ, &sending.unsent_bytes) != 0) sending.unsent_bytes = 0;
  // Most have nothing to send: one call is enough for them.
  if (sending.unsent_bytes == 0) return sending;
  struct tcp_info info = {0};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) sending.taken_bytes = info.tcpi_bytes_acked;
  return sending;
}
