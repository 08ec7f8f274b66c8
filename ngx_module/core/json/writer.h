/*
 * Copyright (C) the Pupil authors
 *
 * Writes JSON into a list of chunks which nginx can hand to its output chain
 * as they are.  Commas and nesting are the writer's; an error sticks, so
 * that callers check once, in pupil_writer_finish().
 *
 * The chunks hold personal data: whoever gives their memory wipes it when the
 * bytes have left, or resets the writer.  Allowed in every context.
 */

#ifndef PUPIL_WRITER_H
#define PUPIL_WRITER_H

#include <string.h>

#include "core/base/number.h"
#include "core/base/pupil.h"


#define PUPIL_WRITER_DEPTH_MAX   64
#define PUPIL_WRITER_CHUNK_SIZE  4096   /* bytes, when the caller names none */


typedef struct pupil_chunk_s  pupil_chunk_t;

struct pupil_chunk_s {
    pupil_chunk_t  *next;
    uint8_t        *data;
    size_t          used;   /* bytes written; 0 only in chunks not yet used */
    size_t          size;   /* bytes at data */
};


typedef struct {
    const pupil_alloc_t  *alloc;        /* lives as long as the writer */
    pupil_chunk_t        *first;        /* NULL until something is written */
    pupil_chunk_t        *last;         /* the one being filled */
    size_t                chunk_size;
    size_t                length;       /* bytes written in all */
    uint64_t              objects;      /* bit per level: it is an object */
    uint64_t              filled;       /* bit per level: it has a member */
    uint32_t              depth;        /* open arrays and objects */
    uint8_t               keyed;        /* a key waits for its value */
    uint8_t               done;         /* the root value is complete */
    pupil_rc_t            rc;           /* sticky */
} pupil_writer_t;


/*
 * Takes no memory yet.  chunk_size in bytes, 0 for the default; each chunk,
 * its header included, is one block of that size from alloc.
 */
void pupil_writer_init(pupil_writer_t *writer, const pupil_alloc_t *alloc,
    size_t chunk_size);

/*
 * Forgets what was written, and the error, keeps the chunks and zeroes them,
 * and is ready for another text: for an answer that turns into a problem.
 */
void pupil_writer_reset(pupil_writer_t *writer);

/*
 * PUPIL_OK when exactly one complete value was written; PUPIL_NO_MEMORY; or
 * PUPIL_FAILED for a caller's mistake: nesting, a key where none belongs, a
 * member without a key, a time that cannot be written.
 */
pupil_rc_t pupil_writer_finish(pupil_writer_t *writer);

/* All chunks as one text from alloc; finishes first.  For short texts. */
pupil_rc_t pupil_writer_flatten(pupil_writer_t *writer,
    const pupil_alloc_t *alloc, pupil_str_t *out);


void pupil_writer_object_begin(pupil_writer_t *writer);
void pupil_writer_object_end(pupil_writer_t *writer);
void pupil_writer_array_begin(pupil_writer_t *writer);
void pupil_writer_array_end(pupil_writer_t *writer);

/* The name of the next member; NUL-terminated, any text, is escaped. */
void pupil_writer_key_len(pupil_writer_t *writer, const char *name,
    size_t len);

/* Here, as the length of a literal is then known when it is compiled. */
static inline void
pupil_writer_key(pupil_writer_t *writer, const char *name)
{
    pupil_writer_key_len(writer, name, strlen(name));
}

/*
 * Any bytes: quotes, backslashes and control characters are escaped, what is
 * no UTF-8 becomes U+FFFD.  data may be NULL when len is 0.
 */
void pupil_writer_string(pupil_writer_t *writer, const uint8_t *data,
    size_t len);
void pupil_writer_str(pupil_writer_t *writer, const pupil_str_t *text);
void pupil_writer_cstr(pupil_writer_t *writer, const char *text);

/* One JSON value that a scanner has accepted, byte for byte; not empty. */
void pupil_writer_raw(pupil_writer_t *writer, const uint8_t *data,
    size_t len);

/*
 * Members of the object that is open, as another writer wrote them, without
 * the braces around them; not empty.
 */
void pupil_writer_members(pupil_writer_t *writer, const uint8_t *data,
    size_t len);

void pupil_writer_int64(pupil_writer_t *writer, int64_t value);
void pupil_writer_decimal(pupil_writer_t *writer, pupil_decimal_t value);
void pupil_writer_bool(pupil_writer_t *writer, int value);
void pupil_writer_null(pupil_writer_t *writer);
void pupil_writer_uuid(pupil_writer_t *writer, const pupil_uuid_t *uuid);

/* RFC 3339 in UTC; PUPIL_TIME_NONE becomes null. */
void pupil_writer_time(pupil_writer_t *writer, pupil_time_t time);

#endif /* PUPIL_WRITER_H */
