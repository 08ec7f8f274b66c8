/*
 * Copyright (C) the Pupil authors
 *
 * A page of a source is a transaction with its record, which is committed
 * before the page is written (invariant I1), and a file of the archive.  Of
 * nobody who was erased there is a key, and so nothing to hand back.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/plugin/value.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/offboard/archive.h"
#include "ctl/offboard/export.h"
#include "ctl/offboard/handed.h"
#include "ctl/offboard/sources.h"
#include "ctl/store/keys.h"
#include "ctl/store/owners.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/turn.h"


#define PAGE    500
#define NOBODY  "00000000-0000-0000-0000-000000000000"

typedef struct {
    ctl_archive_t  archive;
    json_t        *files;       /* for the manifest */
    json_int_t     records;
} export_t;

/* Of a source, behind what was read before. */
typedef struct {
    const ctl_source_t  *source;
    unsigned             number;
    int                  found;         /* rows, of which some may be erased */
    json_int_t           written;
    char                 owner[PUPIL_UUID_TEXT_LEN + 1];
    char                 record[PUPIL_UUID_TEXT_LEN + 1];
    ctl_pool_t           pool;          /* of this page */
    pupil_alloc_t        alloc;
} page_t;

/* As the page is read; members follow. */
enum {
    COLUMN_OWNER = 0,
    COLUMN_RECORD,
    COLUMN_MEMBERS
};


static int export_ready(ctl_t *ctl, const ctl_source_t **list, size_t *count);
static int export_run(ctl_t *ctl, export_t *export, const ctl_source_t *list,
    size_t count);
static int source_export(ctl_t *ctl, export_t *export,
    const ctl_source_t *source);
static int page_export(ctl_t *ctl, export_t *export, page_t *page);
static PGresult *page_read(ctl_t *ctl, const page_t *page);
static int page_write(ctl_t *ctl, page_t *page, const PGresult *res,
    pupil_str_t *text);
static void owners_none(page_t *page, ctl_owner_t **owners);
static int owners_read(ctl_t *ctl, page_t *page, const PGresult *res,
    ctl_owner_t **owners);
static int record_write(ctl_t *ctl, page_t *page, const PGresult *res,
    int row, const ctl_owner_t *owner, pupil_writer_t *writer);
static int member_open(ctl_t *ctl, page_t *page, const ctl_place_t *place,
    const char *hex, pupil_str_t *value);
static int page_record(ctl_t *ctl, const page_t *page, const PGresult *res);
static int file_add(export_t *export, const char *name, pupil_str_t text,
    json_int_t records);
static int manifest_add(ctl_t *ctl, export_t *export);


int
ctl_cmd_tenant_export(ctl_t *ctl)
{
    int                  rc;
    size_t               count;
    export_t             export;
    const ctl_source_t  *list;

    if (ctl->opt.to == NULL || ctl->opt.recipients == NULL) {
        ctl_error("--to is the archive, and --recipients a file of public"
                  " keys of age");
        return CTL_USAGE;
    }

    if (export_ready(ctl, &list, &count) != 0
        || ctl_archive_open(&export.archive, ctl->opt.to, ctl->opt.recipients)
           != 0)
    {
        return CTL_FAILED;
    }

    export.files = json_array();
    export.records = 0;

    rc = export_run(ctl, &export, list, count);
    rc = ctl_archive_close(&export.archive, rc == 0);

    if (rc == 0) {
        rc = ctl_handed_note(ctl, json_array_size(export.files),
                             (uint64_t) export.records);
    }

    if (rc == 0 && ctl->opt.json) {
        ctl_json_print(json_pack("{s:s,s:s,s:I,s:O}", "tenant",
                                 ctl->tenant_text, "archive", ctl->opt.to,
                                 "records", export.records, "files",
                                 export.files));
    } else if (rc == 0) {
        printf("%s: %" JSON_INTEGER_FORMAT " records in %zu files\n",
               ctl->opt.to, export.records, json_array_size(export.files));
    }

    json_decref(export.files);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* No import and no erasure meanwhile: what is handed back is of one day. */
static int
export_ready(ctl_t *ctl, const ctl_source_t **list, size_t *count)
{
    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || ctl_turn_share(ctl) != 0)
    {
        return -1;
    }

    return ctl_sources_read(ctl, list, count);
}


