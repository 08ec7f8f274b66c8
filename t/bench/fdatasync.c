/*
 * Copyright (C) the Pupil authors
 *
 * What an fdatasync of 8 KiB takes, as PostgreSQL's commits need one.
 *
 *     fdatasync FILE SECONDS
 *
 * Prints the median in microseconds.  The file is made, and stays.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "accounts.h"


#define BLOCK  8192
#define TIMES  100000


static int
compare(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


int
main(int argc, char **argv)
{
    int            fd, n;
    double         begun, from;
    static char    block[BLOCK];
    static double  took[TIMES];

    if (argc != 3) {
        fprintf(stderr, "usage: fdatasync FILE SECONDS\n");
        return 2;
    }

    fd = open(argv[1], O_RDWR | O_CREAT, 0600);
    begun = bench_now();

    for (n = 0; n < TIMES && bench_now() - begun < atof(argv[2]); n++) {
        from = bench_now();

        if (pwrite(fd, block, BLOCK, 0) != BLOCK || fdatasync(fd) != 0) {
            perror(argv[1]);
            return 1;
        }

        took[n] = bench_now() - from;
    }

    qsort(took, (size_t) n, sizeof(double), compare);
    printf("%.1f\n", took[n / 2] * 1e6);

    return 0;
}
