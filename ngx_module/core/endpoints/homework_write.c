/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/homework that write.
 */

#include "core/endpoints/homework.h"
#include "core/endpoints/homework_sql.h"


#define AS_TEACHER                                                            \
    .category = "homework", .purpose = PUPIL_PURPOSE_TEACHING,                \
    .relation = PUPIL_RELATION_TEACHES, .about = PUPIL_ABOUT_NONE

#define TO_WRITE  .operation = PUPIL_OPERATION_WRITE
#define REQUIRED  .flags = PUPIL_WANT_REQUIRED

/* The class's key is still the one that sealed. */
#define KEYED                                                                 \
    " EXISTS (SELECT FROM pupil.owner AS o WHERE o.tenant = $2"               \
    " AND o.owner = a.class AND o.state = 'active' AND o.key_version = $11)"

/* What a write answers: its record, and the audit record in any case. */
#define WRITTEN                                                               \
    ", audit AS ("                                                            \
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome)"          \
    " SELECT {audit_values}, {number}, {macs}, 'allowed' FROM w RETURNING 1)" \
    " SELECT " PUPIL_SQL_RECORDED("audit", "SELECT count(*) FROM w",          \
                                  "SELECT count(*) FROM w") ","               \
    " w.record FROM " PUPIL_SQL_ONE                                           \
    " LEFT JOIN w ON true"


const char  pupil_homework_create_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_ABLE ","
    " w AS ("
    "INSERT INTO data.homework AS h (tenant, owner, record, key_version,"
    " source, title, description, exercises, exercise_ids, assigned_by,"
    " assigned_at, due_at, facts, keys)"
    " SELECT $2, a.class, $10, $11, 'gateway', $12, $13, $14, $15, $4, $16,"
    " $17, $18, $19 FROM a WHERE" KEYED
    " ON CONFLICT DO NOTHING"
    " RETURNING h.record)"
    WRITTEN;

