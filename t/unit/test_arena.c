/*
 * Copyright (C) the Pupil authors
 *
 * Locked memory: guards, lock, no dump, the limit's text.
 */

#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <sodium.h>

#include "core/vault/arena.h"
#include "tap.h"


#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__  1
#endif
#endif

/* AddressSanitizer makes mlock() do nothing; valgrind has its own limits. */
#if defined(__SANITIZE_ADDRESS__)
#define REAL_MLOCK  0
#else
#define REAL_MLOCK  1
#endif


static sigjmp_buf  fault_jump;


static void
fault(int signo)
{
    siglongjmp(fault_jump, signo);
}


static int
writes(volatile uint8_t *p)
{
    int               hit;
    struct sigaction  sa, old_segv, old_bus;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = fault;
    sigaction(SIGSEGV, &sa, &old_segv);
    sigaction(SIGBUS, &sa, &old_bus);

    hit = sigsetjmp(fault_jump, 1);
    if (hit == 0) {
        *p = 1;
    }

    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGBUS, &old_bus, NULL);

    return hit == 0;
}


/* The line of /proc/self/smaps that says what the kernel does with p. */
static int
kernel_says(const void *p, const char *line, char *out, size_t size)
{
    int            inside = 0, found = 0;
    char           text[512];
    FILE          *file;
    unsigned long  from, to;

    file = fopen("/proc/self/smaps", "r");
    if (file == NULL) {
        return 0;
    }

    while (fgets(text, sizeof(text), file) != NULL) {
        if (sscanf(text, "%lx-%lx ", &from, &to) == 2) {
            inside = (unsigned long) p >= from && (unsigned long) p < to;

        } else if (inside && strncmp(text, line, strlen(line)) == 0) {
            snprintf(out, size, "%s", text + strlen(line));
            found = 1;
        }
    }

    fclose(file);

    return found;
}


/* KiB of the mapping of p that are there and locked. */
static long
locked_now(const uint8_t *p)
{
    long  locked = -1;
    char  text[512];

    if (kernel_says(p, "Locked:", text, sizeof(text))) {
        sscanf(text, "%ld", &locked);
    }

    return locked;
}


static void
test_kernel(uint8_t *p, size_t size, int real)
{
    long  locked;
    char  text[512];

    if (!real || !kernel_says(p, "VmFlags:", text, sizeof(text))) {
        ok(1, "I14: the kernel's view # SKIP not to be had here");
        return;
    }

    ok(strstr(text, " lo") != NULL, "I14: the kernel holds it locked");
    ok(strstr(text, " dd") != NULL, "I14: the kernel leaves it out of"
       " dumps");
    ok(strstr(text, " wf") == NULL, "a child inherits it");

    locked = locked_now(p);
    memset(p, 0xee, size);
    ok(locked > 0 && locked_now(p) >= locked + 8,
       "I14: each page that is touched is locked, %ld KiB and more", locked);
}


static void
test_alloc(pupil_arena_t *arena, size_t size)
{
    int       aligned = 1, zero = 1, inside = 1;
    size_t    total = 0, n;
    uint8_t  *p, *last = NULL;

    for (n = 1; total + (n + 63) / 64 * 64 <= size; n++) {
        p = pupil_arena_alloc(arena, n);
        if (p == NULL) {
            break;
        }

        aligned &= (uintptr_t) p % 64 == 0;
        zero &= sodium_is_zero(p, n);
        inside &= pupil_arena_holds(arena, p)
                  && pupil_arena_holds(arena, p + n - 1)
                  && (last == NULL || p > last);
        memset(p, 0xee, n);
        last = p + n - 1;
        total += (n + 63) / 64 * 64;
    }

    ok(aligned, "blocks are 64-byte aligned");
    ok(zero, "and zeroed");
    ok(inside, "and in the arena, one behind the other");
    ok(total + (n + 63) / 64 * 64 > size, "all that was asked for can be"
       " had: %zu of %zu bytes", total, size);

    while (pupil_arena_alloc(arena, 1) != NULL) {
        /* void */
    }

    ok(pupil_arena_alloc(arena, 1) == NULL
       && pupil_arena_alloc(arena, SIZE_MAX) == NULL
       && pupil_arena_alloc(arena, SIZE_MAX - 63) == NULL,
       "a full one has nothing, of whatever size");
    ok(!pupil_arena_holds(arena, &n) && !pupil_arena_holds(arena, NULL),
       "other memory is not in it");
}


static void
test_guards(pupil_arena_t *arena, size_t size)
{
    size_t    page = (size_t) sysconf(_SC_PAGESIZE);
    uint8_t  *first = (uint8_t *) arena, *end;

    end = first;
    while (pupil_arena_holds(arena, end)) {
        end += page;
    }

    ok((size_t) (end - first) >= size, "it has its size");
    ok(writes(end - 1), "its last byte is writable");
    if (getenv("LD_PRELOAD") != NULL) {
        return;             /* valgrind would report the writes below */
    }

    ok(!writes(end), "I14: the byte behind it is not");
    ok(!writes(first - 1), "I14: nor is the byte before it");
}


static void
test_fork(const uint8_t *p)
{
    int    status;
    pid_t  pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        _exit(p[0] == 0xee ? 0 : 1);
    }

    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child reads it");
}


/* As somebody without CAP_IPC_LOCK, with room for no lock. */
static void
test_limit(int real)
{
    int            fds[2], status;
    pid_t          pid;
    ssize_t        n;
    pupil_error_t  error;
    struct rlimit  limit = { 4096, 4096 };

    if (!real || pipe(fds) != 0) {
        ok(1, "the limit # SKIP not enforced here");
        return;
    }

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if ((geteuid() == 0 && setuid(65534) != 0)
            || setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        {
            _exit(2);
        }

        memset(&error, 0, sizeof(error));
        if (pupil_arena_create(1 << 20, &error) != NULL) {
            _exit(1);
        }

        n = write(fds[1], &error, sizeof(error));
        _exit(n == sizeof(error) ? 0 : 2);
    }

    close(fds[1]);
    n = read(fds[0], &error, sizeof(error));
    waitpid(pid, &status, 0);
    close(fds[0]);

    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && n == sizeof(error),
       "I14: no arena that cannot be locked");
    ok(strstr(error.text, "RLIMIT_MEMLOCK") != NULL
       && strstr(error.text, "LimitMEMLOCK=") != NULL
       && strstr(error.text, "is 4 KiB") != NULL,
       "and the text says how to raise the limit");
    printf("# %s\n", error.text);
}


int
main(void)
{
    int             real = REAL_MLOCK && getenv("LD_PRELOAD") == NULL;
    uint8_t        *p;
    pupil_error_t   error;
    pupil_arena_t  *arena;

    arena = pupil_arena_create(8192, &error);
    if (!ok(arena != NULL, "an arena of 8 KiB")) {
        return tap_done();
    }

    p = pupil_arena_alloc(arena, 8192);
    *p = 0xee;

    test_kernel(p, 8192, real);
    test_fork(p);
    test_guards(arena, 8192);
    pupil_arena_destroy(arena);

    arena = pupil_arena_create(65536, &error);
    test_alloc(arena, 65536);
    pupil_arena_destroy(arena);
    pupil_arena_destroy(NULL);
    ok(1, "none can be destroyed");

    ok(pupil_arena_create(SIZE_MAX, &error) == NULL
       && strstr(error.text, "bytes") != NULL, "absurd sizes are refused");
    ok(pupil_arena_create(SIZE_MAX / 4, &error) == NULL
       && strstr(error.text, "cannot map") != NULL, "with a text");
    test_limit(real);

    return tap_done();
}
