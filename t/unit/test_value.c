/*
 * Copyright (C) the Pupil authors
 *
 * Values of every type through a plugin's hooks: what each type refuses, what
 * the host gives a hook, a hook that returns nonsense, and memory that runs
 * out at each allocation.
 */

#include "core/plugin/value.h"
#include "tap.h"


#define LIST_ITEMS  1800            /* more ids than a value has room for */


enum {
    NOTE,
    KIND,
    COUNT,
    MASS,
    AT,
    IDS,
    FIELDS
};


static int32_t normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out);
static int32_t validate(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value);
static int32_t project(const pupil_host_t *host, void *call, uint32_t field,
    uint32_t purpose, pupil_value_t value, pupil_value_t *out);


static const pupil_field_t  fields[FIELDS] = {
    [NOTE] =
    { .name = "note", .type = PUPIL_TYPE_TEXT, .flags = PUPIL_FIELD_SEALED,
      .max_size = 8, .pattern = "[a-z]*", .why = "Why." },
    [KIND] =
    { .name = "kind", .type = PUPIL_TYPE_JSON, .flags = PUPIL_FIELD_SEALED,
      .max_size = 100, .why = "Why." },
    [COUNT] =
    { .name = "count", .type = PUPIL_TYPE_INTEGER, .max_size = 20,
      .why = "Why." },
    [MASS] =
    { .name = "mass", .type = PUPIL_TYPE_DECIMAL, .flags = PUPIL_FIELD_SEALED,
      .max_size = 40, .why = "Why." },
    [AT] =
    { .name = "at", .type = PUPIL_TYPE_TIMESTAMP, .max_size = 40,
      .why = "Why." },
    [IDS] =
    { .name = "ids", .type = PUPIL_TYPE_UUID_LIST, .max_size = 200,
      .why = "Why." }
};

static const pupil_grant_t  grants[] = {
    { .fields = "note kind count mass at ids",
      .purpose = PUPIL_PURPOSE_TEACHING, .relation = PUPIL_RELATION_TEACHES,
      .operation = PUPIL_OPERATION_READ, .basis = PUPIL_BASIS_PUBLIC_TASK }
};

static const pupil_retention_t  retention = {
    .from = PUPIL_EVENT_CREATED,
    .days = 30,
    .then = PUPIL_EXPIRY_ERASE
};

static const pupil_hooks_t  hooks = {
    .normalise = normalise,
    .validate = validate,
    .project = project
};

static const pupil_plugin_t  plugin = {
    PUPIL_PLUGIN_HEADER,
    .name = "things",
    .version = "1.0.0",
    .summary = "A.",
    .source = "B.",
    .recipients = "none",
    .owner = PUPIL_OWNER_SUBJECT,
    .cardinality = PUPIL_CARDINALITY_MANY,
    PUPIL_FIELDS(fields),
    PUPIL_GRANTS(grants),
    PUPIL_RETENTION(retention),
    PUPIL_HOOKS(hooks)
};


typedef struct {
    uint32_t     field;
    const char  *json;
    const char  *stored;            /* NULL: refused */
    const char  *rule;
} case_t;

#define ID_1  "01234567-89ab-4cde-8f01-23456789abcd"
#define ID_2  "fedcba98-7654-4321-8765-432100000000"

static const case_t  cases[] = {
    { NOTE, "\"abc\"", "abc", NULL },
    { NOTE, "\"ABC\"", NULL, "pattern" },
    { NOTE, "\"abcdefghi\"", NULL, "maxLength" },
    { NOTE, "\"grow\"", NULL, "maxLength" },
    { NOTE, "\"nil\"", NULL, "refused" },
    { NOTE, "7", NULL, "type" },
    { KIND, "{\"a\":1,\"kind\":\"b\"}", "{\"a\":1,\"kind\":\"b\"}", NULL },
    { KIND, "{\"a\":1}", NULL, "no-kind" },
    { KIND, "[\"kind\"]", NULL, "no-kind" },
    { KIND, "null", NULL, "no-kind" },
    { KIND, "{\"kind\":2}", NULL, "kind-is-text" },
    { COUNT, "-12", "-12", NULL },
    { COUNT, "1.5", NULL, "integer" },
    { COUNT, "\"1\"", NULL, "type" },
    { MASS, "1.250", "1.250", NULL },
    { MASS, "true", NULL, "type" },
    { AT, "\"2024-02-29T12:00:00Z\"", "2024-02-29T12:00:00Z", NULL },
    { AT, "\"2023-02-29T12:00:00Z\"", NULL, "date-time" },
    { IDS, "[]", "", NULL },
    { IDS, "[\"" ID_1 "\",\"" ID_2 "\"]", ID_1 " " ID_2, NULL },
    { IDS, "[\"" ID_1 "\",7]", NULL, "uuid" },
    { IDS, "[\"0123\"]", NULL, "uuid" },
    { IDS, "\"" ID_1 "\"", NULL, "type" }
};


