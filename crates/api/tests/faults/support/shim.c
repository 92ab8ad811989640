/* Loaded into the api by LD_PRELOAD: makes the system calls that reach the store's folder fail, lie or be recorded.
 *
 * FAULT_DIR      the folder; files outside of it are left alone
 * FAULT_CONTROL  a file of 64-bit numbers (enum control), shared with the test, which changes them at any time
 * FAULT_RECORD   optional: every change to the folder is appended to this file, in the order it was made
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum control {
  FAIL_KINDS,     /* which calls fail: a sum of enum kind */
  FAIL_AFTER,     /* how many of them succeed first */
  FAIL_COUNT,     /* how many fail then; -1: all */
  FAIL_ERRNO,     /* with this error */
  SEEN,           /* out: calls of those kinds since this was last set to 0 */
  FAILED,         /* out: how many of them failed */
  READ_ONLY,      /* 1: the folder is on a file system mounted read-only */
  FILE_SYSTEM,    /* what statfs says the file system is; 0: the truth */
  LOCKS_OFF,      /* a sum: 1 the api's locks, 2 SQLite's locks always succeed and hold nobody off */
  CLOCK_OFFSET,   /* seconds added to the wall clock */
  SYNC_DELAY,     /* microseconds every sync takes longer */
  HOLDER,         /* out: the process that took the store last and has not let it go */
  FOREIGN_WRITES, /* out: writes to the store by a process that did not hold it */
  WRITES,         /* out: writes to the store */
  CONTROLS
};
enum kind { WRITE = 1, SYNC = 2, TRUNCATE = 4, OPEN = 8, NAME = 16 };
enum record { R_WRITE = 1, R_SYNC_BEGIN, R_SYNC_END, R_TRUNCATE, R_CREATE, R_UNLINK, R_RENAME };

static _Atomic int64_t *control;
static char dir[PATH_MAX];
static size_t dir_length;
static int record_fd = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int64_t syncs;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("FAULT_CONTROL");
  const char *folder = getenv("FAULT_DIR");
  if (!path || !folder || !realpath(folder, dir)) return;
  dir_length = strlen(dir);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *mapped = mmap(NULL, CONTROLS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) abort();
  const char *record = getenv("FAULT_RECORD");
  if (record) record_fd = open(record, O_WRONLY | O_APPEND | O_CLOEXEC);
  control = mapped;
}

/* The name inside the folder ("" is the folder itself), or NULL for what is elsewhere. */
static const char *inside(const char *path) {
  if (!control || strncmp(path, dir, dir_length)) return NULL;
  if (!path[dir_length]) return path + dir_length;
  return path[dir_length] == '/' ? path + dir_length + 1 : NULL;
}

static const char *inside_fd(int fd, char *buffer) {
  if (!control) return NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length < 0) return NULL;
  buffer[length] = 0;
  if (length > 10 && !strcmp(buffer + length - 10, " (deleted)")) return NULL;
  return inside(buffer);
}

static int fails(enum kind kind) {
  if ((kind & ~SYNC) && control[READ_ONLY]) {
    errno = EROFS;
    return 1;
  }
  if (!(control[FAIL_KINDS] & kind)) return 0;
  int64_t seen = atomic_fetch_add(&control[SEEN], 1), after = control[FAIL_AFTER], count = control[FAIL_COUNT];
  if (seen < after || (count >= 0 && seen >= after + count)) return 0;
  atomic_fetch_add(&control[FAILED], 1);
  errno = (int)control[FAIL_ERRNO];
  return 1;
}

static int ends_with(const char *name, const char *end) {
  size_t a = strlen(name), b = strlen(end);
  return a >= b && !strcmp(name + a - b, end);
}

/* Only the process that holds the store may change it. */
static void watch(const char *name) {
  if (ends_with(name, "tasks.db") || ends_with(name, "-wal") || ends_with(name, "-journal")) {
    atomic_fetch_add(&control[WRITES], 1);
    if (control[HOLDER] != getpid()) atomic_fetch_add(&control[FOREIGN_WRITES], 1);
  }
}

