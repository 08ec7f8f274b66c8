/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/json/json_tree.h"


/* Reads a scanned string byte by byte with its escapes resolved. */
typedef struct {
    const uint8_t  *p;
    const uint8_t  *end;
    size_t          have, next;
    uint8_t         bytes[4];
    uint8_t         escaped;
} json_cursor_t;


/* What may follow a backslash, beside u, and what it stands for. */
static const char  json_escapes[] = "\"\\/bfnrt";
static const char  json_escaped[] = "\"\\/\b\f\n\r\t";

/* What a name may hold, beside letters and digits, to be shown as it is. */
static const char  json_name_chars[] = "-_.:$@";


/* Four hexadecimal digits, known to be some: a letter has bit 6. */
static uint32_t
json_hex4(const uint8_t *p)
{
    int       i;
    uint32_t  value;

    for (i = 0, value = 0; i < 4; i++) {
        value = value * 16 + (p[i] & 15) + (uint32_t) (p[i] >> 6) * 9;
    }

    return value;
}


static void
json_cursor_set(json_cursor_t *cursor, const uint8_t *p, size_t len,
    uint8_t escaped)
{
    cursor->p = p;
    cursor->end = p + len;
    cursor->have = 0;
    cursor->next = 0;
    cursor->escaped = escaped;
}


static void
json_cursor_key(json_cursor_t *cursor, const uint8_t *data,
    const pupil_json_node_t *node)
{
    json_cursor_set(cursor, data + node->key, node->key_len,
                    node->key_escaped);
}


/* A code point as UTF-8. */
static size_t
json_utf8_put(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t) c;
        return 1;
    }

    if (c < 0x800) {
        out[0] = (uint8_t) (0xc0 | c >> 6);
        out[1] = (uint8_t) (0x80 | (c & 0x3f));
        return 2;
    }

    if (c < 0x10000) {
        out[0] = (uint8_t) (0xe0 | c >> 12);
        out[1] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t) (0x80 | (c & 0x3f));
        return 3;
    }

    out[0] = (uint8_t) (0xf0 | c >> 18);
    out[1] = (uint8_t) (0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t) (0x80 | (c & 0x3f));

    return 4;
}


/* The escape at p, which the scanner has accepted. */
static void
json_cursor_escape(json_cursor_t *cursor)
{
    uint32_t        c;
    const char     *which;
    const uint8_t  *p;

    p = cursor->p + 1;

    if (*p != 'u') {
        which = strchr(json_escapes, *p);
        cursor->bytes[0] = (uint8_t) json_escaped[which - json_escapes];
        cursor->have = 1;
        cursor->p += 2;
        return;
    }

    c = json_hex4(p + 1);
    cursor->p += 6;

    if (c >= 0xd800 && c <= 0xdbff) {
        c = (c & 0x3ff) << 10;
        c |= json_hex4(cursor->p + 2) & 0x3ff;
        c += 0x10000;
        cursor->p += 6;
    }

    cursor->have = json_utf8_put(c, cursor->bytes);
}


/* The next byte, or -1 at the end. */
static int
json_cursor_next(json_cursor_t *cursor)
{
    if (cursor->next < cursor->have) {
        return cursor->bytes[cursor->next++];
    }

    if (cursor->p == cursor->end) {
        return -1;
    }

    if (!cursor->escaped || *cursor->p != '\\') {
        return *cursor->p++;
    }

    json_cursor_escape(cursor);
    cursor->next = 1;

    return cursor->bytes[0];
}


/* Some order of texts; 0 when they are the same after unescaping. */
static int
json_cursor_compare(json_cursor_t *a, json_cursor_t *b)
{
    int     ca, cb, order;
    size_t  la, lb;

    if (!a->escaped && !b->escaped) {
        la = (size_t) (a->end - a->p);
        lb = (size_t) (b->end - b->p);
        order = memcmp(a->p, b->p, la < lb ? la : lb);

        return order != 0 ? order : (la > lb) - (la < lb);
    }

    do {
        ca = json_cursor_next(a);
        cb = json_cursor_next(b);
    } while (ca == cb && ca != -1);

    return ca - cb;
}


int
pupil_json_key_compare(const uint8_t *data, const pupil_json_node_t *a,
    const pupil_json_node_t *b)
{
    json_cursor_t  ca, cb;

    json_cursor_key(&ca, data, a);
    json_cursor_key(&cb, data, b);

    return json_cursor_compare(&ca, &cb);
}


