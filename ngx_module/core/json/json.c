/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/json/json_tree.h"


#define JSON_BINS  32       /* of the merge sort: 2^32 members and more */


typedef struct {
    const uint8_t      *data;
    size_t              len;
    size_t              pos;
    pupil_json_node_t  *nodes;
    uint32_t            limit;          /* nodes that may be written */
    uint32_t            count;
    uint32_t            max_depth;
    uint32_t            current;        /* the open container, or none */
    uint32_t            at;             /* what a fault is about */
    uint32_t            key;            /* of the member whose value comes */
    uint32_t            key_len;
    uint8_t             key_escaped;
    const char         *rule;           /* what was broken, or NULL */
} json_scan_t;


typedef struct {
    const char  *text;
    uint8_t      len;
    uint8_t      type;
} json_literal_t;


static const json_literal_t  json_literals[] = {
    { "null",  4, PUPIL_JSON_NULL },
    { "false", 5, PUPIL_JSON_FALSE },
    { "true",  4, PUPIL_JSON_TRUE }
};

/* What may follow a backslash, beside u. */
static const char  json_escapes[] = "\"\\/bfnrt";


static pupil_rc_t
json_fail(json_scan_t *scan, const char *rule)
{
    scan->rule = rule;

    return PUPIL_INVALID;
}


/* The byte at pos, or the end, is not what JSON wants there. */
static pupil_rc_t
json_unexpected(json_scan_t *scan)
{
    const uint8_t  *p;

    if (scan->pos >= scan->len) {
        return json_fail(scan, "malformed");
    }

    p = scan->data + scan->pos;

    if (*p == '\0') {
        return json_fail(scan, "nul");
    }

    if (pupil_utf8_sequence(p, scan->len - scan->pos) == 0) {
        return json_fail(scan, "utf8");
    }

    return json_fail(scan, "malformed");
}


/* The next byte that is no white space, or '\0' at the end (or for NUL). */
static uint8_t
json_peek(json_scan_t *scan)
{
    uint8_t  c;

    for (/* void */; scan->pos < scan->len; scan->pos++) {
        c = scan->data[scan->pos];

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c;
        }
    }

    return '\0';
}


/* Four hexadecimal digits; -1 when they are not. */
static int32_t
json_hex4(const uint8_t *p, const uint8_t *end)
{
    int      i;
    int32_t  value;

    if (end - p < 4) {
        return -1;
    }

    for (i = 0, value = 0; i < 4; i++, p++) {
        value *= 16;

        if (pupil_is_digit(*p)) {
            value += *p - '0';

        } else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f') {
            value += (*p | 0x20) - 'a' + 10;

        } else {
            return -1;
        }
    }

    return value;
}


/* At the u of \uXXXX, or of a pair of them. */
static pupil_rc_t
json_scan_unicode(json_scan_t *scan)
{
    int32_t         unit;
    const uint8_t  *p, *end;

    p = scan->data + scan->pos + 1;
    end = scan->data + scan->len;

    unit = json_hex4(p, end);
    if (unit < 0) {
        return json_fail(scan, "malformed");
    }

    if (unit == 0) {
        return json_fail(scan, "nul");
    }

    scan->pos += 5;

    if (unit < 0xd800 || unit > 0xdfff) {
        return PUPIL_OK;
    }

    p += 4;

    if (unit > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return json_fail(scan, "utf8");
    }

    unit = json_hex4(p + 2, end);
    if (unit < 0xdc00 || unit > 0xdfff) {
        return json_fail(scan, unit < 0 ? "malformed" : "utf8");
    }

    scan->pos += 6;

    return PUPIL_OK;
}


/* At a backslash; NUL is in json_escapes for strchr(), so it is first. */
static pupil_rc_t
json_scan_escape(json_scan_t *scan)
{
    uint8_t  c;

    scan->pos++;

    if (scan->pos == scan->len || scan->data[scan->pos] == '\0') {
        return json_unexpected(scan);
    }

    c = scan->data[scan->pos];

    if (c == 'u') {
        return json_scan_unicode(scan);
    }

    if (strchr(json_escapes, c) == NULL) {
        return json_unexpected(scan);
    }

    scan->pos++;

    return PUPIL_OK;
}


