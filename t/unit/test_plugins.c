/*
 * Copyright (C) the Pupil authors
 *
 * The plugins as they are built: loading, pinning, a file that changes while
 * it is loaded, and what each makes of values.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>

#include "core/base/text.h"
#include "core/plugin/value.h"
#include "core/policy/policy.h"
#include "tap.h"


static tap_arena_t    arena;
static pupil_alloc_t  alloc = { tap_arena_alloc, &arena };
static char           folder[PATH_MAX];


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static pupil_category_t *
load(const char *name)
{
    char               path[PATH_MAX + 64];
    pupil_error_t      error;
    pupil_category_t  *category;

    snprintf(path, sizeof(path), "%s/pupil_%s.so", folder, name);

    if (pupil_category_load(path, NULL, &alloc, &category, &error)
        != PUPIL_OK)
    {
        printf("Bail out! %s\n", error.text);
        exit(2);
    }

    return category;
}


/* A JSON value to what is stored; expected NULL: rule is the refusal's. */
static void
value(pupil_category_t *category, const char *field, const char *json,
    const char *expected, const char *rule)
{
    int32_t              f;
    uint8_t             *text;
    pupil_rc_t           rc;
    pupil_str_t          got;
    pupil_json_t         tree;
    pupil_fault_t        fault;
    pupil_json_limits_t  limits = { 16, 64 };

    f = pupil_category_field(category, str(field));
    text = tap_guarded(json, strlen(json));

    if (f < 0 || pupil_json_parse(&alloc, text, strlen(json), &limits, &tree,
                                  &fault) != PUPIL_OK)
    {
        ok(0, "%s: %s", field, json);
        return;
    }

    memset(&fault, 0, sizeof(fault));
    rc = pupil_value_accept(category, (uint32_t) f, &tree, 0, &alloc, &got,
                            &fault);

    if (expected != NULL) {
        ok(rc == PUPIL_OK && pupil_str_is(got, expected), "%s: %.60s is"
           " taken %s", field, json, rc == PUPIL_OK ? "" : fault.rule);
    } else {
        ok(rc == PUPIL_INVALID && strcmp(fault.rule, rule) == 0
           && fault.status == 422 && strcmp(fault.field + 1, field) == 0,
           "%s: %.60s is refused: %s", field, json, fault.rule);
    }
}


/* A clear value as JSON. */
static void
written(pupil_category_t *category, const char *field, const char *text,
    const char *expected)
{
    pupil_str_t     out;
    pupil_writer_t  writer;

    pupil_writer_init(&writer, &alloc, 0);
    pupil_value_write(category,
                      (uint32_t) pupil_category_field(category, str(field)),
                      str(text), &writer);
    ok(pupil_writer_flatten(&writer, &alloc, &out) == PUPIL_OK
       && pupil_str_is(out, expected), "%s is written as %s", text, expected);
}


static void
test_text(void)
{
    pupil_category_t  *c;

    c = load("identity");
    value(c, "given_name", "\"  Åsa  \"", "Åsa", NULL);
    value(c, "given_name", "\"O'Neill-\\u00e9\"", "O'Neill-é", NULL);
    value(c, "given_name", "\"\"", NULL, "minLength");
    value(c, "given_name", "\"   \"", NULL, "minLength");
    value(c, "family_name", "\"\"", "", NULL);
    value(c, "given_name", "\"a\\u0007b\"", NULL, "pattern");
    value(c, "given_name", "\"a\\nb\"", NULL, "pattern");
    value(c, "given_name", "\"a\\u2028b\"", NULL, "pattern");
    value(c, "given_name", "7", NULL, "type");
    value(c, "given_name", "null", NULL, "type");
    value(c, "given_name", "[\"a\"]", NULL, "type");
    pupil_category_unload(c);

    c = load("example");
    value(c, "favourite_subjects", "\"maths, history \"", "maths, history",
          NULL);
    value(c, "favourite_subjects", "\"a,b,c,d,e,f\"", NULL, "max_subjects");
    (void) pupil_category_option(c, str("max_subjects=6"), NULL);
    value(c, "favourite_subjects", "\"a,b,c,d,e,f\"", "a,b,c,d,e,f", NULL);
    value(c, "favourite_subjects", "\"maths; drop\"", NULL, "pattern");
    value(c, "chosen_on", "\"2026-11-21\"", "2026-11-21", NULL);
    value(c, "chosen_on", "\"2026-02-30\"", NULL, "date");
    pupil_category_unload(c);

    c = load("credential");
    value(c, "login_id", "\" anna01 \"", "anna01", NULL);
    value(c, "login_id", "\"an na\"", NULL, "pattern");
    value(c, "password_hash", "\"$argon2id$v=19$m=1,t=1,p=1$YQ$YQ\"",
          "$argon2id$v=19$m=1,t=1,p=1$YQ$YQ", NULL);
    value(c, "password_hash", "\"hunter2\"", NULL, "pattern");
    pupil_category_unload(c);
}


