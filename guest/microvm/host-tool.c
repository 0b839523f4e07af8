/*
 * What the host does for microVMs that no script can.
 *
 *     host-tool pages PID FILE COPY    copies what a process has changed in its private mapping of a file into a
 *                                      copy of that file; begins at the first byte on its input, says "taken" when
 *                                      the process may go on, and how many pages it were when they are written
 *     host-tool tsc                    says how fast the processor's clock runs, in kHz
 *
 * A page of a private mapping is the file's until it is written to; from then on it is the process's own, and
 * /proc/PID/pagemap tells the two apart. The process stands still meanwhile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { PAGE = 4096, MOST = 256, /* pages read at once */ BATCH = 65536 };
/* What is taken is held in memory up to this, so that the process waits for no disk. */
#define MOST_HELD (512UL << 20)
#define PRESENT (1ULL << 63)
#define SWAPPED (1ULL << 62)
#define OF_FILE (1ULL << 61)

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int memory, pages, copy;
static long copied;

/* Pieces that are held: where they belong, one behind the other in `held`. */
static char *held;
static size_t held_bytes, piece_count;
static struct {
  uint64_t to;
  size_t bytes;
} pieces[MOST_HELD / PAGE];

static void write_held(void) {
  char *from = held;
  for (size_t i = 0; i < piece_count; i++) {
    if (pwrite(copy, from, pieces[i].bytes, pieces[i].to) != (ssize_t)pieces[i].bytes) die("copy");
    from += pieces[i].bytes;
  }
  held_bytes = piece_count = 0;
}

static void copy_run(uint64_t from, uint64_t to, uint64_t count) {
  while (count > 0) {
    size_t bytes = (count < MOST ? count : MOST) * PAGE;
    if (held_bytes + bytes > MOST_HELD) write_held();
    if (pread(memory, held + held_bytes, bytes, from) != (ssize_t)bytes) die("memory");
    pieces[piece_count].to = to;
    pieces[piece_count++].bytes = bytes;
    held_bytes += bytes;
    from += bytes;
    to += bytes;
    count -= bytes / PAGE;
    copied += bytes / PAGE;
  }
}

static void copy_mapping(uint64_t start, uint64_t end, uint64_t offset) {
  static uint64_t entries[BATCH];
  for (uint64_t at = start; at < end;) {
    size_t count = (end - at) / PAGE < BATCH ? (end - at) / PAGE : BATCH;
    if (pread(pages, entries, count * 8, at / PAGE * 8) != (ssize_t)(count * 8)) die("pagemap");
    for (size_t i = 0; i < count;) {
      size_t first = i;
      while (i < count && entries[i] & (PRESENT | SWAPPED) && !(entries[i] & OF_FILE)) i++;
      if (i > first) copy_run(at + first * PAGE, offset + (at - start) + first * PAGE, i - first);
      else i++;
    }
    at += count * PAGE;
  }
}

/* Emulated machines see the host's, and have nothing to measure it with. */
static int tsc(void) {
  struct timespec from, to, pause = {0, 50 * 1000 * 1000};
  clock_gettime(CLOCK_MONOTONIC_RAW, &from);
  uint64_t first = __rdtsc();
  nanosleep(&pause, NULL);
  uint64_t last = __rdtsc();
  clock_gettime(CLOCK_MONOTONIC_RAW, &to);
  double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
  printf("%.0f\n", (last - first) / ns * 1e6);
  return 0;
}

int main(int argc, char **argv) {
  char path[64], line[8192], go;
  if (argc == 2 && strcmp(argv[1], "tsc") == 0) return tsc();
  if (argc != 5 || strcmp(argv[1], "pages") != 0) return 2;
  argv++;
  snprintf(path, sizeof path, "/proc/%d/mem", atoi(argv[1]));
  if ((memory = open(path, O_RDONLY)) < 0) die(path);
  snprintf(path, sizeof path, "/proc/%d/pagemap", atoi(argv[1]));
  if ((pages = open(path, O_RDONLY)) < 0) die(path);
  if ((copy = open(argv[3], O_WRONLY | O_NOFOLLOW)) < 0) die(argv[3]);
  held = mmap(NULL, MOST_HELD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (held == MAP_FAILED) die("memory");
  puts("ready");
  fflush(stdout);
  if (read(0, &go, 1) != 1) return 1;
  snprintf(path, sizeof path, "/proc/%d/maps", atoi(argv[1]));
  FILE *maps = fopen(path, "r");
  if (!maps) die(path);
  int found = 0;
  while (fgets(line, sizeof line, maps)) {
    unsigned long long start, end, offset;
    int name = 0;
    if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %n", &start, &end, &offset, &name) < 3 || !name) continue;
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line + name, argv[2]) != 0) continue;
    copy_mapping(start, end, offset);
    found = 1;
  }
  if (!found) {
    fprintf(stderr, "the process has no mapping of %s\n", argv[2]);
    return 1;
  }
  puts("taken");
  fflush(stdout);
  write_held();
  printf("%ld\n", copied);
  return 0;
}
