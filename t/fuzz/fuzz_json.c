/*
 * Copyright (C) the Pupil authors
 *
 * The JSON scanner: what it accepts must be a consistent tree, each value of
 * which is accepted on its own, and must survive being written and scanned
 * again with its escapes resolved.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json/json_tree.h"
#include "core/json/writer.h"


#define NODES  4096

#define check(what)                                                          \
    if (!(what)) {                                                           \
        fprintf(stderr, "line %d: %s\n", __LINE__, #what);                   \
        abort();                                                             \
    }


typedef struct {
    size_t  used;
    union {
        max_align_t  align;
        uint8_t      bytes[1 << 20];
    } room;
} heap_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const pupil_json_limits_t  limits = {
    PUPIL_JSON_REQUEST_DEPTH, NODES
};


static void *
heap_alloc(void *ctx, size_t size)
{
    void    *p;
    heap_t  *heap = ctx;

    size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    if (size > sizeof(heap->room.bytes) - heap->used) {
        return NULL;
    }

    p = heap->room.bytes + heap->used;
    heap->used += size;

    return p;
}


static void
check_fault(const pupil_fault_t *fault)
{
    size_t  i;

    check(fault->status == 400);
    check(fault->rule != NULL && fault->rule[0] != '\0');

    for (i = 0; fault->field[i] != '\0'; i++) {
        check(fault->field[i] > 0x20 && fault->field[i] < 0x7f);
        check(strchr("\"\\<>&", fault->field[i]) == NULL);
    }

    check(i < sizeof(fault->field));
}


/* Each node where its parent says it is. */
static void
check_tree(const pupil_json_t *json)
{
    uint32_t  i, n, children, parent;

    for (i = 0; i < json->count; i++) {
        parent = json->nodes[i].parent;
        check(json->nodes[i].start < json->nodes[i].end);
        check((i == 0) == (parent == PUPIL_JSON_NONE));

        if (i != 0) {
            check(parent < i);
            check(json->nodes[i].start > json->nodes[parent].start);
            check(json->nodes[i].end < json->nodes[parent].end);
            check(json->nodes[i].depth == json->nodes[parent].depth + 1);
        }

        children = 0;

        for (n = pupil_json_first(json, i); n != PUPIL_JSON_NONE;
             n = pupil_json_next(json, n))
        {
            check(json->nodes[n].parent == i);
            children++;
        }

        check(children == json->nodes[i].children);
    }
}


static void
write_value(pupil_writer_t *writer, const pupil_json_t *json, uint32_t node,
    const pupil_alloc_t *alloc)
{
    pupil_str_t  raw, text;

    raw = pupil_json_raw(json, node);

    if (pupil_json_type(json, node) != PUPIL_JSON_STRING) {
        pupil_writer_raw(writer, raw.data, raw.len);

    } else if (pupil_json_string(json, node, alloc, &text) == PUPIL_OK) {
        pupil_writer_str(writer, &text);
    }
}


/* All leaves and names of the tree as one flat array, and back. */
static void
check_round_trip(const pupil_json_t *json, heap_t *heap)
{
    uint32_t                    i, n;
    pupil_str_t                 out, a, b;
    pupil_json_t                again;
    pupil_fault_t               fault;
    pupil_writer_t              writer;
    static const pupil_json_limits_t  more = { 64, 2 * NODES };
    pupil_alloc_t               alloc = { heap_alloc, heap };

    pupil_writer_init(&writer, &alloc, 256);
    pupil_writer_array_begin(&writer);

    for (i = 0; i < json->count; i++) {
        write_value(&writer, json, i, &alloc);
    }

    pupil_writer_array_end(&writer);

    if (pupil_writer_flatten(&writer, &alloc, &out) != PUPIL_OK) {
        return;         /* too much for the heap */
    }

    if (pupil_json_parse(&alloc, out.data, out.len, &more, &again, &fault)
        != PUPIL_OK)
    {
        check(strcmp(fault.rule, "too-many-nodes") == 0);
        return;
    }

    n = pupil_json_first(&again, 0);

    for (i = 0; i < json->count; i++, n = pupil_json_next(&again, n)) {
        check(n != PUPIL_JSON_NONE);
        check(pupil_json_type(json, i) == pupil_json_type(&again, n));

        if (pupil_json_string(json, i, &alloc, &a) == PUPIL_OK
            && pupil_json_string(&again, n, &alloc, &b) == PUPIL_OK)
        {
            check(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
        }
    }

    check(n == PUPIL_JSON_NONE);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                      pointer[128];
    heap_t                   *heap;
    uint32_t                  i, n;
    pupil_str_t               raw;
    pupil_json_t              json;
    pupil_fault_t             fault;
    pupil_json_node_t         inner[NODES];
    static pupil_json_node_t  nodes[NODES];

    if (pupil_json_scan(data, size, &limits, nodes, NODES, &json.count,
                        &fault) != PUPIL_OK)
    {
        check(json.count == 0);
        check_fault(&fault);
        return 0;
    }

    json.data = data;
    json.nodes = nodes;
    check(json.count > 0 && json.count <= NODES);
    check_tree(&json);

    for (i = 0; i < json.count && i < 64; i++) {
        raw = pupil_json_raw(&json, i);
        check(pupil_json_scan(raw.data, raw.len, &limits, inner, NODES, &n,
                              NULL) == PUPIL_OK);
        pupil_json_pointer(&json, i, pointer, i % sizeof(pointer) + 1);
        check(strlen(pointer) <= i % sizeof(pointer));
    }

    heap = malloc(sizeof(heap_t));
    if (heap != NULL) {
        heap->used = 0;
        check_round_trip(&json, heap);
        free(heap);
    }

    return 0;
}
