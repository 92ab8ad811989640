/* Preloaded into a server, makes each sync take SYNC_DELAY_US microseconds longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int sync_slowly(const char *name, int fd) {
  int (*sync_file)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  int result = sync_file(fd);
  const char *text = getenv("SYNC_DELAY_US");
  long delay = text ? atol(text) : 0;
  struct timespec time = {delay / 1000000, delay % 1000000 * 1000};
  nanosleep(&time, NULL);
  return result;
}

int fsync(int fd) { return sync_slowly("fsync", fd); }
int fdatasync(int fd) { return sync_slowly("fdatasync", fd); }
