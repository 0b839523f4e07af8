/* What a first process does for the others, and becoming another machine. */
#include "agent.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>

/* The same in every machine: whoever runs them translates it. */
#define ADDRESS "172.31.255.2"
#define GATEWAY "172.31.255.1"
#define NETMASK "255.255.255.252"

#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

static struct sockaddr_in address_of(const char *text) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

static void bring_up(int s, const char *name, const char *address, const char *mask) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  struct sockaddr_in own = address_of(address), net = address_of(mask);
  memcpy(&request.ifr_addr, &own, sizeof own);
  ioctl(s, SIOCSIFADDR, &request);
  memcpy(&request.ifr_netmask, &net, sizeof net);
  ioctl(s, SIOCSIFNETMASK, &request);
  ioctl(s, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  ioctl(s, SIOCSIFFLAGS, &request);
}

static void network(void) {
  int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bring_up(s, "lo", "127.0.0.1", "255.0.0.0");
  bring_up(s, "eth0", ADDRESS, NETMASK);
  struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
  struct sockaddr_in gateway = address_of(GATEWAY), any = address_of("0.0.0.0");
  memcpy(&route.rt_gateway, &gateway, sizeof gateway);
  memcpy(&route.rt_dst, &any, sizeof any);
  memcpy(&route.rt_genmask, &any, sizeof any);
  ioctl(s, SIOCADDRT, &route);
  close(s);
  unlink("/etc/resolv.conf");
  put_file("/etc/resolv.conf", 0644, "nameserver " GATEWAY "\n", strlen("nameserver " GATEWAY "\n"));
}

static void mount_at(const char *type, const char *path, const char *options) {
  mkdir(path, 0755);
  mount(type, path, type, 0, options);
}

/* ext4 grows while it is mounted; a disk that is no larger is left alone. */
void machine_grow_root(void) {
  int disk = open("/dev/vda", O_RDONLY | O_CLOEXEC), root = open("/", O_RDONLY | O_CLOEXEC);
  uint64_t bytes = 0, blocks;
  if (disk >= 0 && root >= 0 && ioctl(disk, BLKGETSIZE64, &bytes) == 0) {
    blocks = bytes / 4096;
    ioctl(root, EXT4_IOC_RESIZE_FS, &blocks);
  }
  close(disk);
  close(root);
}

void machine_boot(void) {
  umask(022);
  /* The initrd has left /dev, /proc and /sys where they belong. */
  mount_at("devpts", "/dev/pts", "mode=620,ptmxmode=666,gid=5");
  mount_at("tmpfs", "/dev/shm", "mode=1777");
  mount_at("tmpfs", "/run", "mode=755");
  (void)!symlink("/proc/self/fd", "/dev/fd");
  (void)!symlink("/proc/self/fd/0", "/dev/stdin");
  (void)!symlink("/proc/self/fd/1", "/dev/stdout");
  (void)!symlink("/proc/self/fd/2", "/dev/stderr");
  mkdir("/tmp", 01777);
  chmod("/tmp", 01777);
  mkdir("/root", 0700);
  mkdir("/app", 0755);
  mkdir("/.garrison/run", 0700);
  sethostname("microvm", 7);
  machine_grow_root();
  /* Twice a second it would look whether memory is in pieces. */
  put_file("/proc/sys/vm/compaction_proactiveness", 0, "0", 1);
  network();
}

static void reseed(const char *hex) {
  struct {
    struct rand_pool_info info;
    uint8_t data[64];
  } seed = {.info = {.entropy_count = 512, .buf_size = 64}};
  for (int i = 0; i < 64 && hex[2 * i] && hex[2 * i + 1]; i++) {
    char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
    seed.data[i] = strtol(digits, NULL, 16);
  }
  int random = open("/dev/urandom", O_RDWR | O_CLOEXEC);
  if (random < 0) return;
  ioctl(random, RNDADDENTROPY, &seed);
  ioctl(random, RNDRESEEDCRNG);
  close(random);
}

/* Whoever starts an SSH server here makes new ones, when there is need. */
static void forget_host_keys(void) {
  static const char *const folders[] = {"/etc/ssh", "/etc/dropbear"};
  for (int i = 0; i < 2; i++) {
    DIR *folder = opendir(folders[i]);
    if (!folder) continue;
    for (struct dirent *entry; (entry = readdir(folder));)
      if (strstr(entry->d_name, "_host_") && strstr(entry->d_name, "key")) unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
  }
}

/* hostname machine-id seed microseconds nothing [name=value…]; an empty one leaves things as they are */
bool machine_wake(char **fields, int count) {
  if (count < 5) return false;
  const char *name = fields[0], *machine = fields[1];
  long long micros = atoll(fields[3]);
  if (micros > 0) {
    struct timespec now = {.tv_sec = micros / 1000000, .tv_nsec = micros % 1000000 * 1000};
    clock_settime(CLOCK_REALTIME, &now);
  }
  reseed(fields[2]);
  if (*name) {
    char text[512];
    sethostname(name, strlen(name));
    put_file("/etc/hostname", 0644, text, snprintf(text, sizeof text, "%.255s\n", name));
    put_file("/etc/hosts", 0644, text,
             snprintf(text, sizeof text, "127.0.0.1\tlocalhost\n127.0.1.1\t%.255s\n", name));
  }
  if (*machine) {
    char text[64];
    put_file("/etc/machine-id", 0444, text, snprintf(text, sizeof text, "%.32s\n", machine));
    forget_host_keys();
  }
  if (*machine) environment_set(fields + 5, count - 5);
  languages_woken(*machine != 0);
  return true;
}
