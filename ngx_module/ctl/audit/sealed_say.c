/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>

#include "ctl/audit/sealed.h"


/* What is said of a finding beside its kind. */
#define SAYS_BATCH   0x01
#define SAYS_EVENT   0x02
#define SAYS_WRITER  0x04
#define SAYS_TILE    0x08
#define SAYS_SIZE    0x10
#define SAYS_BYTE    0x20
#define SAYS_WHAT    0x40

static const struct {
    const char  *name;
    unsigned     says;
    const char  *text;
} kinds[SEALED_COUNT] = {
    [SEALED_ALTERED] = {
        "altered", SAYS_BATCH | SAYS_EVENT | SAYS_WRITER,
        "is not what was sealed" },
    [SEALED_REMOVED] = {
        "removed", SAYS_BATCH | SAYS_EVENT | SAYS_WRITER,
        "was sealed, and is not there" },
    [SEALED_SUPPRESSED] = {
        "suppressed", SAYS_BATCH | SAYS_EVENT | SAYS_WRITER,
        "was not there when it was to be sealed, and nobody declared it" },
    [SEALED_LATE] = {
        "late", SAYS_BATCH | SAYS_EVENT | SAYS_WRITER,
        "came after it was sealed as missing" },
    [SEALED_BATCH] = {
        "batch", SAYS_BATCH, "is not there, or not as it was sealed" },
    [SEALED_RANGE] = {
        "range", SAYS_BATCH | SAYS_WRITER,
        "do not follow what was sealed of the writer before" },
    [SEALED_WRITER] = {
        "writer", SAYS_WRITER,
        "are what batches and pupil.seal_writer say is sealed" },
    [SEALED_TILE] = {
        "tile", SAYS_BATCH | SAYS_TILE, "is not that of the tree" },
    [SEALED_ROOT] = {
        "root", SAYS_BATCH, "does not lead to its checkpoint" },
    [SEALED_CHECKPOINT] = {
        "checkpoint", SAYS_BATCH,
        "has none that the key of the log signed, and it alone" },
    [SEALED_ANCHOR] = {
        "anchor", SAYS_BYTE | SAYS_SIZE, "is no checkpoint of this log" },
    [SEALED_UNANCHORED] = {
        "unanchored", SAYS_BATCH, "is not in the file of checkpoints" },
    [SEALED_TRUNCATED] = {
        "truncated", SAYS_BATCH | SAYS_SIZE | SAYS_BYTE,
        "is the last, and the file of checkpoints has more" },
    [SEALED_KEY] = {
        "key", 0, "the log's key is not the one of --vkey" },
    [SEALED_UNLISTED] = {
        "unlisted", SAYS_BATCH | SAYS_EVENT,
        "is not found by each whom it is about" },
    [SEALED_LISTED] = {
        "listed", SAYS_BATCH | SAYS_EVENT,
        "is found by whom it is not about" },
    [SEALED_RETAINED] = {
        "retained", SAYS_BATCH,
        "is said to be gone, which the key of the log has not signed" },
    [SEALED_HOLE] = {
        "hole", SAYS_BATCH,
        "lacks numbers, and the key store does not say so, or says that"
        " somebody acknowledged it who is not on record" },
    [SEALED_OBJECT] = {
        "object", SAYS_WHAT, "" }
};


static void number_set(json_t *json, const char *name, uint64_t value);


json_t *
sealed_json(const sealed_finding_t *finding)
{
    char      writer[17];
    json_t   *json;
    unsigned  says;

    says = kinds[finding->kind].says;
    json = json_pack("{s:s}", "kind", kinds[finding->kind].name);

    if (says & SAYS_BATCH) {
        number_set(json, "batch", finding->batch);
    }

    if (says & SAYS_EVENT) {
        number_set(json, "event", finding->event);
    }

    if (says & SAYS_WRITER) {
        snprintf(writer, sizeof(writer), "%016" PRIx64, finding->writer);
        json_object_set_new(json, "writer", json_string(writer));
        number_set(json, "first", finding->first);
        number_set(json, "last", finding->last);
    }

    if (says & SAYS_TILE) {
        number_set(json, "level", finding->level);
        number_set(json, "tile", finding->index);
    }

    if (says & SAYS_SIZE) {
        number_set(json, "size", finding->size);
    }

    if (says & SAYS_BYTE) {
        number_set(json, "byte", finding->byte);
    }

    if (says & SAYS_WHAT) {
        json_object_set_new(json, "what", json_string(finding->what));
    }

    return json;
}


static void
number_set(json_t *json, const char *name, uint64_t value)
{
    json_object_set_new(json, name, json_integer((json_int_t) value));
}


void
sealed_print(const sealed_finding_t *finding)
{
    unsigned  says;

    says = kinds[finding->kind].says;
    printf("%s:", kinds[finding->kind].name);

    if (says & SAYS_BATCH) {
        printf(" batch %" PRIu64, finding->batch);
    }

    if (says & SAYS_EVENT) {
        printf(" event %" PRIu64, finding->event);
    }

    if (says & SAYS_WRITER) {
        printf(" writer %016" PRIx64 " number %" PRIu64, finding->writer,
               finding->first);

        if (finding->last != finding->first) {
            printf("-%" PRIu64, finding->last);
        }
    }

    if (says & SAYS_TILE) {
        printf(" tile %" PRIu64 "/%" PRIu64, finding->level, finding->index);
    }

    if (says & SAYS_SIZE) {
        printf(" size %" PRIu64, finding->size);
    }

    if (says & SAYS_BYTE) {
        printf(" byte %" PRIu64, finding->byte);
    }

    if (says & SAYS_WHAT) {
        putchar(' ');
        ctl_print_line(stdout, finding->what);
        return;
    }

    printf(" %s\n", kinds[finding->kind].text);
}
