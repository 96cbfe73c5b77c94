// Counts heap allocations of a process: preloaded, it prints the total at exit.
//   cc -O2 -shared -fPIC -o malloc-count.so malloc-count.c
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static atomic_ulong calls, bytes;

static void count(size_t size) {
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
}
void *malloc(size_t size) { count(size); return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { count(n * size); return __libc_calloc(n, size); }
void *realloc(void *p, size_t size) { count(size); return __libc_realloc(p, size); }
void *aligned_alloc(size_t align, size_t size) { count(size); return __libc_memalign(align, size); }
void *memalign(size_t align, size_t size) { count(size); return __libc_memalign(align, size); }
int posix_memalign(void **p, size_t align, size_t size) {
    count(size);
    return (*p = __libc_memalign(align, size)) ? 0 : 12;
}

// For dlsym(RTLD_DEFAULT, …) from inside the process.
unsigned long malloc_count_calls(void) { return calls; }

__attribute__((destructor)) static void report(void) {
    unsigned long c = calls, b = bytes;
    fprintf(stderr, "allocations: %lu calls, %lu bytes\n", c, b);
}