/* Behind the opening quote; leaves pos behind the closing one. */
static pupil_rc_t
json_scan_string(json_scan_t *scan, uint8_t *escaped)
{
    size_t   n;
    uint8_t  c;

    *escaped = 0;

    while (scan->pos < scan->len) {
        c = scan->data[scan->pos];

        if (c == '"') {
            scan->pos++;
            return PUPIL_OK;
        }

        if (c == '\\') {
            *escaped = 1;

            if (json_scan_escape(scan) != PUPIL_OK) {
                return PUPIL_INVALID;
            }

            continue;
        }

        n = c < 0x20 ? 0 : pupil_utf8_sequence(scan->data + scan->pos,
                                               scan->len - scan->pos);
        if (n == 0) {
            break;
        }

        scan->pos += n;
    }

    return json_unexpected(scan);
}


/* At least one digit. */
static pupil_rc_t
json_scan_digits(json_scan_t *scan)
{
    size_t  start;

    start = scan->pos;

    while (scan->pos < scan->len && pupil_is_digit(scan->data[scan->pos])) {
        scan->pos++;
    }

    return scan->pos != start ? PUPIL_OK : json_unexpected(scan);
}


/* Is the next byte this one?  Then it is taken. */
static int
json_take(json_scan_t *scan, uint8_t c)
{
    if (scan->pos == scan->len || scan->data[scan->pos] != c) {
        return 0;
    }

    scan->pos++;

    return 1;
}


