/*
 * Copyright (C) the Pupil authors
 *
 * What the log says of outages, and of what libpq and servers say.
 */

#include "pg/private.h"


/*
 * One line, cut to fit: a server's message may hold line ends, and what claims
 * to be a server may send anything.  Bytes that are no UTF-8 become question
 * marks, control characters blanks.
 */

void
ngx_libpq_text(char *dst, const char *src)
{
    char      *p, *last;
    u_char    *s, *next, *end;
    uint32_t   c;

    if (src == NULL || *src == '\0') {
        src = "no reason given";
    }

    p = dst;
    last = dst + NGX_LIBPQ_ERROR_SIZE - 1;
    s = (u_char *) src;
    end = s + ngx_strlen(s);

    for ( /* void */ ; s < end; s = next) {
        next = s;
        c = *s < 0x80 ? *next++ : ngx_utf8_decode(&next, (size_t) (end - s));

        if (c > 0x10ffff) {
            next = s + 1;
            c = '?';
        }

        if (c < ' ' || (c >= 0x7f && c < 0xa0)) {
            c = ' ';
        }

        if (c == ' ' && (p == dst || p[-1] == ' ')) {
            continue;
        }

        if (next - s > last - p) {
            break;
        }

        if (c == ' ' || c == '?') {
            *p++ = (char) c;
        } else {
            p = (char *) ngx_cpymem(p, s, next - s);
        }
    }

    while (p > dst && p[-1] == ' ') {
        p--;
    }

    *p = '\0';
}


/*
 * One line at the begin of an outage, one when all connections are back; and
 * between them one when the reason is another, as after a password was changed,
 * and one when the last connection has gone, at most one a second.
 */

void
ngx_libpq_log_outage(ngx_libpq_pool_t *pg, const char *reason)
{
    ngx_uint_t  news;

    news = !pg->outage
           || (pg->outage_said != ngx_time()
               && ((pg->stats.up == 0 && !pg->none_up)
                   || ngx_strcmp(pg->reason, reason) != 0));

    if (!news) {
        ngx_log_debug2(NGX_LIBPQ_DEBUG, pg->log, 0,
                       "libpq \"%V\": %s", &pg->name, reason);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, pg->log, 0,
                  pg->outage ? "%sdatabase \"%V\": %s (still %ui of %i "
                               "connections)"
                             : "%sdatabase \"%V\": %s (%ui of %i connections "
                               "are up)",
                  pg->use->log, &pg->name, reason, pg->stats.up,
                  pg->connections);

    if (!pg->outage) {
        pg->outage_start = ngx_current_msec;
    }

    pg->outage = 1;
    pg->none_up = pg->stats.up == 0;
    pg->outage_said = ngx_time();
    (void) ngx_cpystrn((u_char *) pg->reason, (u_char *) reason,
                       sizeof(pg->reason));
}
