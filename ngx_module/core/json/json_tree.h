/*
 * Copyright (C) the Pupil authors
 *
 * A scanned text: memory for its nodes, members, names and texts with their
 * escapes resolved, and pointers for faults.  Allowed in every context.
 */

#ifndef PUPIL_JSON_TREE_H
#define PUPIL_JSON_TREE_H

#include "core/json/json.h"


#define PUPIL_JSON_NAME_MAX  64     /* bytes of a name in a pointer */


/* A scanned text: what pupil_json_scan() read and wrote.  Owns nothing. */
typedef struct {
    const uint8_t            *data;
    const pupil_json_node_t  *nodes;
    uint32_t                  count;
} pupil_json_t;


/*
 * pupil_json_scan() with nodes from alloc, as many as the text can need and
 * at most limits->max_nodes.  PUPIL_NO_MEMORY as well.
 */
pupil_rc_t pupil_json_parse(const pupil_alloc_t *alloc, const uint8_t *data,
    size_t len, const pupil_json_limits_t *limits, pupil_json_t *json,
    pupil_fault_t *fault);

/*
 * The member of an object by its name (NUL-terminated, escapes resolved), or
 * PUPIL_JSON_NONE; also when the node is no object.  Linear in its members.
 */
uint32_t pupil_json_member(const pupil_json_t *json, uint32_t object,
    const char *name);

/*
 * Iteration over the members or elements:
 * for (n = pupil_json_first(j, c); n != PUPIL_JSON_NONE;
 *      n = pupil_json_next(j, n))
 */
uint32_t pupil_json_first(const pupil_json_t *json, uint32_t container);
uint32_t pupil_json_next(const pupil_json_t *json, uint32_t node);

pupil_json_type_t pupil_json_type(const pupil_json_t *json, uint32_t node);

/* Is the member's name this one?  Escapes in the text are resolved. */
int pupil_json_key_is(const pupil_json_t *json, uint32_t node,
    const char *name);

/*
 * Compares the names of two members of one object of the scanned data, after
 * escapes are resolved: 0 when they are the same, else some total order.
 */
int pupil_json_key_compare(const uint8_t *data, const pupil_json_node_t *a,
    const pupil_json_node_t *b);

/*
 * The name of a member, or the text of a string, with escapes resolved: a
 * view of the scanned bytes when there are none, else a copy from alloc.
 * Not terminated; never holds NUL.  PUPIL_OK, PUPIL_NO_MEMORY, or
 * PUPIL_INVALID when the node has no key or is no string.
 */
pupil_rc_t pupil_json_key(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *out);
pupil_rc_t pupil_json_string(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *out);

/*
 * Is the node, which may be PUPIL_JSON_NONE, this string?  Escapes in the text
 * are resolved.  Where it differs takes no other time.
 */
int pupil_json_is(const pupil_json_t *json, uint32_t node, pupil_str_t text);
int pupil_json_text_is(const pupil_json_t *json, uint32_t node,
    const char *text);

/* The value's own bytes, as sent: a view of the scanned text. */
pupil_str_t pupil_json_raw(const pupil_json_t *json, uint32_t node);

/*
 * The node's RFC 6901 pointer, "" for the root, NUL-terminated, cut to size.
 * Names are the client's text: each is cut to PUPIL_JSON_NAME_MAX bytes, and
 * what is not a letter, digit or one of -_.:$@ becomes '?'.
 */
void pupil_json_pointer(const pupil_json_t *json, uint32_t node, char *out,
    size_t size);

/*
 * One name, not escaped, made fit for a pointer in that way, at out, without
 * a slash before it.  Returns the length without the NUL; size > 0.
 */
size_t pupil_json_name(const uint8_t *s, size_t len, char *out, size_t size);

#endif /* PUPIL_JSON_TREE_H */
