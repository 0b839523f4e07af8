/* The agent of a microVM: its first process, and the other end of the line to the host. See PROTOCOL.md. */
#ifndef AGENT_H
#define AGENT_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  HEADER_BYTES = 9,
  NONCE_BYTES = 16,
  MAX_IN_BYTES = 1024 * 1024 + 192 * 1024, /* payload of a frame from the host */
  MAX_OUT_BYTES = 32 * 1024,               /* of a frame to the host */
  WINDOW_BYTES = 256 * 1024,               /* what may be under way on a channel, each way */
  MAX_CHANNELS = 256,
  MAX_FIELDS = 4096,
  OUTPUT_BYTES = 1024 * 1024, /* of each stream of a run */
  DRAIN_BYTES = 1024 * 1024,  /* as much as a pipe can be made to hold */
};

enum kind { FREE, RUN, EXEC, PTY, READ, WRITE, CONNECT };

struct bytes {
  uint8_t *data;
  size_t start, length, room;
};

/* Something that the host has opened. File descriptors are -1 where there are none. */
struct channel {
  enum kind kind;
  uint32_t id;
  pid_t pid;
  int in;          /* where what the host sends is written to */
  int out, err;    /* what is read and sent to the host */
  bool connecting; /* CONNECT: not yet known whether anybody listens */
  bool ended;      /* the host sends no more */
  bool cancelled;
  bool timed_out;
  bool exited; /* the process has ended; what it has printed may still be on its way */
  int exit_code;
  int64_t deadline; /* milliseconds, 0: none */
  int64_t drained_by;
  uint32_t drained; /* bytes that were read since the process has ended */
  int64_t cpu_before;
  int64_t cpu_micros;
  uint32_t credit; /* bytes that may be sent to the host */
  uint32_t taken;  /* bytes of the host's that were used up and not yet told */
  struct bytes waiting;
  uint64_t sent[2]; /* RUN: of each stream */
  bool truncated;
  int language;
  char *path, *target; /* WRITE */
  mode_t mode;
};

/* main.c */
int64_t now_ms(void);
void die(const char *what);

/* bytes.c */
void bytes_add(struct bytes *, const void *, size_t);
void bytes_drop(struct bytes *, size_t);
void bytes_free(struct bytes *);

/* line.c: frames to and from the host */
extern int line;
void line_open(void);
bool line_has_room(void);
bool line_wants_to_write(void);
void line_flush(void);
void line_receive(void);
void line_lost(void);
void line_found(void);
void send_frame(char type, uint32_t channel, const void *, size_t);
void send_exit(struct channel *, int code);
void send_given(void);
void send_error(uint32_t channel, const char *reason, const char *message);

/* channels.c */
extern struct channel channels[MAX_CHANNELS];
struct channel *channel_of(uint32_t id);
struct channel *channel_new(uint32_t id, enum kind);
void channel_free(struct channel *);
void channel_input(struct channel *, const uint8_t *, size_t);
void channel_push(struct channel *);
void channel_read(struct channel *, bool is_err);
void channel_cancel(struct channel *);
void channel_settle(struct channel *);
void channels_reset(void);
bool channel_may_send(const struct channel *);

/* open.c: what the host asks for. Fields end with a NUL each. */
void open_channel(uint32_t id, char **fields, int count);
void pty_resize(struct channel *, int columns, int rows);
void connect_finished(struct channel *);

/* programs.c */
extern char *defaults[];
extern char **environment;
/* What it was given when it woke; NULL at the end. */
extern char **given;
void environment_set(char **entries, int count);
/* Adds what it was given. */
void environment_tell(struct bytes *);
/* What a program finds at 0 to 4, or a terminal for the first three; -1: nothing. */
struct wires {
  int in, out, err, ask, answers, terminal;
};
pid_t start_program(char *const argv[], const char *cwd, char **env, char **more, int more_count, const struct wires *);
void program_kill(pid_t);
/* Names that were set before the last change. */
extern char **forgotten;
const char *shell_path(void);
bool pipes(int *ends[], int count);
void program_ended(pid_t, int status);
int64_t cpu_of(pid_t);

/* languages.c: interpreters that are running before they are asked */
enum { PYTHON, BASH, LANGUAGES };
void languages_start(void);
/* The environment is told to them again where they are another machine's by now. */
void languages_woken(bool is_another);
/* What was given at start is told to them again, also where they were about to lose it. */
void languages_untold(void);
/* What was given at start is taken back from those that do nothing, and the host hears when it is gone, if it is. */
void languages_forget(void);
bool language_run(struct channel *, int language, const char *code, char **env, int count);
void language_cancel(struct channel *);
bool language_ended(pid_t, int status);
int language_poll_fds(int *fds, int most);
void language_readable(int fd);

/* files.c */
void file_read(uint32_t id, const char *path);
void file_write(uint32_t id, const char *path, mode_t mode);
void file_commit(struct channel *);
bool file_has_end(int file);
void file_abort(struct channel *);
const char *reason_of(int error);
bool make_parents(const char *path);
bool put_file(const char *path, mode_t mode, const void *, size_t);

/* memory.c */
/* Of a program that does nothing meanwhile; false: its memory could not be looked at. */
bool wipe_given(pid_t);

/* machine.c: what a first process does, and becoming another machine */
void machine_boot(void);
bool machine_wake(char **fields, int count);
void machine_grow_root(void);

#endif
