/* One loop for everything: nothing here waits for anything else. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void die(const char *what) {
  dprintf(2, "garrison-agent: %s: %s\n", what, strerror(errno));
  _exit(1);
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) program_ended(pid, status);
}

/* Ends what has had its time; answers the milliseconds to the next end, at most a minute: an idle machine is to idle. */
static int deadlines(void) {
  int64_t now = now_ms(), next = now + 60000;
  for (int i = 0; i < MAX_CHANNELS; i++) {
    struct channel *c = &channels[i];
    if (c->kind == FREE) continue;
    if (c->drained_by) {
      if (c->deadline && c->deadline <= now) c->cancelled = true;
      channel_settle(c);
      if (c->kind != FREE && now + 20 < next) next = now + 20;
      continue;
    }
    if (!c->deadline) continue;
    if (c->deadline <= now) {
      c->deadline = 0;
      c->timed_out = true;
      if (c->kind == RUN) language_cancel(c);
      else if (!c->exited) program_kill(c->pid);
    } else if (c->deadline < next) {
      next = c->deadline;
    }
  }
  return next - now;
}

struct watched {
  struct channel *channel;
  uint32_t id;
  enum { LINE, SIGNALS, LANGUAGE, OUT, ERR, IN } what;
};

int main(void) {
  sigset_t watched_signals;
  sigemptyset(&watched_signals);
  sigaddset(&watched_signals, SIGCHLD);
  sigaddset(&watched_signals, SIGIO);
  sigprocmask(SIG_BLOCK, &watched_signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  int signals = signalfd(-1, &watched_signals, SFD_NONBLOCK | SFD_CLOEXEC);
  machine_boot();
  line_open();
  environment_set(NULL, 0);
  languages_start();

  static struct pollfd fds[3 * MAX_CHANNELS + 16];
  static struct watched who[3 * MAX_CHANNELS + 16];
  bool is_lost = false;
  for (;;) {
    int count = 0;
    void watch(int fd, short events, struct channel *c, int what) {
      fds[count] = (struct pollfd){.fd = fd, .events = events};
      who[count++] = (struct watched){.channel = c, .id = c ? c->id : 0, .what = what};
    }
    watch(signals, POLLIN, NULL, SIGNALS);
    /* A line without a host reports that all the time, so it is left alone until the kernel says that one came. */
    watch(is_lost ? -1 : line, POLLIN | (line_wants_to_write() ? POLLOUT : 0), NULL, LINE);
    if (line_has_room()) {
      int languages[16], open_ones = language_poll_fds(languages, 16);
      for (int i = 0; i < open_ones; i++) watch(languages[i], POLLIN, NULL, LANGUAGE);
    }
    for (int i = 0; i < MAX_CHANNELS; i++) {
      struct channel *c = &channels[i];
      if (c->kind == FREE || c->kind == RUN) continue;
      if (c->connecting) {
        watch(c->out, POLLOUT, c, IN);
        continue;
      }
      if (c->out >= 0 && channel_may_send(c)) watch(c->out, POLLIN, c, OUT);
      if (c->err >= 0 && channel_may_send(c)) watch(c->err, POLLIN, c, ERR);
      if (c->in >= 0 && c->waiting.length > 0 && c->kind != WRITE) watch(c->in, POLLOUT, c, IN);
    }
    int wait = deadlines();
    if (is_lost && wait > 1000) wait = 1000;
    poll(fds, count, wait);
    bool was_lost = is_lost;
    is_lost = false;
    for (int i = 0; i < count; i++) {
      struct channel *c = who[i].channel;
      if (!fds[i].revents && !(who[i].what == LINE)) continue;
      if (c && (c->kind == FREE || c->id != who[i].id)) continue;
      switch (who[i].what) {
        case SIGNALS: {
          struct signalfd_siginfo info;
          while (read(signals, &info, sizeof info) > 0) {}
          reap();
          break;
        }
        case LINE: {
          struct pollfd state = {.fd = line, .events = POLLIN};
          poll(&state, 1, 0);
          if (state.revents & POLLHUP) {
            if (!was_lost) line_lost();
            is_lost = true;
          } else {
            if (was_lost) line_found();
            if (state.revents & POLLIN) line_receive();
          }
          break;
        }
        case LANGUAGE:
          language_readable(fds[i].fd);
          break;
        case OUT:
          if (c->out >= 0) channel_read(c, false);
          break;
        case ERR:
          if (c->err >= 0) channel_read(c, true);
          break;
        case IN:
          if (c->connecting) connect_finished(c);
          else channel_push(c);
          break;
      }
    }
    line_flush();
  }
}
