/* What stays in a program's memory of what the machine was given at start. */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 1024 * 1024 };

/* Only the whole name=value, which is nobody's but an environment's: a value alone may be a program's own word. */
static void wipe_in(int memory, off_t at, size_t length, const char *found_in) {
  for (char **entry = given; *entry; entry++) {
    size_t size = strlen(*entry), name = strcspn(*entry, "=") + 1;
    if (name >= size) continue;
    for (const char *from = found_in, *hit; (hit = memmem(from, found_in + length - from, *entry, size)); from = hit + size) {
      char *nothing = calloc(1, size - name);
      if (nothing) (void)!pwrite(memory, nothing, size - name, at + (hit - found_in) + name);
      free(nothing);
    }
  }
}

bool wipe_given(pid_t pid) {
  char path[64], line[512];
  size_t longest = 0;
  for (char **entry = given; entry && *entry; entry++)
    if (strlen(*entry) > longest) longest = strlen(*entry);
  if (longest == 0) return true;
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int memory = open(path, O_RDWR | O_CLOEXEC);
  char *piece = malloc(PIECE_BYTES + longest);
  bool can_look = maps && memory >= 0 && piece;
  while (can_look && fgets(line, sizeof line, maps)) {
    unsigned long from, to;
    char rights[5];
    if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3) continue;
    if (rights[1] != 'w' || rights[3] != 'p') continue;
    for (unsigned long at = from; at < to; at += PIECE_BYTES) {
      size_t most = to - at < PIECE_BYTES + longest ? to - at : PIECE_BYTES + longest;
      ssize_t got = pread(memory, piece, most, at);
      if (got > 0) wipe_in(memory, at, got, piece);
    }
  }
  if (piece) explicit_bzero(piece, PIECE_BYTES + longest);
  free(piece);
  if (memory >= 0) close(memory);
  if (maps) fclose(maps);
  return can_look;
}
