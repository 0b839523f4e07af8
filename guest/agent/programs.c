/* Starting programs, and what becomes of them. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char *defaults[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                           "HOME=/root", "USER=root", "LANG=C.UTF-8", "TERM=xterm-256color", NULL};
char **environment = defaults;
char **forgotten, **given;

static int size_of(char **entries) {
  int count = 0;
  while (entries[count]) count++;
  return count;
}

static char **join(char **first, char **second, int second_count) {
  int count = size_of(first);
  char **all = calloc(count + second_count + 1, sizeof *all);
  if (!all) die("memory");
  memcpy(all, first, count * sizeof *all);
  for (int i = 0; i < second_count; i++) {
    size_t name = strcspn(second[i], "=");
    int at = 0;
    while (at < count && (strncmp(all[at], second[i], name + 1) != 0)) at++;
    all[at] = second[i];
    if (at == count) count++;
  }
  return all;
}

/* What is kept of the image, and what the machine was given when it woke. */
void environment_set(char **entries, int count) {
  if (given && *given) {
    for (char **name = forgotten; name && *name; name++) free(*name);
    free(forgotten);
    forgotten = calloc(size_of(given) + 1, sizeof *forgotten);
    if (!forgotten) die("memory");
    int at = 0;
    for (char **entry = given; *entry; entry++) {
      forgotten[at++] = strndup(*entry, strcspn(*entry, "="));
      explicit_bzero(*entry, strlen(*entry));
      free(*entry);
    }
  }
  free(given);
  if (environment != defaults) free(environment);
  given = calloc(count + 1, sizeof *given);
  if (!given) die("memory");
  for (int i = 0; i < count; i++) given[i] = strdup(entries[i]);
  environment = join(defaults, given, count);
}

void environment_tell(struct bytes *told) {
  for (char **entry = given; entry && *entry; entry++) bytes_add(told, *entry, strlen(*entry) + 1);
}

/* All of them, or none. */
bool pipes(int *ends[], int count) {
  for (int made = 0; made < count; made++) {
    if (pipe2(ends[made], O_CLOEXEC) == 0) continue;
    int failure = errno;
    while (made-- > 0) close(ends[made][0]), close(ends[made][1]);
    errno = failure;
    return false;
  }
  return true;
}

const char *shell_path(void) { return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"; }

/* Each in a session of its own, so that all of it can be ended at once. Below zero: the error, negated. */
pid_t start_program(char *const argv[], const char *cwd, char **env, char **more, int more_count,
                    const struct wires *wires) {
  char **all_env = join(env, more, more_count);
  pid_t pid = fork();
  if (pid != 0) {
    int failure = errno;
    free(all_env);
    return pid > 0 ? pid : -failure;
  }
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  struct wires w = *wires;
  if (w.terminal >= 0) {
    ioctl(w.terminal, TIOCSCTTY, 0);
    w.in = w.out = w.err = w.terminal;
  }
  /* Above the numbers that they get, so that none lands on another before its turn. */
  int *all[] = {&w.in, &w.out, &w.err, &w.ask, &w.answers};
  for (int i = 0; i < 5; i++)
    if (*all[i] >= 0) *all[i] = fcntl(*all[i], F_DUPFD_CLOEXEC, 64);
  for (int i = 0; i < 5; i++)
    if (*all[i] >= 0) dup2(*all[i], i);
  if (!cwd || chdir(cwd) != 0) (void)!chdir("/");
  execve(argv[0], argv, all_env);
  dprintf(2, "%s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

/* With all that it has started. One that was not yet scheduled has no session of its own, and started nothing. */
void program_kill(pid_t pid) {
  if (kill(-pid, SIGKILL) != 0) kill(pid, SIGKILL);
}

static int exit_code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

void program_ended(pid_t pid, int status) {
  if (language_ended(pid, status)) return;
  for (int i = 0; i < MAX_CHANNELS; i++) {
    struct channel *c = &channels[i];
    if (c->kind == FREE || c->pid != pid) continue;
    c->exited = true;
    c->exit_code = c->timed_out ? 124 : exit_code_of(status);
    /* Of a terminal nothing is left that nobody can see; a command may leave something that works on. */
    if (c->kind == PTY) kill(-pid, SIGKILL);
    channel_settle(c);
  }
}

/* Microseconds that a process and its children have used; the children's in steps of 10 ms. */
int64_t cpu_of(pid_t pid) {
  char path[64], text[1024];
  clockid_t clock;
  struct timespec own = {0};
  if (clock_getcpuclockid(pid, &clock) == 0) clock_gettime(clock, &own);
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  long long children[2] = {0, 0};
  if (length > 0) {
    text[length] = 0;
    char *fields = strrchr(text, ')');
    if (fields) sscanf(fields + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lld %lld", &children[0], &children[1]);
  }
  return own.tv_sec * 1000000LL + own.tv_nsec / 1000 + (children[0] + children[1]) * 10000;
}
