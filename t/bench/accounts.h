/*
 * Copyright (C) the Pupil authors
 *
 * CPU time as the kernel accounts it, from /proc; and the clock.
 */

#ifndef BENCH_ACCOUNTS_H
#define BENCH_ACCOUNTS_H

#include <stdint.h>


/* Nanoseconds on a processor of all threads of a process; 0 if it is gone. */
uint64_t bench_process_ns(int pid);

/* Ticks of all processors since the machine started. */
void bench_machine_ticks(double *busy, double *all);

/* Seconds of the monotonic clock. */
double bench_now(void);

#endif /* BENCH_ACCOUNTS_H */
