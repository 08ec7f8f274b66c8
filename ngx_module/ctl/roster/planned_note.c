/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <string.h>

#include "core/audit/note.h"
#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/planned_note.h"
#include "ctl/store/keys.h"


#define FIRST         "pupil-plan-v1"
#define SIGNS         "seal"            /* the service key */
#define SCHOOLS_MAX   60                /* the rest is counted */
#define REASONS_MAX   8


static int
key_of(ctl_t *ctl, pupil_note_key_t *key, const pupil_key_t **seed)
{
    char  name[sizeof("pupil-audit/") + PUPIL_UUID_TEXT_LEN];

    *seed = ctl_key_ensure(ctl, SIGNS) == 0 ? ctl_key(ctl, SIGNS) : NULL;

    if (*seed == NULL) {
        return -1;
    }

    snprintf(name, sizeof(name), "pupil-audit/%s", ctl->tenant_text);

    return pupil_note_key(name, PUPIL_NOTE_ED25519, *seed, key) == PUPIL_OK
           ? 0 : ctl_error("%s names no key", name);
}


static long long
number(const json_t *json, const char *name)
{
    return (long long) json_integer_value(json_object_get(json, name));
}


static void
schools_add(ctl_buf_t *text, const json_t *schools)
{
    size_t       i;
    json_t      *school;
    const char  *id;

    json_array_foreach(schools, i, school) {
        if (i == SCHOOLS_MAX) {
            ctl_buf_printf(text, "schools-more %zu\n",
                           json_array_size(schools) - i);
            break;
        }

        id = json_string_value(json_object_get(school, "school"));
        ctl_buf_text(text, "school ");

        if (id != NULL) {
            ctl_buf_text(text, id);
        } else {
            ctl_buf_printf(text, "%s:%lld",
                json_string_value(json_object_get(school, "file")),
                number(school, "line"));
        }

        ctl_buf_printf(text, " joins %lld leaves %lld comes %lld goes %lld\n",
                       number(school, "joins"), number(school, "leaves"),
                       number(school, "comes"), number(school, "goes"));
    }
}


static void
what_add(ctl_buf_t *text, const roster_t *roster)
{
    size_t       i;
    json_t      *entry;
    const char  *name;

    json_array_foreach(roster->held, i, entry) {
        if (i < REASONS_MAX) {
            ctl_buf_printf(text, "held %s\n",
                json_string_value(json_object_get(entry, "reason")));
        }
    }

    json_object_foreach(json_object_get(roster->changes, "changes"), name,
                        entry)
    {
        ctl_buf_printf(text, "%s %lld\n", name,
                       (long long) json_integer_value(entry));
    }

    schools_add(text, json_object_get(roster->changes, "schools"));
}


/* What the key store says of it, too. */
static void
same_add(ctl_buf_t *text, const roster_planned_t *planned)
{
    char  digest[2 * PUPIL_HASH_LEN + 1];

    sodium_bin2hex(digest, sizeof(digest), planned->digest, PUPIL_HASH_LEN);
    ctl_buf_printf(text, FIRST "\nplan %s\nid %s\ntenant %s\nparts %" PRIu32
                   "\ndigest %s\n", planned->plan, planned->text,
                   planned->ctl->tenant_text, planned->parts, digest);
}


int
roster_note_make(roster_t *roster)
{
    int                 rc;
    char                line[PUPIL_NOTE_LINE_SIZE];
    char                at[PUPIL_TIME_TEXT_MAX + 1];
    ctl_buf_t           text;
    roster_planned_t   *planned;
    pupil_note_key_t    key;
    const pupil_key_t  *seed;

    planned = roster->planned;

    if (key_of(roster->ctl, &key, &seed) != 0) {
        return -1;
    }

    at[pupil_time_format(ctl_now(), (uint8_t *) at)] = '\0';

    ctl_buf_init(&text);
    same_add(&text, planned);
    ctl_buf_printf(&text, "source %s\nmade %s\nby %s\n", roster->source, at,
                   roster->ctl->account);
    what_add(&text, roster);

    rc = text.len <= PUPIL_NOTE_TEXT_MAX ? 0
         : ctl_error("what the plan does is too much to be signed");

    if (rc == 0) {
        pupil_note_sign(&key, seed, ctl_str(text.data), 0, line);
        ctl_buf_printf(&text, "\n%s", line);
        planned->note = ctl_pool_text(&roster->pool, text.data, text.len);
    }

    ctl_buf_free(&text);

    return rc;
}


static int
note_verify(roster_planned_t *planned, pupil_str_t whole)
{
    int                 rc;
    uint64_t            seconds;
    ctl_buf_t           same;
    pupil_note_t        note;
    pupil_note_key_t    key;
    const pupil_key_t  *seed;

    if (key_of(planned->ctl, &key, &seed) != 0) {
        return -1;
    }

    ctl_buf_init(&same);
    same_add(&same, planned);

    rc = pupil_note_parse(whole, &note) == PUPIL_OK
         && pupil_note_verify(&note, &key, &seconds) == PUPIL_OK
         && note.text.len > same.len
         && memcmp(note.text.data, same.data, same.len) == 0
         ? 0 : ctl_error("the signature of plan %s is not valid: it was changed"
                         " by somebody without the keys; nothing was changed",
                         planned->plan);
    ctl_buf_free(&same);

    return rc;
}


int
roster_note_check(roster_planned_t *planned)
{
    int          rc;
    PGresult    *res;
    const char  *params[2];

    params[0] = planned->ctl->tenant_text;
    params[1] = planned->text;

    res = ctl_ask(planned->ctl, planned->ctl->data, "SELECT p.note FROM"
                  " pupil.import_plan AS p WHERE p.tenant = $1::uuid AND p.id"
                  " = $2::uuid", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 1
         ? note_verify(planned, ctl_str(PQgetvalue(res, 0, 0)))
         : ctl_error("plan %s is not in the data database any more: make it"
                     " anew", planned->plan);
    PQclear(res);

    return rc;
}


int
roster_run_note(const roster_t *roster, const roster_run_t *run)
{
    int          rc;
    ctl_buf_t    text;
    const char  *plan;

    plan = roster->planned != NULL ? roster->planned->plan : "";

    ctl_buf_init(&text);
    ctl_buf_printf(&text, "pupil-run-v1\nrun %s\nsource %s\nby %s\npeople"
                   " %d\n", run->text, roster->source, roster->ctl->account,
                   run->people);
    rc = roster_note_write(roster->ctl, "run", &run->id, plan, text.data);
    ctl_buf_free(&text);

    return rc;
}
