/*
 * Copyright (C) the Pupil authors
 *
 * Pieces of SQL that several files of the statements of /v1/homework share.
 */

#ifndef PUPIL_HOMEWORK_SQL_H
#define PUPIL_HOMEWORK_SQL_H

#include "core/endpoints/endpoint_sql.h"


/* One homework of a class that the actor teaches: $8. */
#define PUPIL_SQL_HOMEWORK_MINE                                               \
    "k AS MATERIALIZED ("                                                     \
    "SELECT h.owner, h.record FROM pupil.enrolment AS e"                      \
    " JOIN " PUPIL_SQL_EACH("SELECT h.owner, h.record"                        \
    " FROM data.homework AS h WHERE h.tenant = $2 AND h.owner = e.class"      \
    " AND h.record = $8 AND h.deleted_at IS NULL") " AS h ON true"            \
    " WHERE " PUPIL_SQL_MINE("e") ")"

/* The class that the enrolment with a checked MAC is for. */
#define PUPIL_SQL_HOMEWORK_ABLE                                               \
    "a AS MATERIALIZED ("                                                     \
    "SELECT e.class FROM pupil.enrolment AS e"                                \
    " WHERE " PUPIL_SQL_MINE("e") " AND e.role = 'teacher'"                   \
    " AND e.enrolment = $8 AND e.mac = $9)"

/* Somebody has answered the homework h. */
#define PUPIL_SQL_HOMEWORK_ANSWERED                                           \
    "EXISTS (SELECT FROM data.progress AS p WHERE p.tenant = $2"              \
    " AND p.homework_id = h.record AND NOT p.superseded)"

#endif /* PUPIL_HOMEWORK_SQL_H */