/* Has the node a name?  Elements have their number in its place. */
static int
json_is_member(const pupil_json_t *json, uint32_t node)
{
    uint32_t  parent;

    if (node >= json->count) {
        return 0;
    }

    parent = json->nodes[node].parent;

    return parent != PUPIL_JSON_NONE
           && json->nodes[parent].type == PUPIL_JSON_OBJECT;
}


int
pupil_json_key_is(const pupil_json_t *json, uint32_t node, const char *name)
{
    json_cursor_t  key, wanted;

    if (!json_is_member(json, node)) {
        return 0;
    }

    json_cursor_key(&key, json->data, &json->nodes[node]);
    json_cursor_set(&wanted, (const uint8_t *) name, strlen(name), 0);

    return json_cursor_compare(&key, &wanted) == 0;
}


uint32_t
pupil_json_first(const pupil_json_t *json, uint32_t container)
{
    if (container >= json->count || json->nodes[container].children == 0) {
        return PUPIL_JSON_NONE;
    }

    return container + 1;
}


uint32_t
pupil_json_next(const pupil_json_t *json, uint32_t node)
{
    return node < json->count ? json->nodes[node].next : PUPIL_JSON_NONE;
}


uint32_t
pupil_json_member(const pupil_json_t *json, uint32_t object,
    const char *name)
{
    uint32_t  node;

    node = pupil_json_first(json, object);

    while (node != PUPIL_JSON_NONE && !pupil_json_key_is(json, node, name)) {
        node = pupil_json_next(json, node);
    }

    return node;
}


pupil_json_type_t
pupil_json_type(const pupil_json_t *json, uint32_t node)
{
    return (pupil_json_type_t) json->nodes[node].type;
}


/* The len raw bytes at p, which stood between quotes. */
static pupil_rc_t
json_unescape(const pupil_alloc_t *alloc, const uint8_t *p, size_t len,
    uint8_t escaped, pupil_str_t *out)
{
    int             c;
    uint8_t        *copy, *last;
    json_cursor_t   cursor;

    out->data = p;
    out->len = len;

    if (!escaped) {
        return PUPIL_OK;
    }

    /* no escape is shorter than what it stands for */
    copy = alloc->alloc(alloc->ctx, len);
    if (copy == NULL) {
        return PUPIL_NO_MEMORY;
    }

    json_cursor_set(&cursor, p, len, escaped);

    for (last = copy; (c = json_cursor_next(&cursor)) != -1; last++) {
        *last = (uint8_t) c;
    }

    out->data = copy;
    out->len = (size_t) (last - copy);

    return PUPIL_OK;
}


pupil_rc_t
pupil_json_key(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *out)
{
    const pupil_json_node_t  *n;

    if (!json_is_member(json, node)) {
        return PUPIL_INVALID;
    }

    n = &json->nodes[node];

    return json_unescape(alloc, json->data + n->key, n->key_len,
                         n->key_escaped, out);
}


pupil_rc_t
pupil_json_string(const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc, pupil_str_t *out)
{
    const pupil_json_node_t  *n;

    if (node >= json->count) {
        return PUPIL_INVALID;
    }

    n = &json->nodes[node];
    if (n->type != PUPIL_JSON_STRING) {
        return PUPIL_INVALID;
    }

    return json_unescape(alloc, json->data + n->start + 1,
                         n->end - n->start - 2, n->escaped, out);
}


int
pupil_json_is(const pupil_json_t *json, uint32_t node, pupil_str_t text)
{
    int                       differs;
    size_t                    i;
    json_cursor_t             cursor;
    const pupil_json_node_t  *n;

    if (node >= json->count || json->nodes[node].type != PUPIL_JSON_STRING) {
        return 0;
    }

    n = &json->nodes[node];
    json_cursor_set(&cursor, json->data + n->start + 1, n->end - n->start - 2,
                    n->escaped);

    for (differs = 0, i = 0; i < text.len; i++) {
        differs |= json_cursor_next(&cursor) ^ text.data[i];
    }

    return differs == 0 && json_cursor_next(&cursor) == -1;
}


