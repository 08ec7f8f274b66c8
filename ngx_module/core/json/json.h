/*
 * Copyright (C) the Pupil authors
 *
 * A strict RFC 8259 scanner for what clients send.  It bounds depth and the
 * number of values before anything else is done, refuses duplicate keys, and
 * keeps every value's bytes as they were sent, so that 0.1 stays 0.1.
 * It does not recurse, allocates nothing per value and keeps no state;
 * allowed in every context.
 */

#ifndef PUPIL_JSON_H
#define PUPIL_JSON_H

#include "core/base/pupil.h"


#define PUPIL_JSON_NONE           UINT32_MAX    /* no such node */
#define PUPIL_JSON_DEPTH_MAX      64            /* whatever the limits say */
#define PUPIL_JSON_REQUEST_DEPTH  16


typedef enum {
    PUPIL_JSON_NULL = 0,
    PUPIL_JSON_FALSE,
    PUPIL_JSON_TRUE,
    PUPIL_JSON_NUMBER,
    PUPIL_JSON_STRING,
    PUPIL_JSON_ARRAY,
    PUPIL_JSON_OBJECT
} pupil_json_type_t;


typedef struct {
    uint32_t  max_depth;    /* of arrays and objects; [] has depth 1 */
    uint32_t  max_nodes;    /* values, the root and all containers included */
} pupil_json_limits_t;


/*
 * One value.  Nodes stand in the order of the text, so the first child of a
 * container with children is the node behind it.
 */
typedef struct {
    uint32_t  start;        /* first byte of the raw value */
    uint32_t  end;          /* one behind its last byte */
    uint32_t  key;          /* member: first byte behind the key's opening
                               quote; element: its number from 0 */
    uint32_t  key_len;      /* raw bytes between the quotes, escapes as sent */
    uint32_t  parent;       /* PUPIL_JSON_NONE for the root */
    uint32_t  next;         /* next sibling or PUPIL_JSON_NONE */
    uint32_t  children;     /* members or elements */
    uint32_t  link;         /* private to the scanner */
    uint8_t   type;         /* pupil_json_type_t */
    uint8_t   depth;        /* of the containers around it; the root has 0 */
    uint8_t   escaped;      /* a string that holds a backslash */
    uint8_t   key_escaped;  /* its key holds a backslash */
} pupil_json_node_t;


/*
 * Scans the len bytes at data into at most capacity nodes; the root is node
 * 0 and *count says how many were written.  data must outlive the nodes.
 *
 * PUPIL_OK, or PUPIL_INVALID with fault: status 400 (413 from 4 GiB on), the
 * pointer as far as it is known, and one of the rules "malformed",
 * "duplicate-key" (compared after escapes are resolved; cost is n log n),
 * "depth", "utf8" (also lone surrogates in escapes), "nul" (raw or escaped),
 * "too-many-nodes" (over capacity or limits->max_nodes).  A byte order mark
 * and anything behind the value are malformed.  fault may be NULL.
 */
pupil_rc_t pupil_json_scan(const uint8_t *data, size_t len,
    const pupil_json_limits_t *limits, pupil_json_node_t *nodes,
    uint32_t capacity, uint32_t *count, pupil_fault_t *fault);

#endif /* PUPIL_JSON_H */