static void
test_email(void)
{
    char               json[300];
    size_t             i;
    pupil_str_t        term;
    pupil_category_t  *c;

    static const char *const  bad[] = {
        "a", "@", "a@", "@b.se", "a@b", "a b@c.se", "a@b..se", "a@-b.se",
        "a@b-.se", "a@b.se.", ".a@b.se", "a.@b.se", "a@b@c.se", "a,b@c.se",
        "a@b.se\\n", "<a@b.se>", "a@[10.0.0.1]"
    };

    c = load("contact");
    value(c, "email", "\" Anna.Berg@School.example \"",
          "Anna.Berg@School.example", NULL);
    value(c, "email", "\"o'neill+x@sub.school.example\"",
          "o'neill+x@sub.school.example", NULL);
    value(c, "email", "\"jürgen@schüle.example\"", "jürgen@schüle.example",
          NULL);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(json, sizeof(json), "\"%s\"", bad[i]);
        value(c, "email", json, NULL,
              strstr(bad[i], "a.@") == bad[i] || bad[i][0] == '.'
              ? "email" : "pattern");
    }

    snprintf(json, sizeof(json), "\"%065d@b.se\"", 0);
    value(c, "email", json, NULL, "email");
    snprintf(json, sizeof(json), "\"a@%0250d.se\"", 0);
    value(c, "email", json, NULL, "maxLength");

    ok(pupil_value_term(c, 0, str(" Anna@School.Example "), &alloc, &term)
       == PUPIL_OK && pupil_str_is(term, "anna@school.example"),
       "the term does not know case");
    arena.fail_at = 1;
    ok(pupil_value_term(c, 0, str("a@b.se"), &alloc, &term)
       == PUPIL_NO_MEMORY, "no memory for a term");
    arena.fail_at = 0;
    ok(pupil_value_project(c, 0, PUPIL_PURPOSE_TEACHING, str("a"), &alloc,
                           &term) == PUPIL_INVALID, "no projection");
    pupil_category_unload(c);
}


static void
project(pupil_category_t *c, uint32_t purpose, const char *address,
    const char *expected)
{
    pupil_rc_t   rc;
    pupil_str_t  out;

    rc = pupil_value_project(c, 0, purpose, str(address), &alloc, &out);

    ok(expected != NULL ? rc == PUPIL_OK && pupil_str_is(out, expected)
                        : rc == PUPIL_INVALID,
       "%s for %s is %s", address, pupil_purpose_name(purpose),
       expected != NULL ? expected : "refused");
}


static void
test_network(void)
{
    pupil_category_t  *c;

    c = load("network");
    value(c, "address", "\"192.0.2.7\"", "192.0.2.7", NULL);
    value(c, "address", "\"2001:DB8:0:0::1\"", "2001:db8::1", NULL);
    value(c, "address", "\"::ffff:192.0.2.7\"", "192.0.2.7", NULL);
    value(c, "address", "\"192.0.2\"", NULL, "ip-address");
    value(c, "address", "\"192.0.2.7/24\"", NULL, "ip-address");
    value(c, "address", "\"\"", NULL, "ip-address");
    value(c, "seen_at", "\"2026-11-21T09:00:00+01:00\"",
          "2026-11-21T08:00:00Z", NULL);

    project(c, PUPIL_PURPOSE_SECURITY, "192.0.2.7", "192.0.2.7");
    project(c, PUPIL_PURPOSE_SUBJECT_ACCESS, "192.0.2.7", "192.0.2.0/24");
    project(c, PUPIL_PURPOSE_ACCOUNTABILITY, "2001:db8:1:2::3",
            "2001:db8:1::/48");
    project(c, PUPIL_PURPOSE_ACCOUNTABILITY, "no address", NULL);
    arena.fail_at = 1;
    project(c, PUPIL_PURPOSE_SECURITY, "192.0.2.7", "192.0.2.7");
    arena.fail_at = 0;
    pupil_category_unload(c);
}


