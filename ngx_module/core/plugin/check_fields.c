/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/plugin/check_fields.h"
#include "core/plugin/check_words.h"
#include "core/plugin/names.h"


#define PUPIL_FIELD_FLAGS_1_0                                                 \
    (PUPIL_FIELD_SEALED | PUPIL_FIELD_REQUIRED | PUPIL_FIELD_INDEXED          \
     | PUPIL_FIELD_INTERNAL | PUPIL_FIELD_EMBARGO)


/* What a field may be, by minor version. */
static const uint32_t  pupil_check_flags[PUPIL_ABI_MINOR + 1] = {
    PUPIL_FIELD_FLAGS_1_0,
    PUPIL_FIELD_FLAGS_1_0 | PUPIL_FIELD_BOUND,
    PUPIL_FIELD_FLAGS_1_0 | PUPIL_FIELD_BOUND
};


/* Columns of every table, and the member of /v1/data/ that names a record. */
static const char *const  pupil_check_reserved[] = {
    "tenant", "owner", "record", "key_version", "source", "updated_at", "id",
    NULL
};

/* A column of the host's own since 1.1. */
#define PUPIL_FIELD_FACTS  "facts"


#define PUPIL_FOR(purpose)  (1u << (purpose))

/*
 * What a request is for follows from the relation: that of /v1/data/, then
 * those of endpoints of their own.  Who teaches gives a pupil back a log-in.
 * The system is log-in and pupilctl, and the worker that scores what a pupil
 * learns.
 */
static const uint32_t  pupil_check_purposes[PUPIL_RELATION_COUNT] = {
    [PUPIL_RELATION_SELF] =
    PUPIL_FOR(PUPIL_PURPOSE_SUBJECT_ACCESS)
    | PUPIL_FOR(PUPIL_PURPOSE_AUTHENTICATION)
    | PUPIL_FOR(PUPIL_PURPOSE_LEARNING),
    [PUPIL_RELATION_TEACHES] =
    PUPIL_FOR(PUPIL_PURPOSE_TEACHING)
    | PUPIL_FOR(PUPIL_PURPOSE_AUTHENTICATION),
    [PUPIL_RELATION_TAUGHT_BY] = PUPIL_FOR(PUPIL_PURPOSE_LEARNING),
    [PUPIL_RELATION_SCHOOL_ADMIN] = PUPIL_FOR(PUPIL_PURPOSE_ADMINISTRATION),
    [PUPIL_RELATION_TENANT_ADMIN] = PUPIL_FOR(PUPIL_PURPOSE_ADMINISTRATION),
    [PUPIL_RELATION_DPO] = PUPIL_FOR(PUPIL_PURPOSE_ACCOUNTABILITY),
    [PUPIL_RELATION_SUPPORT_GRANT] = PUPIL_FOR(PUPIL_PURPOSE_SUPPORT),
    [PUPIL_RELATION_SYSTEM] =
    PUPIL_FOR(PUPIL_PURPOSE_AUTHENTICATION)
    | PUPIL_FOR(PUPIL_PURPOSE_LEARNING)
    | PUPIL_FOR(PUPIL_PURPOSE_SECURITY)
    | PUPIL_FOR(PUPIL_PURPOSE_ROSTERING)
    | PUPIL_FOR(PUPIL_PURPOSE_ADMINISTRATION)
    | PUPIL_FOR(PUPIL_PURPOSE_STATISTICS)
};


static int
pupil_check_listed(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(name, *list) != 0) {
        list++;
    }

    return *list != NULL;
}


static const pupil_field_t *
pupil_check_field(const pupil_plugin_t *plugin, const char *name, size_t len)
{
    uint32_t  i;

    for (i = 0; i < plugin->fields_count; i++) {
        if (strlen(plugin->fields[i].name) == len
            && memcmp(plugin->fields[i].name, name, len) == 0)
        {
            return &plugin->fields[i];
        }
    }

    return NULL;
}