static int
export_run(ctl_t *ctl, export_t *export, const ctl_source_t *list,
    size_t count)
{
    size_t  i;

    for (i = 0; i < count; i++) {
        if (source_export(ctl, export, &list[i]) != 0) {
            return -1;
        }
    }

    return manifest_add(ctl, export);
}


static int
source_export(ctl_t *ctl, export_t *export, const ctl_source_t *source)
{
    int     rc;
    page_t  page;

    memset(&page, 0, sizeof(page_t));
    page.source = source;
    page.alloc.alloc = ctl_pool_alloc;
    page.alloc.ctx = &page.pool;
    memcpy(page.owner, NOBODY, sizeof(page.owner));
    memcpy(page.record, NOBODY, sizeof(page.record));

    do {
        page.number++;
        rc = page_export(ctl, export, &page);
        ctl_pool_free(&page.pool);
    } while (rc == 0 && page.found == PAGE);

    return rc;
}


static int
page_export(ctl_t *ctl, export_t *export, page_t *page)
{
    int           rc;
    char          name[100];
    PGresult     *res;
    pupil_str_t   text;

    res = ctl_begin(ctl->data, &ctl->tenant) == 0 ? page_read(ctl, page)
                                                  : NULL;
    if (res == NULL) {
        return -1;
    }

    page->found = PQntuples(res);
    page->written = 0;

    rc = page->found == 0 ? 0
         : page_write(ctl, page, res, &text) == 0
           && page_record(ctl, page, res) == 0 ? ctl_commit(ctl->data) : -1;

    if (rc != 0 || page->found == 0) {
        ctl_rollback(ctl->data);
        PQclear(res);
        return rc;
    }

    snprintf(page->owner, sizeof(page->owner), "%s",
             PQgetvalue(res, page->found - 1, COLUMN_OWNER));
    snprintf(page->record, sizeof(page->record), "%s",
             PQgetvalue(res, page->found - 1, COLUMN_RECORD));
    PQclear(res);

    snprintf(name, sizeof(name), "%s/%06u.json", page->source->name,
             page->number);

    return file_add(export, name, text, page->written);
}


static PGresult *
page_read(ctl_t *ctl, const page_t *page)
{
    uint32_t             i;
    PGresult            *res;
    ctl_buf_t            sql;
    const char          *params[3];
    const ctl_source_t  *source;

    source = page->source;
    params[0] = ctl->tenant_text;
    params[1] = page->owner;
    params[2] = page->record;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "SELECT %s, %s", source->owner, source->record);

    for (i = 0; i < source->count; i++) {
        ctl_buf_printf(&sql, ", %s", source->members[i].sql);
    }

    ctl_buf_printf(&sql, " FROM %s AND (%s, %s) > ($2::uuid, $3::uuid)"
                   " ORDER BY %s, %s LIMIT %d", source->rows, source->owner,
                   source->record, source->owner, source->record, PAGE);

    res = ctl_query(ctl->data, sql.data, 3, params);
    ctl_buf_free(&sql);

    return res;
}