static void
test_types(void)
{
    pupil_category_t  *c;

#define ID1  "11111111-1111-4111-8111-111111111111"
#define ID2  "22222222-2222-4222-8222-222222222222"

    c = load("homework");
    value(c, "exercise_ids", "[\"" ID1 "\", \"" ID2 "\"]", ID1 " " ID2, NULL);
    value(c, "exercise_ids", "[]", "", NULL);
    value(c, "exercise_ids", "[\"" ID1 "\", 7]", NULL, "uuid");
    value(c, "exercise_ids", "[\"x\"]", NULL, "uuid");
    value(c, "exercise_ids", "\"" ID1 "\"", NULL, "type");
    value(c, "assigned_by", "\"" ID1 "\"", ID1, NULL);
    value(c, "assigned_by", "\"" ID1 "0\"", NULL, "uuid");
    value(c, "due_at", "\"2026-11-21\"", NULL, "date-time");
    written(c, "exercise_ids", ID1 " " ID2, "[\"" ID1 "\",\"" ID2 "\"]");
    written(c, "exercise_ids", "", "[]");
    written(c, "title", "a\"b", "\"a\\\"b\"");
    pupil_category_unload(c);

    c = load("progress");
    value(c, "answer", "{\"x\":0.10}", "{\"x\":0.10}", NULL);
    value(c, "answer", "null", "null", NULL);
    value(c, "result", "{}", "{}", NULL);
    value(c, "result", "[]", NULL, "type");
    value(c, "done", "true", "true", NULL);
    value(c, "done", "\"true\"", NULL, "type");
    value(c, "class_id", "\"" ID1 "\"", ID1, NULL);
    written(c, "done", "false", "false");
    written(c, "answer", "{\"x\":0.10}", "{\"x\":0.10}");
    written(c, "answer", "", "null");
    pupil_category_unload(c);
}


/* Types that no plugin of ours has, and texts as an import has them. */
static void
test_import(void)
{
    size_t             i;
    pupil_rc_t         rc;
    pupil_str_t        out;
    pupil_fault_t      fault;
    pupil_error_t      error;
    pupil_category_t  *c;

    static const pupil_field_t  fields[] = {
        { .name = "i", .type = PUPIL_TYPE_INTEGER, .max_size = 20,
          .why = "Why." },
        { .name = "d", .type = PUPIL_TYPE_DECIMAL,
          .flags = PUPIL_FIELD_SEALED, .max_size = 30, .why = "Why." },
        { .name = "l", .type = PUPIL_TYPE_UUID_LIST, .max_size = 200,
          .why = "Why." },
        { .name = "t", .type = PUPIL_TYPE_TEXT, .max_size = 4,
          .why = "Why." },
        { .name = "j", .type = PUPIL_TYPE_JSON, .flags = PUPIL_FIELD_SEALED,
          .max_size = 99, .why = "Why." }
    };
    static const pupil_grant_t  grants[] = {
        { .fields = "i", .purpose = PUPIL_PURPOSE_AUTHENTICATION,
          .relation = PUPIL_RELATION_SELF, .operation = PUPIL_OPERATION_READ,
          .basis = PUPIL_BASIS_CONSENT }
    };
    static const pupil_retention_t  retention = {
        .from = PUPIL_EVENT_CREATED,
        .days = 1,
        .then = PUPIL_EXPIRY_ERASE
    };
    static const pupil_plugin_t  plugin = {
        PUPIL_PLUGIN_HEADER,
        .name = "types",
        .version = "1.0.0",
        .summary = "A.",
        .source = "B.",
        .recipients = "none",
        .owner = PUPIL_OWNER_SUBJECT,
        .cardinality = PUPIL_CARDINALITY_ONE,
        PUPIL_FIELDS(fields),
        PUPIL_GRANTS(grants),
        PUPIL_RETENTION(retention)
    };
    static const struct {
        uint32_t     field;
        const char  *text, *rule;
    } cases[] = {
        { 0, "0", NULL }, { 0, "-1", NULL },
        { 0, "9223372036854775807", NULL },
        { 0, "-9223372036854775808", NULL },
        { 0, "9223372036854775808", "integer" },
        { 0, "-9223372036854775809", "integer" },
        { 0, "99999999999999999999", "integer" },
        { 0, "", "integer" }, { 0, "-", "integer" }, { 0, "-0", "integer" },
        { 0, "01", "integer" }, { 0, "1.0", "integer" },
        { 0, "1e3", "integer" }, { 0, " 1", "integer" },
        { 1, "0.10", NULL }, { 1, "1e3", "exponent" },
        { 1, "0.1234567", "decimals" }, { 1, "x", "malformed" },
        { 2, "", NULL }, { 2, ID1, NULL }, { 2, ID1 " " ID2, NULL },
        { 2, ID1 " ", "uuid" }, { 2, " " ID1, "uuid" },
        { 2, ID1 ID2, "uuid" }, { 2, ID1 "  " ID2, "uuid" },
        { 3, "åå", NULL }, { 3, "ååå", "maxLength" }, { 3, "\xff", "utf8" },
        { 4, "{\"a\":1}", NULL }, { 4, "{\"a\":1", "malformed" },
        { 4, "", "malformed" }, { 4, "{\"a\":1,\"a\":2}", "duplicate-key" }
    };

    if (pupil_category_wrap(&plugin, &alloc, &c, &error) != PUPIL_OK) {
        ok(0, "%s", error.text);
        return;
    }

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fault.rule = "none";
        out = str(cases[i].text);
        out.data = tap_guarded(out.data, out.len);
        rc = pupil_value_accept_text(c, cases[i].field, out, &alloc, &out,
                                     &fault);
        ok(cases[i].rule == NULL ? rc == PUPIL_OK
           : rc == PUPIL_INVALID && strcmp(fault.rule, cases[i].rule) == 0,
           "%s: \"%s\": %s", fields[cases[i].field].name, cases[i].text,
           rc == PUPIL_OK ? "ok" : fault.rule);
    }

    out.data = (const uint8_t *) "a\0b";
    out.len = 3;
    ok(pupil_value_accept_text(c, 3, out, &alloc, &out, &fault)
       == PUPIL_INVALID && strcmp(fault.rule, "nul") == 0, "NUL");

    pupil_category_unload(c);
}


