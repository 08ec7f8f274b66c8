/*
 * Copyright (C) the Pupil authors
 *
 * Bare Argon2id, for the log-in to be compared with:
 *
 *     pwhash THREADS SECONDS
 *
 * Prints hashes a second, at the parameters that Pupil has by default.
 */

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>


#define MEMORY      (19 * 1024 * 1024)
#define PASSES      2
#define THREADS_MAX  64


static atomic_int    stop;
static atomic_ulong  done;


static void *
work(void *data)
{
    unsigned char  out[32], salt[crypto_pwhash_SALTBYTES] = { 0 };

    (void) data;

    while (!atomic_load(&stop)) {
        if (crypto_pwhash(out, sizeof(out), "a password", 10, salt, PASSES,
                          MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        {
            abort();
        }
        atomic_fetch_add(&done, 1);
    }

    return NULL;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


int
main(int argc, char **argv)
{
    int        i, n;
    double     begin, seconds;
    pthread_t  threads[THREADS_MAX];

    n = argc == 3 ? atoi(argv[1]) : 0;
    if (n < 1 || n > THREADS_MAX || sodium_init() < 0) {
        fprintf(stderr, "usage: pwhash THREADS SECONDS\n");
        return 2;
    }

    seconds = atof(argv[2]);
    begin = now();

    for (i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
            return 1;
        }
    }

    usleep((useconds_t) (seconds * 1e6));
    atomic_store(&stop, 1);

    for (i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }

    printf("%.3f\n", (double) atomic_load(&done) / (now() - begin));

    return 0;
}
