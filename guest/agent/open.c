/* What the host asks for: the first frame of a channel, as fields. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

static struct channel *started(uint32_t id, enum kind kind, pid_t pid, int in, int out, int err) {
  struct channel *c = pid > 0 ? channel_new(id, kind) : NULL;
  if (!c) {
    send_error(id, "failed", pid > 0 ? "Too much is under way in this machine" : strerror(-pid));
    if (in >= 0 && in != out) close(in);
    if (out >= 0) close(out);
    if (err >= 0) close(err);
    return NULL;
  }
  c->pid = pid;
  c->in = in;
  c->out = out;
  c->err = err;
  return c;
}

static bool too_many(uint32_t id) {
  struct channel *free_one = channel_new(id, EXEC);
  if (free_one) free_one->kind = FREE;
  else send_error(id, "failed", "Too much is under way in this machine");
  return !free_one;
}

/* run language milliseconds code [name=value…] */
static void open_run(uint32_t id, char **fields, int count) {
  int language = strcmp(fields[1], "python") == 0 ? PYTHON : BASH;
  if (too_many(id)) return;
  struct channel *c = channel_new(id, RUN);
  c->deadline = now_ms() + atoll(fields[2]);
  c->language = language;
  if (!language_run(c, language, fields[3], fields + 4, count - 4)) channel_free(c);
}

/* exec milliseconds folder command [name=value…]; no limit with 0 */
static void open_exec(uint32_t id, char **fields, int count) {
  int in[2], out[2], err[2];
  if (too_many(id)) return;
  if (!pipes((int *[]){in, out, err}, 3))
    return send_error(id, "failed", strerror(errno));
  char *argv[] = {(char *)shell_path(), "-c", fields[3], NULL};
  struct wires wires = {in[0], out[1], err[1], -1, -1, -1};
  pid_t pid = start_program(argv, fields[2], environment, fields + 4, count - 4, &wires);
  close(in[0]);
  close(out[1]);
  close(err[1]);
  fcntl(in[1], F_SETFL, O_NONBLOCK);
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  fcntl(err[0], F_SETFL, O_NONBLOCK);
  struct channel *c = started(id, EXEC, pid, in[1], out[0], err[0]);
  if (c && atoll(fields[1]) > 0) c->deadline = now_ms() + atoll(fields[1]);
}

void pty_resize(struct channel *c, int columns, int rows) {
  struct winsize size = {.ws_col = columns, .ws_row = rows};
  ioctl(c->out, TIOCSWINSZ, &size);
}

/* pty columns rows command [name=value…]; a login shell without a command */
static void open_pty(uint32_t id, char **fields, int count) {
  if (too_many(id)) return;
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), number, unlocked = 0;
  char path[32];
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0 || ioctl(master, TIOCGPTN, &number) != 0) {
    if (master >= 0) close(master);
    return send_error(id, "failed", "This machine has no terminals");
  }
  snprintf(path, sizeof path, "/dev/pts/%d", number);
  int terminal = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct winsize size = {.ws_col = atoi(fields[1]), .ws_row = atoi(fields[2])};
  ioctl(master, TIOCSWINSZ, &size);
  char *shell = (char *)shell_path();
  char *login[] = {shell, "-l", NULL}, *command[] = {shell, "-c", fields[3], NULL};
  struct wires wires = {-1, -1, -1, -1, -1, terminal};
  pid_t pid = start_program(*fields[3] ? command : login, "/root", environment, fields + 4, count - 4, &wires);
  close(terminal);
  started(id, PTY, pid, master, master, -1);
}

/* connect port */
static void open_connect(uint32_t id, char **fields) {
  struct channel *c = channel_new(id, CONNECT);
  if (!c) return send_error(id, "failed", "Too much is under way in this machine");
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(fields[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  c->in = c->out = fd;
  c->connecting = true;
  if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
    send_error(id, errno == ECONNREFUSED ? "not-found" : "failed", strerror(errno));
    channel_free(c);
  }
}

void connect_finished(struct channel *c) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(c->out, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error) {
    send_error(c->id, error == ECONNREFUSED ? "not-found" : "failed", strerror(error));
    return channel_free(c);
  }
  c->connecting = false;
  send_frame('K', c->id, NULL, 0);
  channel_push(c);
}

void open_channel(uint32_t id, char **fields, int count) {
  const char *what = count > 0 ? fields[0] : "";
  if (strcmp(what, "run") == 0 && count >= 4) open_run(id, fields, count);
  else if (strcmp(what, "exec") == 0 && count >= 4) open_exec(id, fields, count);
  else if (strcmp(what, "pty") == 0 && count >= 4) open_pty(id, fields, count);
  else if (strcmp(what, "connect") == 0 && count == 2) open_connect(id, fields);
  else if (strcmp(what, "read") == 0 && count == 2) file_read(id, fields[1]);
  else if (strcmp(what, "write") == 0 && count == 3) file_write(id, fields[1], strtol(fields[2], NULL, 8));
  else send_error(id, "failed", "The agent does not know what is asked; it is older than the host");
}