/* RFC 8259 section 6. */
static pupil_rc_t
json_scan_number(json_scan_t *scan)
{
    json_take(scan, '-');

    /* a digit behind this zero is no comma or bracket, so it is refused */
    if (!json_take(scan, '0') && json_scan_digits(scan) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    if (json_take(scan, '.') && json_scan_digits(scan) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    if (json_take(scan, 'e') || json_take(scan, 'E')) {
        if (!json_take(scan, '+')) {
            json_take(scan, '-');
        }

        return json_scan_digits(scan);
    }

    return PUPIL_OK;
}


static pupil_rc_t
json_scan_literal(json_scan_t *scan, pupil_json_node_t *node)
{
    size_t                 i;
    const uint8_t         *p;
    const json_literal_t  *literal;

    p = scan->data + scan->pos;

    for (i = 0; i < sizeof(json_literals) / sizeof(json_literals[0]); i++) {
        literal = &json_literals[i];

        if (scan->len - scan->pos >= literal->len
            && memcmp(p, literal->text, literal->len) == 0)
        {
            node->type = literal->type;
            scan->pos += literal->len;
            return PUPIL_OK;
        }
    }

    return json_unexpected(scan);
}


/*
 * Merges two sorted lists of members, chained by link, into *list.  A name
 * that is in both is a duplicate.
 */
static pupil_rc_t
json_merge(json_scan_t *scan, uint32_t a, uint32_t b, uint32_t *list)
{
    int                 order;
    uint32_t           *tail;
    pupil_json_node_t  *nodes;

    nodes = scan->nodes;
    tail = list;

    while (a != PUPIL_JSON_NONE && b != PUPIL_JSON_NONE) {
        order = pupil_json_key_compare(scan->data, &nodes[a], &nodes[b]);

        if (order == 0) {
            scan->at = a > b ? a : b;
            return json_fail(scan, "duplicate-key");
        }

        if (order < 0) {
            *tail = a;
            tail = &nodes[a].link;
            a = *tail;

        } else {
            *tail = b;
            tail = &nodes[b].link;
            b = *tail;
        }
    }

    *tail = a != PUPIL_JSON_NONE ? a : b;

    return PUPIL_OK;
}


/*
 * Sorts the members of a complete object by name, in place, to find names
 * that come twice.  A merge step costs at most the length of the name that
 * it puts out, so all of it costs (bytes of names) * log(members) whatever
 * the client chose; a hash would need a secret to promise that.
 */
static pupil_rc_t
json_check_names(json_scan_t *scan, uint32_t object)
{
    uint32_t            i, child, next, list, bins[JSON_BINS];
    pupil_json_node_t  *nodes;

    nodes = scan->nodes;

    for (i = 0; i < JSON_BINS; i++) {
        bins[i] = PUPIL_JSON_NONE;
    }

    for (child = object + 1; child != PUPIL_JSON_NONE; child = next) {
        next = nodes[child].next;
        nodes[child].link = PUPIL_JSON_NONE;
        list = child;

        for (i = 0; bins[i] != PUPIL_JSON_NONE; i++) {
            if (json_merge(scan, bins[i], list, &list) != PUPIL_OK) {
                return PUPIL_INVALID;
            }

            bins[i] = PUPIL_JSON_NONE;
        }

        bins[i] = list;
    }

    for (i = 0, list = PUPIL_JSON_NONE; i < JSON_BINS; i++) {
        if (json_merge(scan, bins[i], list, &list) != PUPIL_OK) {
            return PUPIL_INVALID;
        }
    }

    return PUPIL_OK;
}


/*
 * A node for the value that begins at pos.  While a container is open, its
 * link is its last child.
 */
static pupil_json_node_t *
json_push(json_scan_t *scan, pupil_json_type_t type)
{
    pupil_json_node_t  *node, *parent;

    if (scan->count == scan->limit) {
        json_fail(scan, "too-many-nodes");
        return NULL;
    }

    node = &scan->nodes[scan->count];
    memset(node, 0, sizeof(pupil_json_node_t));
    node->type = (uint8_t) type;
    node->start = (uint32_t) scan->pos;
    node->parent = scan->current;
    node->next = PUPIL_JSON_NONE;
    node->link = PUPIL_JSON_NONE;

    if (scan->current != PUPIL_JSON_NONE) {
        parent = &scan->nodes[scan->current];
        node->depth = (uint8_t) (parent->depth + 1);

        if (parent->type == PUPIL_JSON_OBJECT) {
            node->key = scan->key;
            node->key_len = scan->key_len;
            node->key_escaped = scan->key_escaped;

        } else {
            node->key = parent->children;
        }

        if (parent->children++ != 0) {
            scan->nodes[parent->link].next = scan->count;
        }

        parent->link = scan->count;
    }

    scan->at = scan->count++;

    return node;
}


/* The name and the colon of the next member of the current object. */
static pupil_rc_t
json_scan_key(json_scan_t *scan)
{
    if (json_peek(scan) != '"') {
        return json_unexpected(scan);
    }

    scan->key = (uint32_t) ++scan->pos;

    if (json_scan_string(scan, &scan->key_escaped) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    scan->key_len = (uint32_t) scan->pos - scan->key - 1;

    if (json_peek(scan) != ':') {
        return json_unexpected(scan);
    }

    scan->pos++;

    return PUPIL_OK;
}


/* Opens an array or object; an empty one is closed by json_scan_close(). */
static pupil_rc_t
json_scan_open(json_scan_t *scan, pupil_json_node_t *node)
{
    if (node->depth >= scan->max_depth) {
        return json_fail(scan, "depth");
    }

    scan->current = scan->at;
    scan->pos++;

    return PUPIL_OK;
}


/* The value at pos, of an open container only its bracket. */
static pupil_rc_t
json_scan_value(json_scan_t *scan)
{
    uint8_t             c;
    pupil_rc_t          rc;
    pupil_json_node_t  *node;

    c = json_peek(scan);

    if (scan->pos == scan->len) {
        return json_unexpected(scan);
    }

    node = json_push(scan, c == '{' ? PUPIL_JSON_OBJECT
                           : c == '[' ? PUPIL_JSON_ARRAY
                           : c == '"' ? PUPIL_JSON_STRING
                                      : PUPIL_JSON_NUMBER);
    if (node == NULL) {
        return PUPIL_INVALID;
    }

    if (c == '{' || c == '[') {
        return json_scan_open(scan, node);
    }

    if (c == '"') {
        scan->pos++;
        rc = json_scan_string(scan, &node->escaped);

    } else if (c == '-' || pupil_is_digit(c)) {
        rc = json_scan_number(scan);

    } else {
        rc = json_scan_literal(scan, node);
    }

    node->end = (uint32_t) scan->pos;

    return rc;
}


/* The closing bracket of the current container. */
static pupil_rc_t
json_scan_close(json_scan_t *scan)
{
    uint32_t            closed;
    pupil_json_node_t  *node;

    closed = scan->current;
    node = &scan->nodes[closed];
    node->end = (uint32_t) ++scan->pos;
    scan->current = node->parent;
    scan->at = scan->current;

    if (node->type == PUPIL_JSON_OBJECT && node->children > 1) {
        return json_check_names(scan, closed);
    }

    return PUPIL_OK;
}


/*
 * Between values: closes what ends here, and goes on to where the next value
 * begins.  *more is 0 when the root is complete.
 */
static pupil_rc_t
json_scan_between(json_scan_t *scan, int *more)
{
    uint8_t             c, closing;
    pupil_json_node_t  *node;

    while (scan->current != PUPIL_JSON_NONE) {
        scan->at = scan->current;
        node = &scan->nodes[scan->current];
        closing = node->type == PUPIL_JSON_OBJECT ? '}' : ']';
        c = json_peek(scan);

        if (c == closing) {
            if (json_scan_close(scan) != PUPIL_OK) {
                return PUPIL_INVALID;
            }

            continue;
        }

        if (node->children != 0) {
            if (c != ',') {
                return json_unexpected(scan);
            }

            scan->pos++;
        }

        *more = 1;

        return closing == '}' ? json_scan_key(scan) : PUPIL_OK;
    }

    *more = 0;
    scan->at = PUPIL_JSON_NONE;
    json_peek(scan);

    return scan->pos == scan->len ? PUPIL_OK : json_unexpected(scan);
}


static pupil_rc_t
json_scan_all(json_scan_t *scan)
{
    int  more;

    do {
        if (json_scan_value(scan) != PUPIL_OK
            || json_scan_between(scan, &more) != PUPIL_OK)
        {
            return PUPIL_INVALID;
        }
    } while (more);

    return PUPIL_OK;
}


pupil_rc_t
pupil_json_scan(const uint8_t *data, size_t len,
    const pupil_json_limits_t *limits, pupil_json_node_t *nodes,
    uint32_t capacity, uint32_t *count, pupil_fault_t *fault)
{
    char          field[sizeof(fault->field)];
    json_scan_t   scan;
    pupil_json_t  json;

    *count = 0;

    if (len >= UINT32_MAX) {
        return pupil_fault_set(fault, 413, "", "maxLength");
    }

    memset(&scan, 0, sizeof(json_scan_t));
    scan.data = data;
    scan.len = len;
    scan.nodes = nodes;
    scan.limit = capacity < limits->max_nodes ? capacity : limits->max_nodes;
    scan.max_depth = limits->max_depth < PUPIL_JSON_DEPTH_MAX
                     ? limits->max_depth : PUPIL_JSON_DEPTH_MAX;
    scan.current = PUPIL_JSON_NONE;
    scan.at = PUPIL_JSON_NONE;

    if (json_scan_all(&scan) == PUPIL_OK) {
        *count = scan.count;
        return PUPIL_OK;
    }

    json.data = data;
    json.nodes = nodes;
    json.count = scan.count;
    pupil_json_pointer(&json, scan.at, field, sizeof(field));

    return pupil_fault_set(fault, 400, field, scan.rule);
}