static int
page_write(ctl_t *ctl, page_t *page, const PGresult *res, pupil_str_t *text)
{
    int              rc, row;
    ctl_owner_t    **owners;
    pupil_writer_t   writer;

    owners = ctl_pool_alloc(&page->pool, (size_t) page->found
                                         * sizeof(ctl_owner_t *));
    if (page->source->nobodys) {
        owners_none(page, owners);

    } else if (owners_read(ctl, page, res, owners) != 0) {
        return -1;
    }

    pupil_writer_init(&writer, &page->alloc, 0);
    pupil_writer_object_begin(&writer);
    pupil_writer_key(&writer, page->source->name);
    pupil_writer_array_begin(&writer);

    for (row = 0, rc = 0; rc == 0 && row < page->found; row++) {
        if (owners[row]->state == PUPIL_OWNER_STATE_ACTIVE
            || owners[row]->state == PUPIL_OWNER_STATE_RESTRICTED)
        {
            rc = record_write(ctl, page, res, row, owners[row], &writer);
            page->written++;
        }
    }

    pupil_writer_array_end(&writer);
    pupil_writer_object_end(&writer);

    if (rc != 0) {
        return -1;
    }

    return pupil_writer_flatten(&writer, &page->alloc, text) == PUPIL_OK ? 0
           : ctl_error("a record of %s cannot be written", page->source->name);
}


/* What has no key is not gone with one, either. */
static void
owners_none(page_t *page, ctl_owner_t **owners)
{
    int           row;
    ctl_owner_t  *nobody;

    nobody = ctl_pool_alloc(&page->pool, sizeof(ctl_owner_t));
    memset(nobody, 0, sizeof(ctl_owner_t));
    nobody->state = PUPIL_OWNER_STATE_ACTIVE;

    for (row = 0; row < page->found; row++) {
        owners[row] = nobody;
    }
}


/* Of each row, its owner; rows are in the order of owners. */
static int
owners_read(ctl_t *ctl, page_t *page, const PGresult *res,
    ctl_owner_t **owners)
{
    int            row;
    size_t         count;
    ctl_owner_t   *owner, **each;
    pupil_uuid_t   id;

    each = ctl_pool_alloc(&page->pool, (size_t) page->found
                                       * sizeof(ctl_owner_t *));
    owner = NULL;

    for (row = 0, count = 0; row < page->found; row++) {
        if (ctl_get_uuid(res, row, COLUMN_OWNER, &id) != 0) {
            return ctl_error("a record of %s has no owner",
                             page->source->name);
        }

        if (owner == NULL || pupil_uuid_compare(&owner->id, &id) != 0) {
            owner = ctl_pool_alloc(&page->pool, sizeof(ctl_owner_t));
            memset(owner, 0, sizeof(ctl_owner_t));
            owner->id = id;
            each[count++] = owner;
        }

        owners[row] = owner;
    }

    if (ctl_owners_fetch(ctl, each, count) != 0) {
        return -1;
    }

    /* nobody reads what is in recovery, but whose it is has it back */
    while (count-- != 0) {
        if (each[count]->state == PUPIL_OWNER_STATE_RECOVERY) {
            each[count]->state = PUPIL_OWNER_STATE_RESTRICTED;
        }
    }

    return 0;
}


static int
record_write(ctl_t *ctl, page_t *page, const PGresult *res, int row,
    const ctl_owner_t *owner, pupil_writer_t *writer)
{
    int                  col;
    uint32_t             i;
    ctl_place_t          place;
    pupil_str_t          value;
    pupil_uuid_t         record;
    const ctl_member_t  *member;

    if (ctl_get_uuid(res, row, COLUMN_RECORD, &record) != 0) {
        return ctl_error("a record of %s has no id", page->source->name);
    }

    place.owner = owner;
    place.category = page->source->category;
    place.record = &record;

    pupil_writer_object_begin(writer);

    for (i = 0; i < page->source->count; i++) {
        member = &page->source->members[i];
        col = COLUMN_MEMBERS + (int) i;
        pupil_writer_key(writer, member->name);

        if (PQgetisnull(res, row, col)) {
            pupil_writer_null(writer);
            continue;
        }

        value = ctl_get_str(res, row, col);
        place.field = member->name;

        if (member->sealed
            && member_open(ctl, page, &place, PQgetvalue(res, row, col),
                           &value) != 0)
        {
            return -1;
        }

        pupil_value_write_as(member->type, value, writer);
    }

    pupil_writer_object_end(writer);

    return 0;
}


