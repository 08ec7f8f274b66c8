/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>
#include <strings.h>

#include "ctl/roster/manifest.h"


static const char *const  manifest_words[] = {
    [ROSTER_SAID_BULK] = "bulk",
    [ROSTER_SAID_DELTA] = "delta",
    [ROSTER_SAID_ABSENT] = "absent"
};


static int
manifest_word(roster_manifest_t *manifest, unsigned k, pupil_str_t word)
{
    roster_said_t  said;

    for (said = ROSTER_SAID_BULK; said <= ROSTER_SAID_ABSENT; said++) {
        if (roster_is_one_of(word, manifest_words[said])) {
            manifest->said[k] = said;
            return 0;
        }
    }

    return ctl_error("%s: what it says of %s is none of bulk, delta and absent",
                     manifest->format->manifest,
                     manifest->format->files[k].name);
}


/* A line of a manifest: file.users,bulk. */
static int
manifest_row(void *ctx, const csv_row_t *row)
{
    unsigned              k;
    roster_manifest_t    *manifest = ctx;
    pupil_str_t           name;
    const roster_file_t  *file;

    if (row->count < 2 || row->cells[0].len < sizeof("file.")
        || strncasecmp((const char *) row->cells[0].data, "file.", 5) != 0)
    {
        return 0;
    }

    name.data = row->cells[0].data + 5;
    name.len = row->cells[0].len - 5;

    for (k = 0; manifest->format->files[k].name != NULL; k++) {
        file = &manifest->format->files[k];

        if (name.len + 4 == strlen(file->name)
            && strncasecmp((const char *) name.data, file->name, name.len)
               == 0)
        {
            return manifest_word(manifest, k, row->cells[1]);
        }
    }

    return 0;
}


int
roster_manifest_read(const roster_format_t *format, csv_source_t *source,
    unsigned i, roster_manifest_t *manifest)
{
    memset(manifest, 0, sizeof(roster_manifest_t));
    manifest->format = format;

    return i == csv_source_count(source)
           ? 0 : csv_source_read(source, i, manifest_row, manifest);
}
