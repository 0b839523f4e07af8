/*
 * Interpreters that run before they are asked, and are asked again and again: what was said last time
 * still holds. Each reads the paths of files from its descriptor 3 and says how it went on 4.
 */
#include "agent.h"
#include "drivers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

struct language {
  pid_t pid;
  int ask, answers, out, err;
  bool ready;
  bool woken;      /* It goes on in another machine: its random numbers are to be others. */
  bool untold;     /* of the environment */
  bool told;       /* It has what the machine was given at start. */
  bool forgetting; /* It was asked to, and has not answered. */
  struct channel *running;
  char *code_path;
  char reply[32];
  size_t reply_length;
};
static struct language languages[LANGUAGES];
/* What the machine was given at start is to go, once no interpreter has it any more. */
static bool letting_go;

static const char *program_of(int language) {
  static const char *const pythons[] = {"/usr/local/bin/python3", "/usr/bin/python3", "/bin/python3"};
  if (language == BASH) return shell_path();
  for (int i = 0; i < 3; i++)
    if (access(pythons[i], X_OK) == 0) return pythons[i];
  return NULL;
}

static void shut(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void shut_all(struct language *l) {
  shut(&l->ask);
  shut(&l->answers);
  shut(&l->out);
  shut(&l->err);
}

static bool start(int which) {
  struct language *l = &languages[which];
  const char *program = program_of(which), *driver = which == PYTHON ? "/.garrison/python" : "/.garrison/shell";
  int ask[2], answers[2], out[2], err[2];
  if (!program) return false;
  const char *text = which == PYTHON ? python_driver : shell_driver;
  if (!put_file(driver, 0600, text, strlen(text))) return false;
  if (!pipes((int *[]){ask, answers, out, err}, 4)) return false;
  /* Of a shell with glibc's memory nothing stays behind that it has let go. */
  char *wiping[] = {"GLIBC_TUNABLES=glibc.malloc.perturb=255:glibc.malloc.tcache_count=0"};
  char *python[] = {(char *)program, "-u", (char *)driver, NULL};
  char *shell[] = {(char *)program, (char *)driver, NULL};
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct wires wires = {nothing, out[1], err[1], ask[0], answers[1], -1};
  l->pid = start_program(which == PYTHON ? python : shell, "/app", defaults, wiping, which == BASH, &wires);
  close(nothing);
  close(ask[0]);
  close(answers[1]);
  close(out[1]);
  close(err[1]);
  l->ask = ask[1];
  l->answers = answers[0];
  l->out = out[0];
  l->err = err[0];
  fcntl(l->answers, F_SETFL, O_NONBLOCK);
  fcntl(l->out, F_SETFL, O_NONBLOCK);
  fcntl(l->err, F_SETFL, O_NONBLOCK);
  l->ready = l->woken = l->told = l->forgetting = false;
  /* With its first code, so that it does not have for ever what it is started with. */
  l->untold = true;
  l->reply_length = 0;
  if (l->pid <= 0) shut_all(l);
  return l->pid > 0;
}

void languages_start(void) {
  for (int i = 0; i < LANGUAGES; i++) {
    languages[i].ask = languages[i].answers = languages[i].out = languages[i].err = -1;
    start(i);
  }
}

/*
 * What the last machine was given is taken back, what this one is given is set with the next code. Of a machine that
 * only was away, nothing is: it would set back what its code has made of these variables.
 */
void languages_woken(bool is_another) {
  for (int i = 0; i < LANGUAGES; i++) {
    languages[i].woken = true;
    if (is_another) languages[i].untold = true;
  }
}

void languages_untold(void) {
  letting_go = false;
  for (int i = 0; i < LANGUAGES; i++) languages[i].untold = true;
}

static void add_entry(struct bytes *file, int language, const char *entry) {
  const char *equals = strchr(entry, '=');
  if (language == PYTHON) return bytes_add(file, entry, strlen(entry) + 1);
  if (!equals) {
    bytes_add(file, "unset -v ", 9);
    bytes_add(file, entry, strlen(entry));
  } else {
    bytes_add(file, "export ", 7);
    bytes_add(file, entry, equals + 1 - entry);
    bytes_add(file, "'", 1);
    for (const char *at = equals + 1; *at; at++) {
      if (*at == '\'') bytes_add(file, "'\\''", 4);
      else bytes_add(file, at, 1);
    }
    bytes_add(file, "'", 1);
  }
  bytes_add(file, "\n", 1);
}

static void prepare(struct bytes *file, int language) {
  struct language *l = &languages[language];
  if (l->woken && language == PYTHON) add_entry(file, language, "!woken");
  if (l->woken && language == BASH) {
    char text[160];
    uint32_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0);
    const char *renewed = "[ -z \"${BASH_VERSION-}\" ] || { RANDOM=%u; read -r HOSTNAME < /proc/sys/kernel/hostname; }\n";
    bytes_add(file, text, snprintf(text, sizeof text, renewed, seed));
  }
  l->woken = false;
  if (!l->untold) return;
  l->untold = false;
  l->told = true;
  for (char **name = forgotten; name && *name; name++) add_entry(file, language, *name);
  for (char **entry = environment; *entry; entry++) add_entry(file, language, *entry);
}

