/*
 * Copyright (C) the Pupil authors
 *
 * Statements of the log-in that stand in files of their own.
 */

#ifndef PUPIL_LOGIN_SQL_H
#define PUPIL_LOGIN_SQL_H

#include "core/policy/statement.h"


extern const char  pupil_login_change_sql[];
extern const char  pupil_login_codes_sql[];
extern const char  pupil_login_forgotten_sql[];
extern const char  pupil_login_mail_sql[];
extern const char  pupil_login_sign_up_sql[];
extern const char  pupil_login_signed_up_sql[];
extern const char  pupil_login_confirm_sql[];

/* What is written of who signs up: the address alone, and all of it. */
extern const pupil_want_t  pupil_login_sign_up_wants[1];
extern const pupil_want_t  pupil_login_confirm_wants[4];

/*
 * Of a row of the throttle that is about now: by one of a clock that was set
 * back since, whoever asked or logged in under it would wait until it is that
 * time again.
 */
#define PUPIL_SQL_OF_NOW  "t.last_at <= clock_timestamp() + interval '2 s'"

/*
 * "due", a row where this bucket may have a mail: one that had one has none for
 * longer than a link counts, and then twice and four times as long, while
 * somebody goes on asking.
 */
#define PUPIL_SQL_MAIL_DUE(bucket)                                            \
    "due AS ("                                                                \
    "INSERT INTO pupil.login_throttle AS t"                                   \
    " (tenant, bucket, failures, last_at, not_before)"                        \
    " VALUES ($2, " bucket ", 1, clock_timestamp(),"                          \
    " clock_timestamp() + interval '2048 s')"                                 \
    " ON CONFLICT (tenant, bucket) DO UPDATE"                                 \
    " SET (failures, last_at, not_before) = ("                                \
    "SELECT n.failures, clock_timestamp(), clock_timestamp()"                 \
    " + least(8192, 1024 * power(2, least(n.failures, 20)))"                  \
    " * interval '1 second'"                                                  \
    " FROM (SELECT greatest(0, t.failures - floor(greatest(0, extract("       \
    "epoch FROM clock_timestamp() - t.last_at)) / 8192)::integer) + 1)"       \
    " AS n (failures))"                                                       \
    " WHERE t.not_before <= clock_timestamp()"                                \
    " OR NOT " PUPIL_SQL_OF_NOW " RETURNING 1)"

#endif /* PUPIL_LOGIN_SQL_H */
