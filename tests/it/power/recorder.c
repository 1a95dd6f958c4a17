/* Stands between a program and the C library and writes down what it does to the files of a store: every write, cut,
 * removal and renaming, and every moment at which it waited for the disk. Loaded with LD_PRELOAD, by tests alone.
 *
 * One record: kind, length of the path, length of the data (4 bytes each, as the machine has them), offset (8 bytes), path,
 * data. Kinds: O opened and perhaps made, W written, F cut or grown to a length, S waited for the disk, U removed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 4096
static char *names[FILES];
static int record = -1;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("RECORD_TO");
  if (path) record = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static const char *base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int wanted(const char *path) { return record >= 0 && strncmp(base(path), "keyroll.db", 10) == 0; }

static void note(char kind, const char *path, int64_t offset, const void *data, uint32_t length) {
  uint32_t head[3] = {(uint32_t)kind, (uint32_t)strlen(path), length};
  size_t whole = sizeof head + sizeof offset + head[1] + length;
  char *bytes = malloc(whole);
  memcpy(bytes, head, sizeof head);
  memcpy(bytes + sizeof head, &offset, sizeof offset);
  memcpy(bytes + sizeof head + sizeof offset, path, head[1]);
  if (length) memcpy(bytes + sizeof head + sizeof offset + head[1], data, length);
  if (syscall(SYS_write, record, bytes, whole) != (long)whole) abort();
  free(bytes);
}

static void know(int fd, const char *path) {
  if (fd < 0 || fd >= FILES) return;
  pthread_mutex_lock(&one);
  free(names[fd]);
  names[fd] = wanted(path) ? strdup(base(path)) : NULL;
  if (names[fd]) note('O', names[fd], 0, NULL, 0);
  pthread_mutex_unlock(&one);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define NAMED(fd) ((fd) >= 0 && (fd) < FILES ? names[fd] : NULL)

#define OPENS(name)                                                  \
  int name(const char *path, int flags, ...) {                       \
    va_list more;                                                    \
    va_start(more, flags);                                           \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
    va_end(more);                                                    \
    int fd = REAL(name)(path, flags, mode);                          \
    know(fd, path);                                                  \
    return fd;                                                       \
  }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                               \
  int name(int at, const char *path, int flags, ...) {               \
    va_list more;                                                    \
    va_start(more, flags);                                           \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
    va_end(more);                                                    \
    int fd = REAL(name)(at, path, flags, mode);                      \
    know(fd, path);                                                  \
    return fd;                                                       \
  }
OPENS_AT(openat)
OPENS_AT(openat64)

int close(int fd) {
  if (NAMED(fd)) {
    pthread_mutex_lock(&one);
    free(names[fd]);
    names[fd] = NULL;
    pthread_mutex_unlock(&one);
  }
  return REAL(close)(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
  if (!NAMED(fd)) return REAL(write)(fd, data, length);
  pthread_mutex_lock(&one);
  int64_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t done = REAL(write)(fd, data, length);
  if (done > 0) note('W', names[fd], offset, data, (uint32_t)done);
  pthread_mutex_unlock(&one);
  return done;
}

#define WRITES_AT(name, type)                                            \
  ssize_t name(int fd, const void *data, size_t length, type offset) {   \
    if (!NAMED(fd)) return REAL(name)(fd, data, length, offset);         \
    pthread_mutex_lock(&one);                                            \
    ssize_t done = REAL(name)(fd, data, length, offset);                 \
    if (done > 0) note('W', names[fd], offset, data, (uint32_t)done);    \
    pthread_mutex_unlock(&one);                                          \
    return done;                                                         \
  }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

#define CUTS(name, type)                             \
  int name(int fd, type length) {                    \
    int done = REAL(name)(fd, length);               \
    if (done == 0 && NAMED(fd)) {                    \
      pthread_mutex_lock(&one);                      \
      note('F', names[fd], length, NULL, 0);         \
      pthread_mutex_unlock(&one);                    \
    }                                                \
    return done;                                     \
  }
CUTS(ftruncate, off_t)
CUTS(ftruncate64, off64_t)

#define WAITS(name)                                  \
  int name(int fd) {                                 \
    int done = REAL(name)(fd);                       \
    if (done == 0 && NAMED(fd)) {                    \
      pthread_mutex_lock(&one);                      \
      note('S', names[fd], 0, NULL, 0);              \
      pthread_mutex_unlock(&one);                    \
    }                                                \
    return done;                                     \
  }
WAITS(fsync)
WAITS(fdatasync)

int unlink(const char *path) {
  int done = REAL(unlink)(path);
  if (done == 0 && wanted(path)) {
    pthread_mutex_lock(&one);
    note('U', base(path), 0, NULL, 0);
    pthread_mutex_unlock(&one);
  }
  return done;
}
