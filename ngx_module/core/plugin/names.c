/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/plugin/names.h"


static const char *const  pupil_purposes[PUPIL_PURPOSE_COUNT] = {
    "?", "authentication", "teaching", "learning", "rostering", "security",
    "administration", "subject_access", "support", "statistics", "research",
    "accountability", "legal_obligation", "recovery"
};

static const char *const  pupil_relations[PUPIL_RELATION_COUNT] = {
    "?", "self", "teaches", "taught_by", "school_admin", "tenant_admin",
    "dpo", "support_grant", "system"
};

static const char *const  pupil_operations[PUPIL_OPERATION_COUNT] = {
    "?", "read", "write"
};

static const char *const  pupil_bases[PUPIL_BASIS_COUNT] = {
    "?", "consent", "contract", "legal_obligation", "vital_interest",
    "public_task", "legitimate_interest"
};

static const char *const  pupil_events[PUPIL_EVENT_COUNT] = {
    "?", "created", "enrolment_ended", "account_closed"
};

static const char *const  pupil_expiries[PUPIL_EXPIRY_COUNT] = {
    "?", "erase", "anonymise"
};

static const char *const  pupil_types[PUPIL_TYPE_COUNT] = {
    "?", "text", "json", "decimal", "integer", "boolean", "uuid", "date",
    "timestamp", "uuid_list"
};

/* json and decimal are sealed only. */
static const char *const  pupil_columns[PUPIL_TYPE_COUNT] = {
    "?", "text", "bytea", "bytea", "bigint", "boolean", "uuid", "date",
    "timestamp with time zone", "uuid[]"
};


static const char *
pupil_table_name(const char *const *table, uint32_t count, uint32_t id)
{
    return id < count ? table[id] : table[0];
}


const char *
pupil_purpose_name(uint32_t purpose)
{
    return pupil_table_name(pupil_purposes, PUPIL_PURPOSE_COUNT, purpose);
}


const char *
pupil_relation_name(uint32_t relation)
{
    return pupil_table_name(pupil_relations, PUPIL_RELATION_COUNT, relation);
}


const char *
pupil_operation_name(uint32_t operation)
{
    return pupil_table_name(pupil_operations, PUPIL_OPERATION_COUNT,
                            operation);
}


const char *
pupil_basis_name(uint32_t basis)
{
    return pupil_table_name(pupil_bases, PUPIL_BASIS_COUNT, basis);
}


const char *
pupil_event_name(uint32_t event)
{
    return pupil_table_name(pupil_events, PUPIL_EVENT_COUNT, event);
}


const char *
pupil_expiry_name(uint32_t expiry)
{
    return pupil_table_name(pupil_expiries, PUPIL_EXPIRY_COUNT, expiry);
}


const char *
pupil_type_name(uint32_t type)
{
    return pupil_table_name(pupil_types, PUPIL_TYPE_COUNT, type);
}


const char *
pupil_field_column(const pupil_field_t *field)
{
    if (field->flags & PUPIL_FIELD_SEALED) {
        return "bytea";
    }

    return pupil_table_name(pupil_columns, PUPIL_TYPE_COUNT, field->type);
}


int
pupil_name_next(const char **list, pupil_str_t *name)
{
    const char  *p;

    p = *list;
    while (*p == ' ') {
        p++;
    }

    name->data = (const uint8_t *) p;
    name->len = strcspn(p, " ");
    *list = p + name->len;

    return name->len != 0;
}


int
pupil_name_listed(const char *list, const char *name)
{
    pupil_str_t  word;

    while (pupil_name_next(&list, &word)) {
        if (pupil_str_is(word, name)) {
            return 1;
        }
    }

    return 0;
}
