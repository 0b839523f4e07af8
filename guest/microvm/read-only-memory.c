/*
 * Preloaded into a QEMU whose memory begins as a copy of a file. QEMU up to 8 opens that file for writing even
 * when it maps it for itself alone (`share=off`), so that every copy would need the right to change the
 * original. With this it opens the file named by GARRISON_MEMORY for reading, which is enough. QEMU 9
 * can be told so: `readonly=on,rom=off`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_at(const char *path, int flags, mode_t mode) {
  const char *memory = getenv("GARRISON_MEMORY");
  if (memory && strcmp(path, memory) == 0) flags = (flags & ~(O_ACCMODE | O_CREAT | O_TRUNC)) | O_RDONLY;
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                           \
  int name(const char *path, int flags, ...) { \
    va_list rest;                            \
    va_start(rest, flags);                   \
    mode_t mode = va_arg(rest, mode_t);      \
    va_end(rest);                            \
    return open_at(path, flags, mode);       \
  }
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags) { return open_at(path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_at(path, flags, 0); }