int
pupil_json_text_is(const pupil_json_t *json, uint32_t node, const char *text)
{
    pupil_str_t  wanted;

    wanted.data = (const uint8_t *) text;
    wanted.len = strlen(text);

    return pupil_json_is(json, node, wanted);
}


pupil_str_t
pupil_json_raw(const pupil_json_t *json, uint32_t node)
{
    pupil_str_t               raw;
    const pupil_json_node_t  *n;

    n = &json->nodes[node];
    raw.data = json->data + n->start;
    raw.len = n->end - n->start;

    return raw;
}


/* What a byte of a name is shown as; "" for the rest of a character. */
static void
json_name_show(uint8_t c, char out[3])
{
    memset(out, 0, 3);

    if (c == '~' || c == '/') {
        out[0] = '~';
        out[1] = c == '~' ? '0' : '1';

    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
               || pupil_is_digit(c)
               || (c != '\0' && strchr(json_name_chars, c) != NULL))
    {
        out[0] = (char) c;

    } else if ((c & 0xc0) != 0x80) {
        out[0] = '?';
    }
}


static size_t
json_name_put(json_cursor_t *cursor, char *out, size_t size)
{
    int     c;
    char    shown[3];
    size_t  len, n, max;

    max = size - 1 < PUPIL_JSON_NAME_MAX ? size - 1 : PUPIL_JSON_NAME_MAX;

    for (len = 0; (c = json_cursor_next(cursor)) != -1; len += n) {
        json_name_show((uint8_t) c, shown);
        n = strlen(shown);

        if (len + n > max) {
            break;
        }

        memcpy(out + len, shown, n);
    }

    out[len] = '\0';

    return len;
}


size_t
pupil_json_name(const uint8_t *s, size_t len, char *out, size_t size)
{
    json_cursor_t  cursor;

    json_cursor_set(&cursor, s, len, 0);

    return json_name_put(&cursor, out, size);
}


/* An element's number in decimal. */
static size_t
json_number_put(uint32_t number, char *out, size_t size)
{
    size_t    i;
    uint8_t   digits[10];

    i = sizeof(digits);

    do {
        digits[--i] = (uint8_t) ('0' + number % 10);
        number /= 10;
    } while (number != 0);

    return pupil_json_name(digits + i, sizeof(digits) - i, out, size);
}


void
pupil_json_pointer(const pupil_json_t *json, uint32_t node, char *out,
    size_t size)
{
    size_t         len;
    uint32_t       steps, chain[PUPIL_JSON_DEPTH_MAX + 1];
    json_cursor_t  cursor;

    if (size == 0) {
        return;
    }

    steps = 0;

    while (node < json->count && json->nodes[node].parent != PUPIL_JSON_NONE
           && steps <= PUPIL_JSON_DEPTH_MAX)
    {
        chain[steps++] = node;
        node = json->nodes[node].parent;
    }

    for (len = 0; steps != 0 && size - len > 2; /* void */) {
        node = chain[--steps];
        out[len++] = '/';

        if (json_is_member(json, node)) {
            json_cursor_key(&cursor, json->data, &json->nodes[node]);
            len += json_name_put(&cursor, out + len, size - len);

        } else {
            len += json_number_put(json->nodes[node].key, out + len,
                                   size - len);
        }
    }

    out[len] = '\0';
}


/* Values that the text can have: one, and one more behind each of these. */
static uint64_t
json_bound(const uint8_t *data, size_t len)
{
    size_t    i;
    uint64_t  bound;

    for (i = 0, bound = 1; i < len; i++) {
        bound += data[i] == ',' || data[i] == '[' || data[i] == '{';
    }

    return bound;
}


pupil_rc_t
pupil_json_parse(const pupil_alloc_t *alloc, const uint8_t *data, size_t len,
    const pupil_json_limits_t *limits, pupil_json_t *json,
    pupil_fault_t *fault)
{
    uint64_t            bound;
    pupil_json_node_t  *nodes;

    bound = json_bound(data, len);
    if (bound > limits->max_nodes) {
        bound = limits->max_nodes;
    }

    nodes = alloc->alloc(alloc->ctx,
                         (size_t) bound * sizeof(pupil_json_node_t));
    if (nodes == NULL) {
        return PUPIL_NO_MEMORY;
    }

    json->data = data;
    json->nodes = nodes;

    return pupil_json_scan(data, len, limits, nodes, (uint32_t) bound,
                           &json->count, fault);
}
