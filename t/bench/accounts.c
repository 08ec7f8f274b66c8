/*
 * Copyright (C) the Pupil authors
 *
 * CPU time as the kernel accounts it.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "accounts.h"


uint64_t
bench_process_ns(int pid)
{
    DIR            *dir;
    FILE           *in;
    char            path[320];
    uint64_t        sum = 0, ns;
    struct dirent  *entry;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid,
                 entry->d_name);
        in = fopen(path, "r");

        if (in != NULL) {
            if (fscanf(in, "%lu", &ns) == 1) {
                sum += ns;
            }
            fclose(in);
        }
    }

    closedir(dir);

    return sum;
}


void
bench_machine_ticks(double *busy, double *all)
{
    int     i;
    FILE   *in;
    double  t[8] = { 0 };

    in = fopen("/proc/stat", "r");
    if (in == NULL
        || fscanf(in, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1],
                  &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
    {
        fprintf(stderr, "cannot read /proc/stat\n");
        exit(1);
    }
    fclose(in);

    for (i = 0, *all = 0; i < 8; i++) {
        *all += t[i];
    }

    *busy = *all - t[3] - t[4];
}


double
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}
