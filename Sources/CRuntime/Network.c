// Networks of a lab's own, and who opens sockets outside of them. See CRuntime.h for what each function promises.
#include "CRuntime.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "Spawn.h"

// MARK: Networks

static int set_network_up(void) {
  // 127.0.0.0/8 goes by other links than loopback there, which is what lets each host have one of our addresses.
  if (heights_write_file("/proc/sys/net/ipv4/conf/all/route_localnet", "1") < 0) return -1;
  if (heights_write_file("/proc/sys/net/ipv4/conf/default/route_localnet", "1") < 0) return -1;
  // What a host has sent that nobody confirms is given up after a second and a half instead of a quarter of an hour: between
  // hosts that are so near, that one is gone. So balancers try elsewhere, before their checks end what is under way.
  return heights_write_file("/proc/sys/net/ipv4/tcp_retries2", "2");
}

int heights_leave_network(void) {
  uid_t user = geteuid();
  gid_t group = getegid();
  if (unshare(CLONE_NEWNET | (user != 0 ? CLONE_NEWUSER : 0)) < 0) return -errno;
  if (user != 0 && heights_map_user(user, group) < 0) return -errno;
  return set_network_up() < 0 ? -errno : 0;
}

void heights_hear_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
}

int heights_memory_file(void) { return memfd_create("heights", MFD_CLOEXEC); }

int heights_can_leave_network(void) {
  pid_t child = fork();
  if (child == 0) _exit(-heights_leave_network());
  if (child < 0) return -errno;
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}

int heights_make_network(void) {
  if (unshare(CLONE_NEWNET) < 0 || set_network_up() < 0) return -errno;
  int network = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  return network < 0 ? -errno : network;
}

int heights_join_network(int network) { return setns(network, CLONE_NEWNET) < 0 ? -errno : 0; }

int heights_enter_network(pid_t pid, int with_user) {
  int process = heights_open_process(pid);
  if (process < 0) return -errno;
  int result = setns(process, CLONE_NEWNET | (with_user ? CLONE_NEWUSER : 0)) < 0 ? -errno : 0;
  close(process);
  return result;
}

int heights_keep_network_rights(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct rights[2];
  if (syscall(SYS_capget, &header, rights) < 0) return -1;
  rights[CAP_TO_INDEX(CAP_NET_ADMIN)].inheritable |= CAP_TO_MASK(CAP_NET_ADMIN);
  if (syscall(SYS_capset, &header, rights) < 0) return -1;
  return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
}

// MARK: The doorkeeper

int heights_open_door(const struct heights_door *door) {
  int one = 1;
  int opened = socket(AF_INET, door->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (opened < 0) return -errno;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(door->port), .sin_addr.s_addr = inet_addr(door->address)};
  int is_stream = door->type == SOCK_STREAM;
  if ((is_stream && setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) ||
      (door->shares_port && setsockopt(opened, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0) ||
      bind(opened, (struct sockaddr *)&address, sizeof address) < 0 ||
      (is_stream && door->backlog > 0 && listen(opened, door->backlog) < 0)) {
    int code = errno;
    close(opened);
    return -code;
  }
  return opened;
}

// The answer is 0 with the descriptor, or what went wrong.
static void send_answer(int channel, int opened) {
  int answer = opened < 0 ? opened : 0;
  struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (opened >= 0) {
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &opened, sizeof opened);
  }
  // Whoever asked must not wait for ever.
  if (sendmsg(channel, &message, MSG_NOSIGNAL) < 0) _exit(1);
}

// Lives until whoever asks is gone: then the channel ends.
static void keep_doors(int channel) {
  for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, "doorkeeper");
  if (setsid() < 0 || chdir("/") < 0) _exit(127);
  dup2(channel, 3);
  close_range(4, ~0U, 0);
  close_range(0, 2, 0);
  struct heights_door door;
  for (;;) {
    ssize_t got = recv(3, &door, sizeof door, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof door) _exit(0);
    door.address[sizeof door.address - 1] = 0;
    int opened = heights_open_door(&door);
    send_answer(3, opened);
    if (opened >= 0) close(opened);
  }
}

int heights_start_doorkeeper(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  pid_t child = fork();
  if (child == 0) keep_doors(ends[1]);
  int code = errno;
  close(ends[1]);
  if (child > 0) return ends[0];
  close(ends[0]);
  return -code;
}

int heights_ask_doorkeeper(int channel, const struct heights_door *door) {
  if (send(channel, door, sizeof *door, MSG_NOSIGNAL) != sizeof *door) return -errno;
  int answer;
  struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
  ssize_t got;
  do got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got != sizeof answer) return got < 0 ? -errno : -EPIPE;
  if (answer != 0) return answer;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return -EPROTO;
  int opened;
  memcpy(&opened, CMSG_DATA(header), sizeof opened);
  return opened;
}
