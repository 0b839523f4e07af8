/* What the host has opened: bytes each way, with a window, until it ends. */
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct channel channels[MAX_CHANNELS];

struct channel *channel_of(uint32_t id) {
  for (int i = 0; i < MAX_CHANNELS; i++)
    if (channels[i].kind != FREE && channels[i].id == id) return &channels[i];
  return NULL;
}

struct channel *channel_new(uint32_t id, enum kind kind) {
  for (int i = 0; i < MAX_CHANNELS; i++) {
    struct channel *c = &channels[i];
    if (c->kind != FREE) continue;
    memset(c, 0, sizeof *c);
    c->kind = kind;
    c->id = id;
    c->in = c->out = c->err = -1;
    c->credit = WINDOW_BYTES;
    return c;
  }
  return NULL;
}

static void shut(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

void channel_free(struct channel *c) {
  if (c->kind == RUN) c->out = c->err = -1; /* They are the language's. */
  if (c->in >= 0 && c->in == c->out) c->in = -1;
  shut(&c->in);
  shut(&c->out);
  shut(&c->err);
  bytes_free(&c->waiting);
  free(c->path);
  free(c->target);
  c->kind = FREE;
}

/* Programs that were started for somebody who is gone are ended; a language goes on. */
void channels_reset(void) {
  for (int i = 0; i < MAX_CHANNELS; i++) {
    struct channel *c = &channels[i];
    if (c->kind == FREE) continue;
    if (c->kind == RUN) language_cancel(c);
    if (c->kind == FREE) continue;
    if (c->kind == WRITE) file_abort(c);
    if ((c->kind == EXEC || c->kind == PTY) && c->pid > 0 && !c->exited) program_kill(c->pid);
    channel_free(c);
  }
}

bool channel_may_send(const struct channel *c) { return c->credit > 1 && line_has_room(); }

void channel_input(struct channel *c, const uint8_t *data, size_t length) {
  if (c->ended || c->waiting.length + length > WINDOW_BYTES) return channel_cancel(c);
  if (c->kind == READ || c->kind == RUN) return;
  bytes_add(&c->waiting, data, length);
  if (!c->connecting) channel_push(c);
}

/* Hands on what waits, as far as it is taken. */
void channel_push(struct channel *c) {
  while (c->waiting.length > 0 && c->in >= 0) {
    ssize_t written = write(c->in, c->waiting.data + c->waiting.start, c->waiting.length);
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0 && c->kind == WRITE) {
      send_error(c->id, reason_of(errno), strerror(errno));
      file_abort(c);
      return channel_free(c);
    }
    /* Nobody reads any more. */
    if (written < 0) written = c->waiting.length;
    bytes_drop(&c->waiting, written);
    c->taken += written;
  }
  if (c->taken >= WINDOW_BYTES / 4) {
    uint8_t more[4];
    for (int i = 0; i < 4; i++) more[i] = c->taken >> (8 * i);
    send_frame('A', c->id, more, 4);
    c->taken = 0;
  }
  if (!c->ended || c->waiting.length > 0 || c->connecting) return;
  if (c->kind == WRITE) return file_commit(c);
  if (c->kind == EXEC) shut(&c->in);
  if (c->kind == CONNECT && c->in >= 0) {
    shutdown(c->in, SHUT_WR);
    if (c->out < 0) close(c->in);
    c->in = -1;
    channel_settle(c);
  }
}

static void closed(struct channel *c, bool is_err) {
  if (is_err) shut(&c->err);
  else if (c->kind == CONNECT) {
    int out = c->out;
    c->out = -1;
    if (c->in < 0) close(out);
    send_frame('E', c->id, NULL, 0);
  } else {
    if (c->in == c->out) c->in = -1;
    shut(&c->out);
  }
  channel_settle(c);
}

void channel_read(struct channel *c, bool is_err) {
  static uint8_t buffer[1 + MAX_OUT_BYTES];
  size_t most = c->credit - 1 < MAX_OUT_BYTES ? c->credit - 1 : MAX_OUT_BYTES - 1;
  ssize_t got = read(is_err ? c->err : c->out, buffer + 1, most);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return closed(c, is_err);
  buffer[0] = is_err ? 2 : 1;
  send_frame('D', c->id, buffer, got + 1);
  explicit_bzero(buffer + 1, got);
  c->credit -= got + 1;
  if (c->exited) c->drained += got;
  if (c->kind == READ && !file_has_end(c->out)) {
    send_error(c->id, "failed", "It is not a file: it has no end");
    channel_free(c);
  }
}

void channel_cancel(struct channel *c) {
  c->cancelled = true;
  switch (c->kind) {
    case RUN:
      return language_cancel(c);
    case EXEC:
    case PTY:
      if (!c->exited) program_kill(c->pid);
      return channel_settle(c);
    case WRITE:
      file_abort(c);
      break;
    default:
      break;
  }
  send_error(c->id, "cancelled", "It was called off");
  channel_free(c);
}

/* Ends a channel of which nothing more will come. */
void channel_settle(struct channel *c) {
  switch (c->kind) {
    case EXEC:
    case PTY:
      if (!c->exited) return;
      /* Children may hold the pipe open for ever; what was printed by now is read, and no more. */
      if (!c->drained_by) c->drained_by = now_ms() + 50;
      for (int is_err = 0; is_err < 2; is_err++) {
        int fd = is_err ? c->err : c->out;
        int left = 0;
        if (fd >= 0 && !c->cancelled && c->drained < DRAIN_BYTES && (ioctl(fd, FIONREAD, &left) == 0 && left > 0)) return;
      }
      if ((c->out >= 0 || c->err >= 0) && !c->cancelled && now_ms() < c->drained_by) return;
      send_exit(c, c->exit_code);
      return channel_free(c);
    case READ:
      if (c->out >= 0) return;
      send_exit(c, 0);
      return channel_free(c);
    case CONNECT:
      if (c->out >= 0 || c->in >= 0) return;
      send_exit(c, 0);
      return channel_free(c);
    default:
      return;
  }
}
