/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/roster/sorted.h"


static int
rows_compare(const void *a, const void *b)
{
    const roster_stored_t *const  *one = a, *const  *other = b;

    return pupil_uuid_compare(&(*one)->subject, &(*other)->subject);
}


void
roster_sorted_make(roster_t *roster, const roster_table_t *tables,
    roster_sorted_t *sorted)
{
    size_t    i, n;
    unsigned  kind;

    sorted->count = tables[ROSTER_ROLE].count
                    + tables[ROSTER_ENROLMENT].count;
    sorted->rows = ctl_pool_alloc(&roster->pool, (sorted->count + 1)
                                                 * sizeof(roster_stored_t *));
    n = 0;

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        for (i = 0; i < tables[kind].count; i++) {
            sorted->rows[n++] = &tables[kind].rows[i];
        }
    }

    qsort(sorted->rows, n, sizeof(roster_stored_t *), rows_compare);
}


roster_stored_t **
roster_sorted_find(const roster_sorted_t *sorted, const pupil_uuid_t *subject,
    size_t *count)
{
    size_t  low, high, middle;

    low = 0;
    high = sorted->count;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (pupil_uuid_compare(&sorted->rows[middle]->subject, subject) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }

    for (high = low; high < sorted->count
         && pupil_uuid_compare(&sorted->rows[high]->subject, subject) == 0;
         high++)
    {
        /* void */
    }

    *count = high - low;

    return *count == 0 ? NULL : &sorted->rows[low];
}


int
roster_sorted_live(const roster_t *roster, const roster_stored_t *row)
{
    return row->authentic && row->to >= roster->today;
}


int64_t
roster_sorted_number(const roster_stored_t *row)
{
    uint8_t                   digest[crypto_generichash_BYTES_MIN];
    int64_t                   number;
    int32_t                   days[2];
    crypto_generichash_state  hash;

    days[0] = row->from;
    days[1] = row->to;

    crypto_generichash_init(&hash, NULL, 0, sizeof(digest));
    crypto_generichash_update(&hash, row->where.b, PUPIL_UUID_LEN);
    crypto_generichash_update(&hash, row->institution.b, PUPIL_UUID_LEN);
    crypto_generichash_update(&hash, (const uint8_t *) &row->role,
                              sizeof(row->role));
    crypto_generichash_update(&hash, (const uint8_t *) days, sizeof(days));
    crypto_generichash_update(&hash, (const uint8_t *) row->source,
                              strlen(row->source));
    crypto_generichash_final(&hash, digest, sizeof(digest));
    memcpy(&number, digest, sizeof(number));

    return number;
}
