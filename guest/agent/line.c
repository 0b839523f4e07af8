/* The line to the host: a port of a virtio-serial device. Frames, and finding their beginning again. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORT_NAME "org.garrison.agent"
static const char MAGIC[16] = "\0garrison-line1";

int line = -1;
static struct bytes out, in;
/* Above this, programs wait with what they print. */
enum { FULL_BYTES = 256 * 1024 };

static int try_open(void) {
  DIR *ports = opendir("/sys/class/virtio-ports");
  if (!ports) return -1;
  int found = -1;
  for (struct dirent *entry; found < 0 && (entry = readdir(ports));) {
    char path[PATH_MAX], name[64] = "";
    snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ssize_t length = read(file, name, sizeof name - 1);
    close(file);
    if (length <= 0 || strncmp(name, PORT_NAME, strlen(PORT_NAME)) != 0) continue;
    snprintf(path, sizeof path, "/dev/%s", entry->d_name);
    found = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  closedir(ports);
  return found;
}

void line_open(void) {
  for (int tries = 0; (line = try_open()) < 0; tries++) {
    if (tries > 3000) die("the line to the host is missing");
    usleep(10000);
  }
  fcntl(line, F_SETOWN, getpid());
}

bool line_has_room(void) { return out.length < FULL_BYTES; }
bool line_wants_to_write(void) { return out.length > 0; }

void line_flush(void) {
  while (out.length > 0) {
    ssize_t written = write(line, out.data + out.start, out.length > 65536 ? 65536 : out.length);
    if (written <= 0) return;
    bytes_drop(&out, written);
  }
}

static void tell_of_host(bool wanted) { fcntl(line, F_SETFL, O_NONBLOCK | (wanted ? O_ASYNC : 0)); }

/* The host has gone. Whoever comes next begins with a HELLO, and a SIGIO. */
void line_lost(void) {
  bytes_drop(&in, in.length);
  tell_of_host(true);
}

void line_found(void) { tell_of_host(false); }

static void put32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = value >> (8 * i);
}
static uint32_t get32(const uint8_t *at) {
  return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

void send_frame(char type, uint32_t channel, const void *payload, size_t length) {
  uint8_t header[HEADER_BYTES];
  put32(header, length);
  header[4] = type;
  put32(header + 5, channel);
  bytes_add(&out, header, sizeof header);
  if (length > 0) bytes_add(&out, payload, length);
}

void send_error(uint32_t channel, const char *reason, const char *message) {
  char text[1024];
  int length = snprintf(text, sizeof text, "error%c%s%c%s", 0, reason, 0, message);
  if (length >= (int)sizeof text) length = sizeof text - 1;
  send_frame('X', channel, text, length + 1);
}

void send_exit(struct channel *c, int code) {
  char text[128];
  int length = snprintf(text, sizeof text, "exit%c%d%c%lld%c%d%c%d", 0, code, 0, (long long)c->cpu_micros,
                        0, c->timed_out, 0, c->truncated);
  send_frame('X', c->id, text, length + 1);
}

/* What was half said to somebody else is forgotten, and a mark shows where it goes on. */
static void hello(const uint8_t *nonce) {
  channels_reset();
  bytes_drop(&out, out.length);
  bytes_add(&out, MAGIC, sizeof MAGIC);
  bytes_add(&out, nonce, NONCE_BYTES);
  send_frame('R', 0, "2", 2);
}

/* A clock falls behind rather than ahead, and the word of the host may be old when it is read. */
static void tell_time(const uint8_t *micros) {
  int64_t told = get32(micros) | (int64_t)get32(micros + 4) << 32;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t off = told - (now.tv_sec * 1000000LL + now.tv_nsec / 1000);
  if (off > -5000000 && off < 100000) return;
  now = (struct timespec){.tv_sec = told / 1000000, .tv_nsec = told % 1000000 * 1000};
  clock_settime(CLOCK_REALTIME, &now);
}

void send_given(void) {
  struct bytes told = {0};
  environment_tell(&told);
  while (told.length > 0) {
    size_t length = told.length < MAX_OUT_BYTES ? told.length : MAX_OUT_BYTES;
    send_frame('F', 0, told.data + told.start, length);
    bytes_drop(&told, length);
  }
  bytes_free(&told);
  send_frame('F', 0, NULL, 0);
}

static int split(char *payload, size_t length, char **fields) {
  int count = 0;
  if (length == 0 || payload[length - 1] != 0) return 0;
  for (size_t at = 0; at < length && count < MAX_FIELDS; at += strlen(payload + at) + 1)
    fields[count++] = payload + at;
  return count;
}

static void receive(char type, uint32_t id, uint8_t *payload, size_t length) {
  static char *fields[MAX_FIELDS];
  struct channel *c = id ? channel_of(id) : NULL;
  switch (type) {
    case 'H':
      if (length == NONCE_BYTES) hello(payload);
      break;
    case 'P':
      send_frame('P', 0, payload, length > 64 ? 64 : length);
      break;
    case 'W':
      if (machine_wake(fields, split((char *)payload, length, fields))) send_frame('W', 0, "ok", 3);
      else send_frame('W', 0, "bad", 4);
      break;
    case 'T':
      if (length == 8) tell_time(payload);
      break;
    case 'F':
      send_given();
      break;
    case 'L':
      languages_forget();
      break;
    case 'B':
      environment_set(fields, split((char *)payload, length, fields));
      languages_untold();
      break;
    case 'O':
      if (id && !c) open_channel(id, fields, split((char *)payload, length, fields));
      break;
    case 'D':
      if (c) channel_input(c, payload, length);
      break;
    case 'E':
      if (c) c->ended = true, channel_push(c);
      break;
    case 'A':
      if (c && length == 4) c->credit += get32(payload);
      break;
    case 'C':
      if (c) channel_cancel(c);
      break;
    case 'Z':
      if (c && c->kind == PTY && length == 4) {
        pty_resize(c, payload[0] | payload[1] << 8, payload[2] | payload[3] << 8);
      }
      break;
  }
}

void line_receive(void) {
  static uint8_t buffer[65536];
  ssize_t got = read(line, buffer, sizeof buffer);
  if (got <= 0) return;
  bytes_add(&in, buffer, got);
  explicit_bzero(buffer, got);
  while (in.length >= HEADER_BYTES) {
    uint8_t *frame = in.data + in.start;
    uint32_t length = get32(frame);
    if (length > MAX_IN_BYTES) { /* Not ours. A new host will say hello on a new line. */
      bytes_drop(&in, in.length);
      return;
    }
    if (in.length < HEADER_BYTES + length) return;
    receive(frame[4], get32(frame + 5), frame + HEADER_BYTES, length);
    bytes_drop(&in, HEADER_BYTES + length);
  }
}