/* One that may still have it: the host hears nothing, and does without. It is to be asked again another time. */
static void keeps_it(struct language *l) {
  letting_go = false;
  l->told = true;
}

/* It is gone as soon as the last interpreter has answered, unless the host has given it back by then. */
static void forgotten_by(struct language *l) {
  if (l) {
    l->forgetting = false;
    bool is_idle = l->pid > 0 && !l->running;
    /* Called off: unset, and in its memory all the same. */
    if (is_idle && (!letting_go || !wipe_given(l->pid))) keeps_it(l);
  }
  for (int i = 0; i < LANGUAGES; i++)
    if (languages[i].forgetting) return;
  if (!letting_go) return;
  letting_go = false;
  environment_set(NULL, 0);
  send_frame('L', 0, NULL, 0);
}

static void path_of_forgetting(char *path, int which) { sprintf(path, "/.garrison/run/forget-%d", which); }

/* Names are unset, and whatever a shell keeps of the last command is written over by a longer one. */
static void ask_to_forget(int which) {
  struct language *l = &languages[which];
  struct bytes file = {0};
  char path[64];
  size_t longest = 0;
  for (char **entry = given; *entry; entry++) {
    char *name = strndup(*entry, strcspn(*entry, "="));
    add_entry(&file, which, name);
    free(name);
    if (strlen(*entry) > longest) longest = strlen(*entry);
  }
  if (which == BASH) {
    bytes_add(&file, ": ", 2);
    for (size_t i = 0; i < 4 * longest + 64; i++) bytes_add(&file, "-", 1);
    bytes_add(&file, "\n:\n", 3);
  }
  path_of_forgetting(path, which);
  /* Code that comes before the answer is told again. */
  if (put_file(path, 0600, file.data, file.length) && dprintf(l->ask, "%s\n", path) > 0) {
    l->forgetting = true;
    l->told = false;
  } else {
    unlink(path);
    keeps_it(l);
  }
  bytes_free(&file);
}

void languages_forget(void) {
  letting_go = true;
  for (int i = 0; given && *given && i < LANGUAGES; i++) {
    struct language *l = &languages[i];
    if (l->pid > 0 && l->told && !l->running && !l->forgetting) ask_to_forget(i);
  }
  forgotten_by(NULL);
}

bool language_run(struct channel *c, int which, const char *code, char **env, int count) {
  struct language *l = &languages[which];
  if (l->running) {
    send_error(c->id, "failed", "Code of this language is already running");
    return false;
  }
  if (l->pid <= 0 && !start(which)) {
    send_error(c->id, "no-language", which == PYTHON ? "The image has no python3" : "The image has no shell");
    return false;
  }
  struct bytes file = {0};
  bool was_woken = l->woken, was_untold = l->untold;
  prepare(&file, which);
  for (int i = 0; i < count; i++) add_entry(&file, which, env[i]);
  bytes_add(&file, code, strlen(code));
  if (which == BASH) bytes_add(&file, "\n", 1);
  char path[64];
  int length = snprintf(path, sizeof path, "/.garrison/run/%u\n", c->id);
  path[length - 1] = 0;
  bool put = put_file(path, 0600, file.data, file.length);
  bytes_free(&file);
  if (!put) {
    unlink(path);
    l->woken = was_woken;
    l->untold = was_untold;
    send_error(c->id, "full", "The machine has no memory left for the code");
    return false;
  }
  l->code_path = strdup(path);
  l->running = c;
  c->pid = l->pid;
  c->cpu_before = cpu_of(l->pid);
  path[length - 1] = '\n';
  if (write(l->ask, path, length) != length && !l->ready) language_cancel(c);
  return true;
}