static tap_arena_t    arena;
static pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static int
value_is(pupil_value_t value, const char *text)
{
    return value.len == strlen(text)
           && (value.len == 0 || memcmp(value.data, text, value.len) == 0);
}


/* "grow" becomes too long, "nil" a value without bytes but with a length. */
static int32_t
normalise(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t in, pupil_value_t *out)
{
    uint8_t  *p;

    *out = in;

    if (field != NOTE) {
        return 0;
    }

    if (value_is(in, "nil")) {
        out->data = NULL;

    } else if (value_is(in, "grow")) {
        p = host->alloc(call, 20);
        if (p == NULL) {
            return -1;
        }

        memset(p, 'g', 20);
        out->data = p;
        out->len = 20;
    }

    return 0;
}


static int32_t
validate(const pupil_host_t *host, void *call, uint32_t field,
    pupil_value_t value)
{
    size_t          len;
    const uint8_t  *kind;

    if (field != KIND) {
        return 0;
    }

    if (host->json_member(call, value.data, value.len, "kind", &kind, &len)
        != 0)
    {
        host->error(call, "kind", "no-kind");
        return -1;
    }

    if (len < 2 || kind[0] != '"') {
        host->error(call, "kind", "kind-is-text");
        host->error(call, "kind", "the second report does not count");
        return -1;
    }

    return host->option(call, "none") == -1 ? 0 : -1;
}


/* What a value of one purpose shows is no text. */
static int32_t
project(const pupil_host_t *host, void *call, uint32_t field,
    uint32_t purpose, pupil_value_t value, pupil_value_t *out)
{
    (void) host;
    (void) call;
    (void) field;

    *out = value;

    if (purpose == PUPIL_PURPOSE_SECURITY) {
        out->data = (const uint8_t *) "\xff";
        out->len = 1;
    }

    return 0;
}


static pupil_rc_t
take(const pupil_category_t *category, const case_t *c, pupil_str_t *got,
    pupil_fault_t *fault)
{
    size_t               len;
    uint8_t             *text;
    pupil_rc_t           rc;
    pupil_json_t         tree;
    pupil_json_limits_t  limits = { 16, 64 };

    memset(fault, 0, sizeof(*fault));
    len = strlen(c->json);
    text = tap_guarded(c->json, len);

    rc = pupil_json_parse(&alloc, text, len, &limits, &tree, fault);

    return rc != PUPIL_OK ? rc
           : pupil_value_accept(category, c->field, &tree, 0, &alloc, got,
                                fault);
}


static int
as_expected(const case_t *c, pupil_rc_t rc, pupil_str_t got,
    const pupil_fault_t *fault)
{
    char           pointer[PUPIL_MAX_NAME + 2];
    pupil_value_t  value;

    if (c->stored != NULL) {
        value.data = got.data;
        value.len = got.len;
        return rc == PUPIL_OK && value_is(value, c->stored);
    }

    snprintf(pointer, sizeof(pointer), "/%s", fields[c->field].name);

    return rc == PUPIL_INVALID && fault->status == 422
           && strcmp(fault->field, pointer) == 0
           && strcmp(fault->rule, c->rule) == 0;
}