static void append(enum record kind, const char *name, uint64_t number, const void *data, size_t length) {
  if (record_fd < 0) return;
  uint32_t name_length = strlen(name);
  size_t total = 20 + name_length + length;
  char *bytes = malloc(total);
  uint32_t head[3] = {kind, name_length, length};
  memcpy(bytes, head, 12);
  memcpy(bytes + 12, &number, 8);
  memcpy(bytes + 20, name, name_length);
  memcpy(bytes + 20 + name_length, data, length);
  REAL(write);
  if (real(record_fd, bytes, total) != (ssize_t)total) abort();
  free(bytes);
}

static void lock(void) { if (record_fd >= 0) pthread_mutex_lock(&order); }
static void unlock(void) {
  int kept = errno;
  if (record_fd >= 0) pthread_mutex_unlock(&order);
  errno = kept;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  REAL(pwrite64);
  char buffer[PATH_MAX];
  const char *name = inside_fd(fd, buffer);
  if (!name) return real(fd, data, length, offset);
  if (fails(WRITE)) return -1;
  watch(name);
  lock();
  ssize_t written = real(fd, data, length, offset);
  if (written > 0) append(R_WRITE, name, offset, data, written);
  unlock();
  return written;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t write(int fd, const void *data, size_t length) {
  REAL(write);
  char buffer[PATH_MAX];
  const char *name = fd == record_fd ? NULL : inside_fd(fd, buffer);
  if (!name) return real(fd, data, length);
  if (fails(WRITE)) return -1;
  watch(name);
  lock();
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t written = real(fd, data, length);
  if (written > 0) append(R_WRITE, name, offset, data, written);
  unlock();
  return written;
}

static int sync_with(int fd, int (*real)(int)) {
  char buffer[PATH_MAX];
  const char *name = inside_fd(fd, buffer);
  if (!name) return real(fd);
  if (fails(SYNC)) return -1;
  uint64_t id = ((uint64_t)getpid() << 32) + (uint64_t)atomic_fetch_add(&syncs, 1);
  lock();
  append(R_SYNC_BEGIN, name, id, "", 0);
  unlock();
  if (control[SYNC_DELAY]) usleep((useconds_t)control[SYNC_DELAY]);
  int outcome = real(fd);
  lock();
  if (outcome == 0) append(R_SYNC_END, name, id, "", 0);
  unlock();
  return outcome;
}
int fsync(int fd) { REAL(fsync); return sync_with(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return sync_with(fd, real); }

int ftruncate64(int fd, off64_t length) {
  REAL(ftruncate64);
  char buffer[PATH_MAX];
  const char *name = inside_fd(fd, buffer);
  if (!name) return real(fd, length);
  if (fails(TRUNCATE)) return -1;
  watch(name);
  lock();
  int outcome = real(fd, length);
  if (outcome == 0) append(R_TRUNCATE, name, length, "", 0);
  unlock();
  return outcome;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

typedef int open_function(const char *, int, ...);
static int open_with(open_function *real, const char *path, int flags, mode_t mode) {
  char resolved[PATH_MAX];
  const char *name = NULL;
  if (control && (flags & (O_CREAT | O_WRONLY | O_RDWR))) {
    if (path[0] == '/') name = inside(path);
    else if (getcwd(resolved, sizeof resolved) && strlen(resolved) + strlen(path) + 2 < PATH_MAX) {
      strcat(strcat(resolved, "/"), path);
      name = inside(resolved);
    }
  }
  if (!name) return real(path, flags, mode);
  if (fails(OPEN)) return -1;
  struct stat found;
  lock();
  int missing = (flags & O_CREAT) && stat(path, &found) != 0;
  int fd = real(path, flags, mode);
  if (fd >= 0 && missing) append(R_CREATE, name, 0, "", 0);
  if (fd >= 0 && !missing && (flags & O_TRUNC)) append(R_TRUNCATE, name, 0, "", 0);
  unlock();
  return fd;
}
#define MODE() \
  mode_t mode = 0; \
  if (flags & O_CREAT) { va_list rest; va_start(rest, flags); mode = (mode_t)va_arg(rest, int); va_end(rest); }
int open(const char *path, int flags, ...) { MODE(); REAL(open); return open_with(real, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(); REAL(open64); return open_with(real, path, flags, mode); }

int unlink(const char *path) {
  REAL(unlink);
  const char *name = control && path[0] == '/' ? inside(path) : NULL;
  if (!name) return real(path);
  if (fails(NAME)) return -1;
  lock();
  int outcome = real(path);
  if (outcome == 0) append(R_UNLINK, name, 0, "", 0);
  unlock();
  return outcome;
}

int rename(const char *from, const char *to) {
  REAL(rename);
  const char *old = control && from[0] == '/' ? inside(from) : NULL;
  const char *new = old && to[0] == '/' ? inside(to) : NULL;
  if (!new) return real(from, to);
  if (fails(NAME)) return -1;
  lock();
  int outcome = real(from, to);
  if (outcome == 0) append(R_RENAME, old, 0, new, strlen(new));
  unlock();
  return outcome;
}

static int fcntl_with(int (*real)(int, int, ...), int fd, int command, void *argument) {
  int ours = command == F_OFD_SETLK || command == F_OFD_GETLK;
  int sqlites = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
  char buffer[PATH_MAX];
  if ((!ours && !sqlites) || !inside_fd(fd, buffer)) return real(fd, command, argument);
  struct flock *range = argument;
  int holder = command == F_OFD_SETLK && range->l_start == 0;
  if (holder && range->l_type == F_UNLCK) {
    int64_t self = getpid();
    atomic_compare_exchange_strong(&control[HOLDER], &self, 0);
  }
  int outcome = 0;
  if (!(control[LOCKS_OFF] & (ours ? 1 : 2))) outcome = real(fd, command, argument);
  else if (command == F_OFD_GETLK || command == F_GETLK) range->l_type = F_UNLCK;
  if (holder && range->l_type == F_WRLCK && outcome == 0) control[HOLDER] = getpid();
  return outcome;
}
int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  REAL(fcntl);
  return fcntl_with(real, fd, command, argument);
}
int fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  REAL(fcntl64);
  return fcntl_with(real, fd, command, argument);
}

int statfs(const char *path, struct statfs *found) {
  REAL(statfs);
  int outcome = real(path, found);
  if (outcome == 0 && control && control[FILE_SYSTEM] && inside(path)) found->f_type = control[FILE_SYSTEM];
  return outcome;
}
int statfs64(const char *path, struct statfs64 *found) {
  REAL(statfs64);
  int outcome = real(path, found);
  if (outcome == 0 && control && control[FILE_SYSTEM] && inside(path)) found->f_type = control[FILE_SYSTEM];
  return outcome;
}

int statvfs(const char *path, struct statvfs *found) {
  REAL(statvfs);
  int outcome = real(path, found);
  if (outcome == 0 && control && control[READ_ONLY] && inside(path)) found->f_flag |= ST_RDONLY;
  return outcome;
}
int statvfs64(const char *path, struct statvfs64 *found) {
  REAL(statvfs64);
  int outcome = real(path, found);
  if (outcome == 0 && control && control[READ_ONLY] && inside(path)) found->f_flag |= ST_RDONLY;
  return outcome;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int outcome = real(clock, now);
  if (outcome == 0 && control && clock == CLOCK_REALTIME) now->tv_sec += control[CLOCK_OFFSET];
  return outcome;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  REAL(gettimeofday);
  int outcome = real(now, zone);
  if (outcome == 0 && control) now->tv_sec += control[CLOCK_OFFSET];
  return outcome;
}
