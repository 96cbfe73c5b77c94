/* A disk and a clock that fail when they are told to, between a program and its C library (LD_PRELOAD).
 *
 * FAULTS_CONTROL names a file that is mapped into memory: a `struct control`, which whoever runs the program writes to while it
 * runs. Only files whose path ends with `suffix` are concerned; with a `*` before it, those that have it in their path. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { NOTHING, FAIL_WRITE, FAIL_SYNC, TEAR_AND_DIE, FULL_AT, READ_ONLY };

struct control {
    _Atomic int64_t mode;
    /* How many of the calls that are meant pass before the fault. */
    _Atomic int64_t after;
    _Atomic int64_t error;
    /* TEAR_AND_DIE: so many bytes of the write come about. FULL_AT: the file's offset from which on there is no room. */
    _Atomic int64_t bytes;
    _Atomic int64_t clock;
    /* Counted by the program. */
    _Atomic int64_t writes, syncs, injected;
    /* The end of the last write. */
    _Atomic int64_t end;
    char suffix[64];
};

static struct control *control;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("FAULTS_CONTROL");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) control = mapped;
}

/* Whether the file is one of those concerned. */
static int is_meant(int file) {
    if (!control || !control->suffix[0]) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (control->suffix[0] == '*') return strstr(path, control->suffix + 1) != NULL;
    size_t wanted = strlen(control->suffix);
    return length >= (ssize_t)wanted && !memcmp(path + length - wanted, control->suffix, wanted);
}

/* Whether this is the call that fails. It is disarmed by that, unless the fault lasts. */
static int is_due(int mode) {
    if (control->mode != mode || atomic_fetch_sub(&control->after, 1) > 0) return 0;
    if (mode != READ_ONLY && mode != FULL_AT) control->mode = NOTHING;
    control->injected++;
    return 1;
}

static int fails(int mode) {
    if (!is_due(mode)) return 0;
    errno = (int)control->error;
    return 1;
}

static ssize_t put(int file, const void *data, size_t size, off_t offset) {
    ssize_t done = real_pwrite(file, data, size, offset);
    if (done > 0) control->end = offset + done;
    return done;
}

ssize_t pwrite64(int file, const void *data, size_t size, off_t offset) {
    if (!is_meant(file)) return real_pwrite(file, data, size, offset);
    control->writes++;
    if (fails(FAIL_WRITE) || fails(READ_ONLY)) return -1;
    if (control->mode == TEAR_AND_DIE && is_due(TEAR_AND_DIE)) {
        int64_t some = control->bytes < (int64_t)size ? control->bytes : (int64_t)size;
        if (some > 0) put(file, data, (size_t)some, offset);
        kill(getpid(), SIGKILL);
    }
    if (control->mode == FULL_AT && offset + (off_t)size > control->bytes) {
        control->injected++;
        if (offset < control->bytes) return put(file, data, (size_t)(control->bytes - offset), offset);
        errno = ENOSPC;
        return -1;
    }
    return put(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return pwrite64(file, data, size, offset); }

ssize_t write(int file, const void *data, size_t size) {
    if (file > 2 && control && control->mode == READ_ONLY && is_meant(file)) {
        errno = (int)control->error;
        return -1;
    }
    return real_write(file, data, size);
}

static int sync_of(int file, int (*real)(int)) {
    if (!is_meant(file)) return real(file);
    control->syncs++;
    return fails(FAIL_SYNC) || fails(READ_ONLY) ? -1 : real(file);
}

int fsync(int file) { return sync_of(file, real_fsync); }
int fdatasync(int file) { return sync_of(file, real_fdatasync); }

int ftruncate64(int file, off_t size) { return is_meant(file) && fails(READ_ONLY) ? -1 : real_ftruncate(file, size); }
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    int done = real_clock ? real_clock(clock, time) : -1;
    if (done == 0 && control && clock == CLOCK_REALTIME) time->tv_sec += control->clock;
    return done;
}
