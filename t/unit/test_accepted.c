/*
 * Copyright (C) the Pupil authors
 *
 * What was accepted of grants, against what a plugin grants: a line is whole
 * or none, and a projection is less than the value.
 */

#include "categories.h"
#include "core/plugin/accepted.h"


static tap_arena_t     arena;
static pupil_alloc_t   alloc = { tap_arena_alloc, &arena };
static pupil_policy_t  policy;

#define SELF(field, operation)                                                \
    "animal " field " " operation " subject_access self\n"

#define OWN    SELF("name", "read")
#define VALUE  "animal name read teaching teaches"
#define WIDER  "read name for teaching through teaches (projected)"

static const char  others[] =
    SELF("legs", "read") SELF("class_id", "read") SELF("class_title", "read")
    SELF("secret", "read") SELF("legs", "write") SELF("name", "write")
    SELF("class_id", "write") SELF("class_title", "write")
    "animal legs read teaching teaches\n";


/* What stands there and others; says: what is wider, NULL for nothing. */
static void
accepted(const char *text, const char *says, const char *name)
{
    char            all[1024];
    uint8_t        *copy;
    pupil_rc_t      rc;
    pupil_str_t     given;
    pupil_error_t   wider;

    snprintf(all, sizeof(all), "%s%s", others, text);
    given.len = strlen(all);
    copy = tap_guarded(all, given.len);
    given.data = copy;
    wider.text[0] = '\0';

    rc = pupil_accepted_covers(given, policy.categories[0], &wider);
    ok(says == NULL ? rc == PUPIL_OK
       : rc == PUPIL_INVALID && strcmp(wider.text, says) == 0,
       "%s: %s", name, wider.text);
}


int
main(void)
{
    pupil_error_t  error;

    categories_policy(&policy, &alloc, 0);

    accepted(OWN, WIDER, "nothing of a grant");
    accepted(VALUE "\n", "read name for subject_access through self",
             "nothing of another");
    accepted(OWN VALUE "\n", NULL, "the value covers its projection");
    accepted(OWN VALUE " projected\n", NULL, "the projection itself");
    accepted(OWN VALUE, NULL, "the last line without its end");
    accepted(OWN "x" VALUE "\n", WIDER, "the end of a line is no line");
    accepted(OWN VALUE "x\n", WIDER, "nor is its beginning");

    ok(pupil_accepted_check(str(""), policy.categories[0], &error)
       == PUPIL_INVALID
       && strstr(error.text, "animal 1.0.0 grants more") != NULL
       && strstr(error.text, "pupilctl plugin accept") != NULL,
       "nothing at all: %s", error.text);

    tap_arena_reset(&arena);

    return tap_done();
}
