/*
 * Copyright (C) the Pupil authors
 *
 * Code that runs is mapped from its file: whoever writes to that file changes
 * the code, and whoever cuts it short takes it away.  And dlopen() knows
 * objects by their name, so that a new file is taken for the one that was
 * loaded under its name.  So what is loaded is a copy in memory that is
 * sealed, under a name of its own.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/plugin/copy.h"


#define PUPIL_COPY_MAX    (64 * 1024 * 1024)    /* bytes of a plugin */
#define PUPIL_COPY_BLOCK  65536
#define PUPIL_COPY_FD     512
#define PUPIL_COPY_SEALS  (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW         \
                           | F_SEAL_SEAL)

/* Since Linux 6.3, where vm.memfd_noexec asks for it. */
#ifndef MFD_EXEC
#define MFD_EXEC          0x0010U
#endif


static pupil_rc_t pupil_copy_fail(const char *path, int err,
    pupil_error_t *error);
static int pupil_copy_memory(const char *path);
static int pupil_copy_move(int fd);
static int pupil_copy_bytes(int from, int to, uint8_t sha256[PUPIL_HASH_LEN]);
static int pupil_copy_is_whole(int fd);
static int pupil_copy_is_taken(const char *name);


pupil_rc_t
pupil_copy_make(pupil_copy_t *copy, const char *path,
    uint8_t sha256[PUPIL_HASH_LEN], pupil_error_t *error)
{
    int  fd, err;

    copy->fd = -1;

    if (path == NULL || path[0] != '/') {
        return pupil_error_set(error, "\"%s\": the path of a plugin is"
                               " absolute", path != NULL ? path : "");
    }

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        return pupil_error_set(error, "cannot open \"%s\": %s", path,
                               strerror(errno));
    }

    copy->fd = pupil_copy_memory(path);
    err = copy->fd == -1 ? errno : pupil_copy_bytes(fd, copy->fd, sha256);

    (void) close(fd);

    if (err != 0) {
        return pupil_copy_fail(path, err, error);
    }

    if (fcntl(copy->fd, F_ADD_SEALS, PUPIL_COPY_SEALS) == -1) {
        return pupil_copy_fail(path, errno, error);
    }

    if (!pupil_copy_is_whole(copy->fd)) {
        return pupil_error_set(error, "\"%s\" is cut short: is it being"
                               " copied?  Install it anew", path);
    }

    return PUPIL_OK;
}


void
pupil_copy_close(pupil_copy_t *copy)
{
    if (copy->fd != -1) {
        (void) close(copy->fd);
    }

    copy->fd = -1;
}


static pupil_rc_t
pupil_copy_fail(const char *path, int err, pupil_error_t *error)
{
    return pupil_error_set(error, "cannot read \"%s\": %s", path,
                           strerror(err));
}


/* Named as the file, for whoever reads /proc/PID/maps.  -1: see errno. */
static int
pupil_copy_memory(const char *path)
{
    int          fd;
    char         name[128];
    const char  *base;

    base = strrchr(path, '/') + 1;
    (void) snprintf(name, sizeof(name), "%s", base);

    fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

    if (fd == -1 && errno == EINVAL) {
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }

    return fd == -1 ? -1 : pupil_copy_move(fd);
}


/*
 * A debugger opens a library by the name that it has here, which is one of its
 * own descriptors there: a number that it has not itself.  Where the limit is
 * below that, the descriptor stays.
 */
static int
pupil_copy_move(int fd)
{
    int  high;

    high = fcntl(fd, F_DUPFD_CLOEXEC, PUPIL_COPY_FD);
    if (high == -1) {
        return fd;
    }

    (void) close(fd);

    return high;
}


/* 0, or an errno.  Reads once, so that a file that changes is one content. */
static int
pupil_copy_bytes(int from, int to, uint8_t sha256[PUPIL_HASH_LEN])
{
    size_t                    total;
    ssize_t                   n;
    uint8_t                   block[PUPIL_COPY_BLOCK];
    struct stat               st;
    crypto_hash_sha256_state  state;

    if (fstat(from, &st) == -1) {
        return errno;
    }

    if (!S_ISREG(st.st_mode) || st.st_size > PUPIL_COPY_MAX) {
        return ENOEXEC;
    }

    crypto_hash_sha256_init(&state);
    total = 0;

    for ( ;; ) {
        n = read(from, block, sizeof(block));

        if (n == 0) {
            break;
        }

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1) {
            return errno;
        }

        total += (size_t) n;

        if (total > PUPIL_COPY_MAX) {
            return EFBIG;
        }

        if (write(to, block, (size_t) n) != n) {
            return ENOSPC;
        }

        crypto_hash_sha256_update(&state, block, (unsigned long long) n);
    }

    crypto_hash_sha256_final(&state, sha256);

    return total != 0 ? 0 : ENOEXEC;
}


/*
 * The dynamic linker maps what the headers say and dies where the file ends
 * before that.  What is no ELF file is its to refuse.  The table of sections
 * is last in a file, so that its end is the file's.
 */
static int
pupil_copy_is_whole(int fd)
{
    uint64_t     end;
    struct stat  st;
    ElfW(Ehdr)   elf;

    if (pread(fd, &elf, sizeof(elf), 0) != sizeof(elf)
        || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0)
    {
        return 1;
    }

    end = elf.e_shoff + (uint64_t) elf.e_shnum * elf.e_shentsize;

    return fstat(fd, &st) == 0 && end >= elf.e_shoff
           && end <= (uint64_t) st.st_size;
}


/*
 * The name has the descriptor's number, which is another copy's once this one
 * is closed.  An object that the dynamic linker keeps for ever, as C++ can
 * make it, keeps its name too: then another number is taken.
 */
pupil_rc_t
pupil_copy_name(pupil_copy_t *copy, char name[PUPIL_COPY_NAME],
    pupil_error_t *error)
{
    int  fd;

    for ( ;; ) {
        (void) snprintf(name, PUPIL_COPY_NAME, "/proc/self/fd/%d", copy->fd);

        if (!pupil_copy_is_taken(name)) {
            return PUPIL_OK;
        }

        fd = fcntl(copy->fd, F_DUPFD_CLOEXEC, copy->fd + 1);
        if (fd == -1) {
            return pupil_error_set(error, "no descriptor for a plugin: %s",
                                   strerror(errno));
        }

        (void) close(copy->fd);
        copy->fd = fd;
    }
}


static int
pupil_copy_is_taken(const char *name)
{
    void  *handle;

    handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == NULL) {
        (void) dlerror();
        return 0;
    }

    (void) dlclose(handle);

    return 1;
}