/* Of a class of the actor's, whichever. */
const char  pupil_homework_source_sql[] =
    "SELECT $1::bigint, h.record, h.owner{h}"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (pupil.enrolment AS e"
    " JOIN " PUPIL_SQL_EACH("SELECT h.record, h.owner{h}"
    " FROM data.homework AS h WHERE h.tenant = $2 AND h.owner = e.class"
    " AND h.record = $8 AND h.deleted_at IS NULL") " AS h ON true)"
    " ON " PUPIL_SQL_MINE("e");

const char  pupil_homework_patch_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_ABLE ","
    " w AS ("
    "UPDATE data.homework AS h SET updated_at = now(),"
    " title = coalesce($12, h.title),"
    " description = CASE WHEN $13 THEN $14 ELSE h.description END,"
    " due_at = coalesce($15, h.due_at), facts = $16"
    " FROM a WHERE h.tenant = $2 AND h.owner = a.class AND h.record = $10"
    " AND h.facts = $17"
    " AND h.deleted_at IS NULL AND h.key_version = $11 AND" KEYED
    " RETURNING h.record)"
    WRITTEN;

const char  pupil_homework_edit_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_ABLE ","
    " w AS ("
    "UPDATE data.homework AS h SET updated_at = now(),"
    " title = coalesce($12, h.title),"
    " description = CASE WHEN $13 THEN $14 ELSE h.description END,"
    " due_at = coalesce($15, h.due_at), facts = $16, exercises = $18,"
    " exercise_ids = $19, keys = $20"
    " FROM a WHERE h.tenant = $2 AND h.owner = a.class AND h.record = $10"
    " AND h.facts = $17"
    " AND h.deleted_at IS NULL AND h.key_version = $11"
    " AND NOT " PUPIL_SQL_HOMEWORK_ANSWERED " AND" KEYED
    " RETURNING h.record)"
    WRITTEN;

const char  pupil_homework_delete_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_ABLE ","
    " w AS ("
    "UPDATE data.homework AS h SET updated_at = now(), deleted_at = $12,"
    " facts = $13"
    " FROM a WHERE h.tenant = $2 AND h.owner = a.class AND h.record = $10"
    " AND h.facts = $14"
    " AND h.deleted_at IS NULL AND h.key_version = $11 AND" KEYED
    " RETURNING h.record)"
    WRITTEN;

const char  pupil_homework_restore_sql[] =
    "WITH " PUPIL_SQL_HOMEWORK_ABLE ","
    " w AS ("
    "UPDATE data.homework AS h SET updated_at = now(), deleted_at = NULL,"
    " facts = $12"
    " FROM a WHERE h.tenant = $2 AND h.owner = a.class AND h.record = $10"
    " AND h.facts = $13"
    " AND h.deleted_at IS NOT NULL AND h.key_version = $11 AND" KEYED
    " RETURNING h.record)"
    WRITTEN;


/* What is read to be written anew; keys nobody is shown. */
#define STORED(name)                                                          \
    .field = name, AS_TEACHER, .operation = PUPIL_OPERATION_READ
#define STORED_KEYS                                                           \
    .category = "homework", .field = "keys",                                  \
    .purpose = PUPIL_PURPOSE_LEARNING, .relation = PUPIL_RELATION_SYSTEM,     \
    .operation = PUPIL_OPERATION_READ

#define CREATED                                                               \
    { .field = "title", AS_TEACHER, TO_WRITE, REQUIRED },                     \
    { .field = "description", AS_TEACHER, TO_WRITE },                         \
    { .field = "due_at", AS_TEACHER, TO_WRITE, REQUIRED },                    \
    { .field = "keys", AS_TEACHER, TO_WRITE },                                \
    { .field = "exercises", AS_TEACHER, TO_WRITE, REQUIRED },                 \
    { .field = "exercise_ids", AS_TEACHER, TO_WRITE, REQUIRED },              \
    { .field = "assigned_by", AS_TEACHER, TO_WRITE, REQUIRED },               \
    { .field = "assigned_at", AS_TEACHER, TO_WRITE, REQUIRED }

const pupil_want_t  pupil_homework_create_wants[8] = {
    CREATED
};

const pupil_want_t  pupil_homework_source_wants[PUPIL_HU_WANTS] = {
    [PUPIL_HU_WANT_TITLE] = { .alias = "h", STORED("title") },
    [PUPIL_HU_WANT_DESCRIPTION] = { .alias = "h", STORED("description") },
    [PUPIL_HU_WANT_EXERCISES] = { .alias = "h", STORED("exercises") },
    [PUPIL_HU_WANT_KEYS] = { .alias = "h", STORED_KEYS }
};

const pupil_want_t  pupil_homework_copy_wants[12] = {
    CREATED,
    { STORED("title"), REQUIRED },
    { STORED("description") },
    { STORED("exercises"), REQUIRED },
    { STORED_KEYS }
};

const pupil_want_t  pupil_homework_patch_wants[3] = {
    { .field = "title", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "description", AS_TEACHER, TO_WRITE },
    { .field = "due_at", AS_TEACHER, TO_WRITE, REQUIRED }
};

const pupil_want_t  pupil_homework_edit_target_wants[2] = {
    { .alias = "h", STORED("exercises") },
    { .alias = "h", STORED_KEYS }
};

const pupil_want_t  pupil_homework_edit_wants[8] = {
    { .field = "title", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "description", AS_TEACHER, TO_WRITE },
    { .field = "due_at", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "keys", AS_TEACHER, TO_WRITE },
    { .field = "exercises", AS_TEACHER, TO_WRITE, REQUIRED },
    { .field = "exercise_ids", AS_TEACHER, TO_WRITE, REQUIRED },
    { STORED("exercises"), REQUIRED },
    { STORED_KEYS }
};

const pupil_want_t  pupil_homework_delete_wants[1] = {
    { .field = "deleted_at", AS_TEACHER, TO_WRITE, REQUIRED }
};