static int
copy_file(const char *from, const char *to, int append)
{
    int    c;
    FILE  *in, *out;

    in = fopen(from, "rb");
    out = fopen(to, "wb");
    if (in == NULL || out == NULL) {
        return 0;
    }

    while ((c = getc(in)) != EOF) {
        putc(c, out);
    }

    if (append) {
        putc('\n', out);
    }

    fclose(in);

    return fclose(out) == 0;
}


/*
 * A file that changes under a loaded plugin: what is loaded is a copy, so that
 * both versions run at once, whatever was loaded before.
 */
static void
test_changed(void)
{
    char               from[PATH_MAX + 64], path[256];
    char               tmp[] = "/tmp/pupil-test-XXXXXX";
    void              *kept;
    Dl_info            info;
    uint8_t            pin[32];
    pupil_rc_t         rc;
    pupil_error_t      error;
    pupil_category_t  *one, *two;

    snprintf(from, sizeof(from), "%s/pupil_example.so", folder);
    if (mkdtemp(tmp) == NULL) {
        ok(0, "%s: %s", tmp, strerror(errno));
        return;
    }

    snprintf(path, sizeof(path), "%s/p.so", tmp);

    error.text[0] = '\0';
    ok(copy_file(from, path, 0), "a file");
    rc = pupil_category_load(path, NULL, &alloc, &one, &error);
    ok(rc == PUPIL_OK, "the first loads %s", error.text);
    memcpy(pin, one->sha256, 32);

    ok(pupil_category_load(path, pin, &alloc, &two, &error) == PUPIL_OK
       && two->plugin != one->plugin,
       "and again, with its SHA-256, as code of its own");
    pupil_category_unload(two);

    pin[31] ^= 1;
    ok(pupil_category_load(path, pin, &alloc, &two, &error) == PUPIL_INVALID
       && two == NULL && strstr(error.text, "SHA-256") != NULL,
       "another SHA-256 is refused: %s", error.text);
    pin[31] ^= 1;

    ok(copy_file(from, path, 1), "the file is overwritten");
    ok(one->plugin->fields[0].max_size == 200, "what was loaded is there");
    rc = pupil_category_load(path, NULL, &alloc, &two, &error);
    ok(rc == PUPIL_OK && memcmp(two->sha256, pin, 32) != 0,
       "the next loads beside it %s", error.text);
    pupil_category_unload(two);

    /* the dynamic linker keeps what is marked so, by the name it had */

    ok(dladdr(one->plugin, &info) != 0, "the name of what is loaded");
    kept = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    ok(kept != NULL, "kept for ever: %s", info.dli_fname);
    pupil_category_unload(one);

    snprintf(from, sizeof(from), "%s/pupil_identity.so", folder);
    rc = pupil_category_load(from, NULL, &alloc, &two, &error);
    ok(rc == PUPIL_OK && pupil_str_is(two->name, "identity"),
       "what is kept is not taken for another %s", error.text);

    if (rc == PUPIL_OK) {
        pupil_category_unload(two);
    }

    (void) unlink(path);
    (void) rmdir(tmp);
}


int
main(void)
{
    const char  *build;

    build = getenv("PUPIL_BUILD");
    if (sodium_init() < 0
        || realpath(build != NULL ? build : "build", folder) == NULL)
    {
        printf("Bail out! no build folder\n");
        return 2;
    }

    strncat(folder, "/plugins", sizeof(folder) - strlen(folder) - 1);

    test_text();
    test_email();
    test_network();
    test_types();
    test_import();
    test_changed();
    tap_arena_reset(&arena);

    return tap_done();
}