/* hex: of a bytea. */
static int
member_open(ctl_t *ctl, page_t *page, const ctl_place_t *place,
    const char *hex, pupil_str_t *value)
{
    char                   record[PUPIL_UUID_TEXT_LEN + 1];
    size_t                 len, size;
    uint8_t               *sealed, *out;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    size = strlen(hex) / 2 + 1;
    sealed = ctl_pool_alloc(&page->pool, size);
    out = ctl_pool_alloc(&page->pool, size);

    if (ctl_place_key(ctl, place, 1, &where, &key) != 0) {
        return -1;
    }

    if (pupil_hex_decode((const uint8_t *) hex + 2, strlen(hex) - 2, sealed,
                         size, &len) == PUPIL_OK
        && pupil_open(key, &where, sealed, len, out, value) == PUPIL_OK)
    {
        return 0;
    }

    return ctl_error("%s of record %s of %s is not what was stored: restore it"
                     " from a backup", place->field,
                     ctl_uuid_text(place->record, record), page->source->name);
}


static int
page_record(ctl_t *ctl, const page_t *page, const PGresult *res)
{
    int                  rc, row;
    uint32_t             i;
    ctl_buf_t            fields, subjects, detail;
    ctl_access_t         access;
    pupil_uuid_t         id;
    const ctl_source_t  *source;

    source = page->source;
    ctl_buf_init(&fields);
    ctl_buf_init(&detail);
    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    for (i = 0; i < source->count; i++) {
        ctl_buf_printf(&fields, "%s%s", i > 0 ? " " : "",
                       source->members[i].name);
    }

    for (row = 0; source->persons && row < page->found; row++) {
        if ((row == 0 || strcmp(PQgetvalue(res, row, COLUMN_OWNER),
                                PQgetvalue(res, row - 1, COLUMN_OWNER)) != 0)
            && ctl_get_uuid(res, row, COLUMN_OWNER, &id) == 0)
        {
            ctl_array_uuid(&subjects, &id);
        }
    }

    ctl_array_end(&subjects);
    ctl_buf_printf(&detail, "export=%s records=%" JSON_INTEGER_FORMAT,
                   source->name, page->written);

    access.category = source->category;
    access.fields = fields.data;
    access.purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION;
    access.operation = PUPIL_OPERATION_READ;
    access.about = source->persons ? "subjects" : "none";

    rc = ctl_record(ctl, &access, "allowed", subjects.data, detail.data);

    ctl_buf_free(&fields);
    ctl_buf_free(&detail);
    ctl_buf_free(&subjects);

    return rc;
}


static int
file_add(export_t *export, const char *name, pupil_str_t text,
    json_int_t records)
{
    char  hash[2 * crypto_hash_sha256_BYTES + 1];

    if (ctl_archive_add(&export->archive, name, text.data, text.len) != 0) {
        return -1;
    }

    sodium_bin2hex(hash, sizeof(hash), export->archive.sha256,
                   sizeof(export->archive.sha256));

    export->records += records;
    json_array_append_new(export->files, json_pack("{s:s,s:s,s:I,s:I}",
        "name", name, "sha256", hash, "bytes", (json_int_t) text.len,
        "records", records));

    return 0;
}


/* The last: an archive without it is no whole one. */
static int
manifest_add(ctl_t *ctl, export_t *export)
{
    int      rc;
    char     now[PUPIL_TIME_TEXT_MAX + 1], *text;
    json_t  *manifest;

    now[pupil_time_format(ctl_now(), (uint8_t *) now)] = '\0';

    manifest = json_pack("{s:s,s:s,s:s,s:I,s:O}",
        "format", "pupil-tenant-v1", "tenant", ctl->tenant_text, "made_at",
        now, "records", export->records, "files", export->files);
    text = json_dumps(manifest, JSON_INDENT(2));
    json_decref(manifest);

    if (text == NULL) {
        return ctl_error("out of memory");
    }

    rc = ctl_archive_add(&export->archive, "manifest.json", text,
                         strlen(text));
    free(text);

    return rc;
}