static pupil_rc_t
pupil_check_field_name(const pupil_plugin_t *plugin, uint32_t i,
    pupil_error_t *error)
{
    uint32_t     k;
    const char  *name, *word;

    name = plugin->fields[i].name;

    if (!pupil_check_name(name)) {
        return pupil_error_set(error, "%s: fields[%u].name is \"%.64s\", not"
                               " [a-z][a-z0-9_]* of at most %d bytes",
                               plugin->name, i, pupil_check_show(name),
                               PUPIL_MAX_NAME);
    }

    if (pupil_check_listed(name, pupil_check_reserved)
        || (plugin->abi_minor >= 1 && strcmp(name, PUPIL_FIELD_FACTS) == 0))
    {
        return pupil_error_set(error, "%s: field \"%s\" has a name that the"
                               " host uses itself", plugin->name, name);
    }

    for (k = 0; k < i; k++) {
        if (strcmp(plugin->fields[k].name, name) == 0) {
            return pupil_error_set(error, "%s: field \"%s\" is there twice:"
                                   " fields[%u] and fields[%u]",
                                   plugin->name, name, k, i);
        }
    }

    word = pupil_check_sensitive(name);
    if (word != NULL) {
        return pupil_error_set(error, "%s: field \"%s\": \"%s\" is a special"
                               " category of personal data (GDPR articles 9"
                               " and 10)", plugin->name, name, word);
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_field_form(const pupil_plugin_t *plugin,
    const pupil_field_t *field, pupil_error_t *error)
{
    uint32_t  known;

    if (field->type == 0 || field->type >= PUPIL_TYPE_COUNT) {
        return pupil_error_set(error, "%s: field \"%s\": type is %u, not 1"
                               " to %d", plugin->name, field->name,
                               field->type, PUPIL_TYPE_COUNT - 1);
    }

    known = pupil_check_flags[plugin->abi_minor];
    if (field->flags & ~known) {
        return pupil_error_set(error, "%s: field \"%s\": flags are 0x%x,"
                               " known are 0x%x", plugin->name, field->name,
                               field->flags, known);
    }

    if (field->max_size == 0 || field->max_size > PUPIL_MAX_VALUE) {
        return pupil_error_set(error, "%s: field \"%s\": max_size is %u, not"
                               " 1 to %d", plugin->name, field->name,
                               field->max_size, PUPIL_MAX_VALUE);
    }

    if (!pupil_check_sentence(field->why)) {
        return pupil_error_set(error, "%s: field \"%s\": why is %s, not a"
                               " sentence of 1 to %d bytes of UTF-8",
                               plugin->name, field->name,
                               field->why == NULL ? "NULL"
                               : "empty, too long or malformed",
                               PUPIL_CHECK_TEXT);
    }

    return PUPIL_OK;
}


/* Do its type and its flags, each of which is known, go together? */
static pupil_rc_t
pupil_check_field_flags(const pupil_plugin_t *plugin,
    const pupil_field_t *field, pupil_error_t *error)
{
    uint32_t  sealed;

    sealed = field->flags & PUPIL_FIELD_SEALED;

    if (!sealed && (field->type == PUPIL_TYPE_JSON
                    || field->type == PUPIL_TYPE_DECIMAL))
    {
        return pupil_error_set(error, "%s: field \"%s\": type %s needs"
                               " PUPIL_FIELD_SEALED", plugin->name,
                               field->name, pupil_type_name(field->type));
    }

    if (sealed && field->type == PUPIL_TYPE_UUID_LIST) {
        return pupil_error_set(error, "%s: field \"%s\": type uuid_list"
                               " cannot be sealed", plugin->name,
                               field->name);
    }

    if ((field->flags & PUPIL_FIELD_EMBARGO)
        && (sealed || field->type != PUPIL_TYPE_TIMESTAMP))
    {
        return pupil_error_set(error, "%s: field \"%s\":"
                               " PUPIL_FIELD_EMBARGO is for a plain"
                               " timestamp; this is %s %s", plugin->name,
                               field->name, sealed ? "sealed" : "plain",
                               pupil_type_name(field->type));
    }

    if ((field->flags & PUPIL_FIELD_BOUND) && field->sealed_by != NULL) {
        return pupil_error_set(error, "%s: field \"%s\": PUPIL_FIELD_BOUND"
                               " is for values of the record's owner; this"
                               " one is sealed by %.64s", plugin->name,
                               field->name, field->sealed_by);
    }

    if ((field->flags & PUPIL_FIELD_INDEXED)
        && (!sealed || field->type != PUPIL_TYPE_TEXT
            || field->sealed_by != NULL))
    {
        return pupil_error_set(error, "%s: field \"%s\":"
                               " PUPIL_FIELD_INDEXED is for sealed text of"
                               " the record's owner; this is %s %s%s",
                               plugin->name, field->name,
                               sealed ? "sealed" : "plain",
                               pupil_type_name(field->type),
                               field->sealed_by != NULL
                               ? " sealed by another" : "");
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_sealed_by(const pupil_plugin_t *plugin,
    const pupil_field_t *field, pupil_error_t *error)
{
    const pupil_field_t  *by;

    if (field->sealed_by == NULL) {
        return PUPIL_OK;
    }

    by = pupil_check_field(plugin, field->sealed_by,
                           strnlen(field->sealed_by, PUPIL_MAX_NAME + 1));

    if (by == NULL || by->type != PUPIL_TYPE_UUID
        || (by->flags & PUPIL_FIELD_SEALED))
    {
        return pupil_error_set(error, "%s: field \"%s\": sealed_by is"
                               " \"%.64s\", which is %s", plugin->name,
                               field->name, field->sealed_by,
                               by == NULL ? "no field of this category"
                               : "not a plain uuid");
    }

    if (!(field->flags & PUPIL_FIELD_SEALED)) {
        return pupil_error_set(error, "%s: field \"%s\": sealed_by is"
                               " \"%.64s\", but the field is not sealed",
                               plugin->name, field->name, field->sealed_by);
    }

    return PUPIL_OK;
}


/* One time decides from when on a record is shown. */
static pupil_rc_t
pupil_check_embargo(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t              i;
    const pupil_field_t  *first, *field;

    first = NULL;

    for (i = 0; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        if (!(field->flags & PUPIL_FIELD_EMBARGO)) {
            continue;
        }

        if (first != NULL) {
            return pupil_error_set(error, "%s: field \"%s\":"
                                   " PUPIL_FIELD_EMBARGO is field \"%s\""
                                   " already", plugin->name, field->name,
                                   first->name);
        }

        first = field;
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_check_fields(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t    i;
    pupil_rc_t  rc;

    for (i = 0; i < plugin->fields_count; i++) {
        rc = pupil_check_field_name(plugin, i, error);
        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    for (i = 0; i < plugin->fields_count; i++) {
        rc = pupil_check_field_form(plugin, &plugin->fields[i], error);

        if (rc == PUPIL_OK) {
            rc = pupil_check_field_flags(plugin, &plugin->fields[i], error);
        }

        if (rc == PUPIL_OK) {
            rc = pupil_check_sealed_by(plugin, &plugin->fields[i], error);
        }

        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return pupil_check_embargo(plugin, error);
}


static pupil_rc_t
pupil_check_grant_form(const pupil_plugin_t *plugin, uint32_t i,
    pupil_error_t *error)
{
    size_t                k;
    const pupil_grant_t  *grant = &plugin->grants[i];

    const struct {
        const char  *name;
        uint32_t     value, count;
    } enums[] = {
        { "purpose",   grant->purpose,   PUPIL_PURPOSE_COUNT },
        { "relation",  grant->relation,  PUPIL_RELATION_COUNT },
        { "operation", grant->operation, PUPIL_OPERATION_COUNT },
        { "basis",     grant->basis,     PUPIL_BASIS_COUNT }
    };

    for (k = 0; k < sizeof(enums) / sizeof(enums[0]); k++) {
        if (enums[k].value == 0 || enums[k].value >= enums[k].count) {
            return pupil_error_set(error, "%s: grants[%u].%s is %u, not 1 to"
                                   " %u", plugin->name, i, enums[k].name,
                                   enums[k].value, enums[k].count - 1);
        }
    }

    if (grant->flags & ~PUPIL_GRANT_PROJECTED) {
        return pupil_error_set(error, "%s: grants[%u].flags are 0x%x, known"
                               " are 0x%x", plugin->name, i, grant->flags,
                               PUPIL_GRANT_PROJECTED);
    }

    if ((grant->flags & PUPIL_GRANT_PROJECTED)
        && grant->operation != PUPIL_OPERATION_READ)
    {
        return pupil_error_set(error, "%s: grants[%u].flags say"
                               " PUPIL_GRANT_PROJECTED, which is for reading,"
                               " but operation is %s", plugin->name, i,
                               pupil_operation_name(grant->operation));
    }

    return PUPIL_OK;
}


static pupil_rc_t
pupil_check_grant_meets(const pupil_plugin_t *plugin, uint32_t i,
    pupil_error_t *error)
{
    const pupil_grant_t  *grant;

    grant = &plugin->grants[i];

    if (pupil_check_purposes[grant->relation] & PUPIL_FOR(grant->purpose)) {
        return PUPIL_OK;
    }

    return pupil_error_set(error, "%s: grants[%u]: no request through %s is"
                           " for %s", plugin->name, i,
                           pupil_relation_name(grant->relation),
                           pupil_purpose_name(grant->purpose));
}


/* Is the field granted in the same way by this grant or one before? */
static int
pupil_check_granted(const pupil_plugin_t *plugin, uint32_t i,
    const char *rest, const char *name)
{
    uint32_t              k;
    const pupil_grant_t  *a, *b;

    if (pupil_name_listed(rest, name)) {
        return 1;
    }

    a = &plugin->grants[i];

    for (k = 0; k < i; k++) {
        b = &plugin->grants[k];

        if (a->purpose == b->purpose && a->relation == b->relation
            && a->operation == b->operation
            && pupil_name_listed(b->fields, name))
        {
            return 1;
        }
    }

    return 0;
}


static pupil_rc_t
pupil_check_grant_fields(const pupil_plugin_t *plugin, uint32_t i,
    pupil_error_t *error)
{
    size_t                len;
    const char           *p;
    const pupil_grant_t  *grant;
    const pupil_field_t  *field;

    grant = &plugin->grants[i];

    if (grant->fields == NULL || *grant->fields == '\0') {
        return pupil_error_set(error, "%s: grants[%u].fields is %s",
                               plugin->name, i,
                               grant->fields == NULL ? "NULL" : "empty");
    }

    for (p = grant->fields; ; p += len + 1) {
        len = strcspn(p, " ");

        field = pupil_check_field(plugin, p, len);
        if (field == NULL) {
            return pupil_error_set(error, "%s: grants[%u].fields names"
                                   " \"%.*s\", which is no field of this"
                                   " category (names are separated by single"
                                   " spaces)", plugin->name, i,
                                   (int) (len < 64 ? len : 64), p);
        }

        if (pupil_check_granted(plugin, i, p + len, field->name)) {
            return pupil_error_set(error, "%s: grants[%u].fields: \"%s\" is"
                                   " granted twice (purpose %s, relation %s,"
                                   " operation %s)", plugin->name, i,
                                   field->name,
                                   pupil_purpose_name(grant->purpose),
                                   pupil_relation_name(grant->relation),
                                   pupil_operation_name(grant->operation));
        }

        if (field->sealed_by != NULL
            && !pupil_name_listed(grant->fields, field->sealed_by))
        {
            return pupil_error_set(error, "%s: grants[%u].fields names"
                                   " \"%s\" without \"%s\", whose key seals"
                                   " it", plugin->name, i, field->name,
                                   field->sealed_by);
        }

        if (p[len] == '\0') {
            return PUPIL_OK;
        }
    }
}


pupil_rc_t
pupil_check_grants(const pupil_plugin_t *plugin, pupil_error_t *error)
{
    uint32_t    i;
    pupil_rc_t  rc;

    for (i = 0; i < plugin->grants_count; i++) {
        rc = pupil_check_grant_form(plugin, i, error);

        if (rc == PUPIL_OK) {
            rc = pupil_check_grant_meets(plugin, i, error);
        }

        if (rc == PUPIL_OK) {
            rc = pupil_check_grant_fields(plugin, i, error);
        }

        if (rc != PUPIL_OK) {
            return rc;
        }
    }

    return PUPIL_OK;
}