/* Sends what was printed, as far as it is wanted; the rest is read and forgotten. */
static void forward(struct language *l, bool is_err) {
  static uint8_t buffer[1 + MAX_OUT_BYTES];
  int *fd = is_err ? &l->err : &l->out;
  struct channel *c = l->running;
  if (*fd < 0) return;
  ssize_t got = read(*fd, buffer + 1, MAX_OUT_BYTES - 1);
  if (got == 0) return shut(fd);
  if (got < 0) return;
  uint64_t left = c ? OUTPUT_BYTES - c->sent[is_err] : 0;
  if (left > (uint64_t)got) left = got;
  if (c && left < (uint64_t)got) c->truncated = true;
  if (left > 0) {
    c->sent[is_err] += left;
    buffer[0] = is_err ? 2 : 1;
    send_frame('D', c->id, buffer, left + 1);
  }
  /* Somebody may have printed a secret. */
  explicit_bzero(buffer + 1, got);
}

static void finish(struct language *l, int code) {
  struct channel *c = l->running;
  /* Bounded: what is in the pipes by now, which is at most 64 KiB each. */
  for (int i = 0; i < 8; i++) forward(l, false), forward(l, true);
  if (l->code_path) unlink(l->code_path);
  free(l->code_path);
  l->code_path = NULL;
  l->running = NULL;
  if (!c) return;
  send_exit(c, code);
  channel_free(c);
}

static void ended(struct language *l, int code) {
  finish(l, code);
  shut_all(l);
  l->pid = 0;
  if (l->forgetting) forgotten_by(l);
}

/* Another one is there at once: nobody waits until the kernel has taken the last one apart. */
void language_cancel(struct channel *c) {
  struct language *l = &languages[c->language];
  if (l->running != c) return;
  if (l->pid > 0) {
    c->cpu_micros = cpu_of(l->pid) - c->cpu_before;
    program_kill(l->pid);
  }
  ended(l, c->timed_out ? 124 : 128 + SIGKILL);
  start(l - languages);
}

int language_poll_fds(int *fds, int most) {
  int count = 0;
  for (int i = 0; i < LANGUAGES; i++) {
    struct language *l = &languages[i];
    int all[] = {l->answers, l->out, l->err};
    for (int j = 0; j < 3; j++)
      if (all[j] >= 0 && count < most) fds[count++] = all[j];
  }
  return count;
}

static void answered(struct language *l) {
  char buffer[32];
  ssize_t got = read(l->answers, buffer, sizeof buffer);
  if (got == 0) return shut(&l->answers);
  for (ssize_t i = 0; i < got; i++) {
    if (buffer[i] != '\n') {
      if (l->reply_length < sizeof l->reply - 1) l->reply[l->reply_length++] = buffer[i];
      continue;
    }
    l->reply[l->reply_length] = 0;
    l->reply_length = 0;
    if (strcmp(l->reply, "ready") == 0) {
      l->ready = true;
      continue;
    }
    if (l->forgetting) {
      char path[64];
      path_of_forgetting(path, l - languages);
      unlink(path);
      if (strcmp(l->reply, "0") != 0) keeps_it(l);
      forgotten_by(l);
      continue;
    }
    if (!l->running) continue;
    l->running->cpu_micros = cpu_of(l->pid) - l->running->cpu_before;
    finish(l, atoi(l->reply) & 255);
  }
}

void language_readable(int fd) {
  for (int i = 0; i < LANGUAGES; i++) {
    struct language *l = &languages[i];
    if (fd == l->answers) return answered(l);
    if (fd == l->out || fd == l->err) {
      bool is_err = fd == l->err;
      forward(l, is_err);
      return;
    }
  }
}

bool language_ended(pid_t pid, int status) {
  for (int i = 0; i < LANGUAGES; i++) {
    struct language *l = &languages[i];
    if (l->pid != pid) continue;
    bool was_running = l->running != NULL;
    kill(-pid, SIGKILL);
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    ended(l, code);
    /* One that ends by itself at once is not started again and again. */
    if (was_running) start(i);
    return true;
  }
  return false;
}
