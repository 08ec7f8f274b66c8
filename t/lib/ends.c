/*
 * Copyright (C) the Pupil authors
 *
 * What each process of PostgreSQL begins and ends with, for less: a test has
 * hundreds of them, most for one command of pupilctl.  It is loaded before the
 * C library.
 *
 * Each has some thirty libraries, which free and write at its end what is gone
 * a moment later; that was a third of the processor time of a connection.
 * What PostgreSQL itself does at its end is done before it calls exit().
 *
 * Each had libcrypto read its configuration and find its algorithms, for the
 * first password.  The postmaster does that before its first child, and all
 * have it of it.  Random numbers are of each process all the same: libcrypto
 * sees to that.
 *
 * And each took its memory from its parent's a page at a time, by a fault each.
 * A child asks for that of its data and heap at once, and for room for what it
 * is about to keep.
 */

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE  23     /* Linux 5.14; else it is refused */
#endif

#define ROOM  (3 << 20)             /* of a child's heap, in bytes */


typedef void (*exit_pt)(int code);
typedef pid_t (*fork_pt)(void);

/* Of libcrypto, whose headers are not needed to build the rest. */
typedef const void *(*algorithm_pt)(void);
typedef int (*digest_pt)(const void *data, size_t len, unsigned char *md,
    unsigned int *size, const void *type, void *engine);
typedef unsigned char *(*hmac_pt)(const void *type, const void *key, int len,
    const unsigned char *data, size_t size, unsigned char *md,
    unsigned int *md_len);
typedef int (*random_pt)(unsigned char *buf, int num);


static int        of_server;
static uintptr_t  heap;             /* where that of the postmaster begins */


/* Not of what the server starts, such as a command of archive_command. */
__attribute__((constructor)) static void
ends_begin(void)
{
    of_server = strcmp(program_invocation_short_name, "postgres") == 0;

    if (of_server) {
        (void) mallopt(M_TOP_PAD, ROOM);
    }
}


static void
libcrypto_begin(void)
{
    hmac_pt        hmac;
    digest_pt      digest;
    random_pt      random;
    algorithm_pt   algorithm;
    unsigned int   len;
    unsigned char  md[64];

    hmac = (hmac_pt) dlsym(RTLD_DEFAULT, "HMAC");
    digest = (digest_pt) dlsym(RTLD_DEFAULT, "EVP_Digest");
    random = (random_pt) dlsym(RTLD_DEFAULT, "RAND_bytes");
    algorithm = (algorithm_pt) dlsym(RTLD_DEFAULT, "EVP_sha256");

    if (hmac == NULL || digest == NULL || random == NULL || algorithm == NULL) {
        return;
    }

    (void) digest("", 0, md, &len, algorithm(), NULL);
    (void) hmac(algorithm(), "", 0, md, len, md, &len);
    (void) random(md, 16);
}


static void
heap_find(void)
{
    char           line[512];
    FILE          *maps;
    unsigned long  begin;

    heap = (uintptr_t) sbrk(0);

    maps = fopen("/proc/self/maps", "r");
    if (maps == NULL) {
        return;
    }

    while (fgets(line, sizeof(line), maps) != NULL) {
        if (strstr(line, "[heap]") != NULL
            && sscanf(line, "%lx", &begin) == 1)
        {
            heap = begin;
        }
    }

    (void) fclose(maps);
}


static void
ask_for(uintptr_t begin, uintptr_t end)
{
    uintptr_t  page;

    page = (uintptr_t) sysconf(_SC_PAGESIZE);
    begin &= ~(page - 1);
    end &= ~(page - 1);

    if (begin < end) {
        (void) madvise((void *) begin, end - begin, MADV_POPULATE_WRITE);
    }
}


/* The data of the program itself, which comes first: but for RELRO. */
static int
data_of(struct dl_phdr_info *program, size_t size, void *unused)
{
    int                i;
    uintptr_t          begin, end, relro;
    const ElfW(Phdr)  *header;

    (void) size;
    (void) unused;

    begin = end = relro = 0;

    for (i = 0; i < program->dlpi_phnum; i++) {
        header = &program->dlpi_phdr[i];

        if (header->p_type == PT_LOAD && (header->p_flags & PF_W)) {
            begin = program->dlpi_addr + header->p_vaddr;
            end = begin + header->p_memsz;

        } else if (header->p_type == PT_GNU_RELRO) {
            relro = program->dlpi_addr + header->p_vaddr + header->p_memsz;
        }
    }

    ask_for(begin > relro ? begin : relro, end);

    return 1;
}


pid_t
fork(void)
{
    pid_t    pid;
    fork_pt  proper;

    proper = (fork_pt) dlsym(RTLD_NEXT, "fork");

    if (!of_server) {
        return proper();
    }

    if (heap == 0) {
        libcrypto_begin();
        heap_find();
    }

    pid = proper();

    if (pid == 0) {
        ask_for(heap, (uintptr_t) sbrk(0));
        (void) dl_iterate_phdr(data_of, NULL);
    }

    return pid;
}


__attribute__((noreturn)) void
exit(int code)
{
    exit_pt  proper;

    if (!of_server) {
        proper = (exit_pt) dlsym(RTLD_NEXT, "exit");

        if (proper != NULL) {
            proper(code);
        }
    }

    (void) fflush(NULL);
    _exit(code);
}
