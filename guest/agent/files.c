/* Files, read and written. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *reason_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "not-found";
    case EACCES:
    case EPERM:
    case EROFS:
      return "denied";
    case ENOSPC:
    case EDQUOT:
      return "full";
    default:
      return "failed";
  }
}

static void refuse(uint32_t id, int error) { send_error(id, reason_of(error), strerror(error)); }

bool make_parents(const char *path) {
  char folder[PATH_MAX];
  if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder) return false;
  for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
    *at = 0;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) return false;
    *at = '/';
  }
  return true;
}

bool put_file(const char *path, mode_t mode, const void *data, size_t length) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return false;
  bool whole = write(file, data, length) == (ssize_t)length;
  close(file);
  return whole;
}

/* There is always something to be read of a file, be it its end; /proc/kmsg waits for more. */
bool file_has_end(int file) {
  struct pollfd state = {.fd = file, .events = POLLIN};
  return poll(&state, 1, 0) == 1;
}

void file_read(uint32_t id, const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat found;
  if (file < 0) return refuse(id, errno);
  if (fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) {
    close(file);
    return send_error(id, "failed", S_ISDIR(found.st_mode) ? "It is a folder" : "It is not a file");
  }
  if (!file_has_end(file)) {
    close(file);
    return send_error(id, "failed", "It is not a file: it has no end");
  }
  struct channel *c = channel_new(id, READ);
  if (!c) {
    close(file);
    return send_error(id, "failed", "Too much is under way in this machine");
  }
  c->out = file;
}

/* Written aside and renamed, so that it is there as a whole or not at all. */
void file_write(uint32_t id, const char *path, mode_t mode) {
  struct stat found;
  if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
    return send_error(id, "failed", S_ISDIR(found.st_mode) ? "It is a folder" : "It is not a file");
  if (!make_parents(path)) return refuse(id, errno);
  struct channel *c = channel_new(id, WRITE);
  if (!c) return send_error(id, "failed", "Too much is under way in this machine");
  c->target = realpath(path, NULL); /* Through a link, as it would be when written in place. */
  if (!c->target) c->target = strdup(path);
  c->mode = mode;
  /* A name of its own: with more behind it, one of the longest would be too long. */
  int folder = strrchr(c->target, '/') - c->target;
  if (asprintf(&c->path, "%.*s/.%u.garrison", folder, c->target, id) < 0) die("memory");
  c->in = open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (c->in >= 0) return;
  refuse(id, errno);
  channel_free(c);
}

void file_commit(struct channel *c) {
  fchmod(c->in, c->mode);
  if (rename(c->path, c->target) != 0) {
    refuse(c->id, errno);
    unlink(c->path);
  } else {
    send_exit(c, 0);
  }
  channel_free(c);
}

void file_abort(struct channel *c) { unlink(c->path); }
