/*
 * The agent's languages with everything around them played: two interpreters that were told what the machine was
 * given, and are to let go of it while something goes wrong. Prints how often the host hears that it is gone, then
 * how often it does when asked again with nothing wrong, and of how many the memory was wiped then.
 * Or they go on from memory, as another machine or as the same: prints how often Python is told the environment.
 */
#include "../agent/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct channel channels[MAX_CHANNELS];
char *defaults[] = {NULL};
static char *entries[] = {"TOKEN=secret", NULL};
char **environment = defaults, **given = entries, **forgotten;

static const char *wrong;
static int gone, wiped, told, started, answers[LANGUAGES];

static bool goes_wrong(const char *what) { return strcmp(wrong, what) == 0; }

bool put_file(const char *path, mode_t mode, const void *data, size_t length) {
  (void)mode, (void)data, (void)length;
  return !(goes_wrong("asking") && strstr(path, "forget-1"));
}
bool wipe_given(pid_t pid) {
  (void)pid;
  wiped++;
  return !goes_wrong("wiping");
}
void send_frame(char type, uint32_t channel, const void *payload, size_t length) {
  (void)channel, (void)payload, (void)length;
  if (type == 'L') gone++;
}
bool pipes(int *ends[], int count) {
  for (int i = 0; i < count; i++)
    if (pipe2(ends[i], O_CLOEXEC) != 0) return false;
  return true;
}
pid_t start_program(char *const argv[], const char *cwd, char **env, char **more, int count, const struct wires *wires) {
  (void)argv, (void)cwd, (void)env, (void)more, (void)count;
  if (dup(wires->ask) < 0) return -1;
  answers[started++] = dup(wires->answers);
  return 1; /* Nothing here ends an interpreter. */
}
void program_kill(pid_t pid) { (void)pid; }
const char *shell_path(void) { return "/bin/sh"; }
int64_t cpu_of(pid_t pid) { return pid * 0; }
void bytes_add(struct bytes *bytes, const void *data, size_t length) {
  (void)bytes;
  if (length == sizeof "TOKEN=secret" && memcmp(data, "TOKEN=secret", length) == 0) told++;
}
void bytes_free(struct bytes *bytes) { (void)bytes; }
void send_error(uint32_t channel, const char *reason, const char *message) { (void)channel, (void)reason, (void)message; }
void send_exit(struct channel *c, int code) { (void)c, (void)code; }
void channel_free(struct channel *c) { (void)c; }
void environment_set(char **set, int count) { (void)set, (void)count; }

static void all_answer(const char *first, const char *others) {
  int fds[16], count = language_poll_fds(fds, 16);
  for (int i = 0; i < started; i++) dprintf(answers[i], "%s\n", i == 0 ? first : others);
  for (int i = 0; i < count; i++) language_readable(fds[i]);
}

static void all_run(void) {
  static struct channel runs[LANGUAGES];
  for (int i = 0; i < started; i++) language_run(&runs[i], i, "", NULL, 0);
  all_answer("0", "0");
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  wrong = argv[1];
  languages_start();
  all_answer("ready", "ready");
  if (goes_wrong("another") || goes_wrong("same")) {
    environment = entries;
    all_run();
    told = 0;
    languages_woken(goes_wrong("another"));
    all_run();
    printf("%d\n", told);
    return 0;
  }
  all_run();
  languages_forget();
  if (goes_wrong("waiting")) languages_untold();
  all_answer(goes_wrong("answering") ? "1" : "0", "0");
  printf("%d", gone);
  wrong = "nothing";
  gone = wiped = 0;
  languages_untold();
  languages_forget();
  all_answer("0", "0");
  printf(" %d %d\n", gone, wiped);
}