static void
test_case(const pupil_category_t *category, const case_t *c)
{
    long           n;
    pupil_rc_t     rc;
    pupil_str_t    got = { NULL, 0 };
    pupil_fault_t  fault;

    rc = take(category, c, &got, &fault);
    ok(as_expected(c, rc, got, &fault), "%s %s: %s", fields[c->field].name,
       c->json, c->stored != NULL ? "stored" : c->rule);
    tap_arena_reset(&arena);

    for (n = 1, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; n++) {
        arena.fail_at = n;
        rc = take(category, c, &got, &fault);

        if (rc != PUPIL_NO_MEMORY
            && !ok(as_expected(c, rc, got, &fault),
                   "%s %s: the same after %ld failures of memory",
                   fields[c->field].name, c->json, n - 1))
        {
            printf("# rc %d, %s %s\n", (int) rc, fault.field,
                   fault.rule != NULL ? fault.rule : "-");
        }

        tap_arena_reset(&arena);
    }

    arena.fail_at = 0;
}


static void
test_many_ids(const pupil_category_t *category)
{
    char                 *json, *p;
    uint32_t              i;
    pupil_rc_t            rc;
    pupil_str_t           got;
    pupil_json_t          tree;
    pupil_fault_t         fault;
    pupil_json_limits_t   limits = { 16, LIST_ITEMS + 1 };

    json = malloc(LIST_ITEMS * (sizeof(ID_1) + 2) + 2);
    p = json;

    for (i = 0; i < LIST_ITEMS; i++) {
        p += sprintf(p, "%c\"%s\"", i == 0 ? '[' : ',', ID_1);
    }

    *p++ = ']';

    rc = pupil_json_parse(&alloc, (uint8_t *) json, (size_t) (p - json),
                          &limits, &tree, &fault);
    ok(rc == PUPIL_OK
       && pupil_value_accept(category, IDS, &tree, 0, &alloc, &got, &fault)
          == PUPIL_INVALID
       && strcmp(fault.rule, "maxItems") == 0,
       "more ids than a value has room for: maxItems");

    got.data = (uint8_t *) json;
    got.len = PUPIL_MAX_VALUE + 1;
    ok(pupil_value_accept_text(category, KIND, got, &alloc, &got, &fault)
       == PUPIL_INVALID && strcmp(fault.rule, "maxLength") == 0,
       "a longer text than a value has room for: maxLength");

    free(json);
    tap_arena_reset(&arena);
}


static void
test_hooks(pupil_category_t *category)
{
    pupil_str_t     out, in = { (const uint8_t *) "abc", 3 };
    pupil_hooks_t   none;
    pupil_plugin_t  without;

    ok(pupil_value_project(category, NOTE, PUPIL_PURPOSE_TEACHING, in, &alloc,
                           &out) == PUPIL_OK && out.len == 3, "projected");
    ok(pupil_value_project(category, NOTE, PUPIL_PURPOSE_SECURITY, in, &alloc,
                           &out) == PUPIL_INVALID,
       "a projection that is no UTF-8 is not shown");
    ok(pupil_value_term(category, NOTE, in, &alloc, &out) == PUPIL_INVALID,
       "no term without index_term");

    memset(&none, 0, sizeof(none));
    without = plugin;
    without.hooks = &none;
    category->plugin = &without;
    ok(pupil_value_project(category, NOTE, PUPIL_PURPOSE_TEACHING, in, &alloc,
                           &out) == PUPIL_INVALID,
       "no projection without project");

    without.hooks = NULL;
    ok(pupil_value_project(category, NOTE, PUPIL_PURPOSE_TEACHING, in, &alloc,
                           &out) == PUPIL_INVALID
       && pupil_value_term(category, NOTE, in, &alloc, &out) == PUPIL_INVALID,
       "nor without hooks");

    category->plugin = &plugin;
}


int
main(void)
{
    size_t             i;
    pupil_error_t      error;
    pupil_category_t  *category;
    tap_arena_t       *own;
    pupil_alloc_t      lasting;

    /* The category outlives each case's memory. */

    own = calloc(1, sizeof(*own));
    lasting.alloc = tap_arena_alloc;
    lasting.ctx = own;

    error.text[0] = '\0';
    if (own == NULL
        || pupil_category_wrap(&plugin, &lasting, &category, &error)
           != PUPIL_OK)
    {
        printf("Bail out! %s\n", error.text);
        return 2;
    }

    for (i = 0; i < PUPIL_COUNT(cases); i++) {
        test_case(category, &cases[i]);
    }

    test_many_ids(category);
    test_hooks(category);

    pupil_category_unload(category);
    tap_arena_reset(own);
    free(own);

    return tap_done();
}
