/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/login/token.h"
#include "ctl/base/buf.h"
#include "ctl/roster/print.h"
#include "ctl/store/keys.h"


/* With its length, so that no two lists of texts have the same bytes. */
static void
print_add(ctl_buf_t *buf, const void *data, size_t len)
{
    uint8_t  size[4];

    size[0] = (uint8_t) (len >> 24);
    size[1] = (uint8_t) (len >> 16);
    size[2] = (uint8_t) (len >> 8);
    size[3] = (uint8_t) len;

    ctl_buf_add(buf, size, 4);
    ctl_buf_add(buf, data, len);
}


/* What a class has not adds nothing: as before it could have any of it. */
static void
titles_add(ctl_buf_t *buf, const roster_t *roster, roster_kind_t kind,
    const roster_item_t *item)
{
    unsigned              v, count;
    const roster_item_t  *parent;

    count = roster_titles(kind);
    print_add(buf, item->values[ROSTER_TITLE].data,
              item->values[ROSTER_TITLE].len);

    parent = roster_parent(roster, item);
    if (parent != NULL) {
        print_add(buf, parent->owner.id.b, PUPIL_UUID_LEN);
    }

    while (count > 1 && item->values[count - 1].len == 0) {
        count--;
    }

    for (v = 1; v < count; v++) {
        print_add(buf, item->values[v].data, item->values[v].len);
    }
}


int
roster_print(roster_t *roster, roster_kind_t kind, const roster_item_t *item,
    roster_record_t record, uint8_t out[ROSTER_PRINT_LEN])
{
    unsigned                    i;
    ctl_buf_t                   buf;
    const char                 *category;
    pupil_str_t                 s;
    const pupil_key_t          *key;
    const roster_record_def_t  *def;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    category = roster_category(kind, record);

    memset(&buf, 0, sizeof(ctl_buf_t));
    print_add(&buf, "import", 6);
    print_add(&buf, item->owner.id.b, PUPIL_UUID_LEN);
    print_add(&buf, category, strlen(category));

    if (kind == ROSTER_USER) {
        def = &roster_records[record];
        for (i = 0; i < def->count; i++) {
            s = item->values[def->values[i]];
            print_add(&buf, s.data, s.len);
        }

    } else {
        titles_add(&buf, roster, kind, item);
    }

    s.data = (const uint8_t *) buf.data;
    s.len = buf.len;
    pupil_fingerprint_make(key, s, out);
    ctl_buf_free(&buf);

    return 0;
}


int
roster_record_there(roster_kind_t kind, const roster_item_t *item,
    roster_record_t record)
{
    unsigned                    i;
    const roster_record_def_t  *def;

    if (kind != ROSTER_USER) {
        return 1;
    }

    def = &roster_records[record];

    for (i = 0; i < def->count; i++) {
        if (item->values[def->values[i]].len != 0) {
            return 1;
        }
    }

    return 0;
}
