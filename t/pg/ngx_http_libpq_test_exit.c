/*
 * Copyright (C) the Pupil authors
 *
 * The worst end of a helper thread.  nginx lets go of a thread before it has
 * ended, so that its last steps may fall into those of the process.  Here they
 * do: threads wait until exit() has begun, and end while OpenSSL frees what it
 * holds.
 */

#include <pthread.h>

#include "ngx_http_libpq_test.h"


/* Of the compiler and of glibc: what runs before the keys' destructors. */
extern void  *__dso_handle;
extern int __cxa_thread_atexit_impl(void (*dtor)(void *), void *data,
    void *dso);

static void ngx_http_libpq_test_release(void);
static void ngx_http_libpq_test_thread_end(void *data);


static pthread_mutex_t      ngx_http_libpq_test_lock =
    PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t       ngx_http_libpq_test_cond =
    PTHREAD_COND_INITIALIZER;
static ngx_uint_t           ngx_http_libpq_test_exiting;
static __thread ngx_uint_t  ngx_http_libpq_test_lingers;


/* Of a worker: registered after OpenSSL's handler, and so run before it. */

void
ngx_http_libpq_test_linger_init(void)
{
    (void) atexit(ngx_http_libpq_test_release);
}


/* Of a helper thread. */

void
ngx_http_libpq_test_linger(void)
{
    if (!ngx_http_libpq_test_lingers) {
        ngx_http_libpq_test_lingers = 1;
        (void) __cxa_thread_atexit_impl(ngx_http_libpq_test_thread_end, NULL,
                                        &__dso_handle);
    }
}


static void
ngx_http_libpq_test_release(void)
{
    (void) pthread_mutex_lock(&ngx_http_libpq_test_lock);
    ngx_http_libpq_test_exiting = 1;
    (void) pthread_cond_broadcast(&ngx_http_libpq_test_cond);
    (void) pthread_mutex_unlock(&ngx_http_libpq_test_lock);
}


static void
ngx_http_libpq_test_thread_end(void *data)
{
    (void) pthread_mutex_lock(&ngx_http_libpq_test_lock);

    while (!ngx_http_libpq_test_exiting) {
        (void) pthread_cond_wait(&ngx_http_libpq_test_cond,
                                 &ngx_http_libpq_test_lock);
    }

    (void) pthread_mutex_unlock(&ngx_http_libpq_test_lock);
}
