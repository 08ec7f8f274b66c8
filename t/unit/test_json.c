/*
 * Copyright (C) the Pupil authors
 */

#include <time.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/json/json_tree.h"


#define NODES  64

#define count(a)      (sizeof(a) / sizeof((a)[0]))
#define text(s)       s, sizeof(s) - 1


typedef struct {
    const char  *data;
    size_t       len;
    uint32_t     nodes;
} accept_t;


typedef struct {
    const char  *data;
    size_t       len;
    const char  *rule;
    const char  *field;
} refuse_t;


/* A string as sent and as it reads. */
typedef struct {
    const char  *data;
    size_t       len;
    const char  *value;
    size_t       value_len;
} string_t;


static const pupil_json_limits_t  limits = { 16, NODES };

static const accept_t  accepted[] = {
    { text("0"), 1 }, { text("-0"), 1 }, { text("1"), 1 },
    { text("-1.5e+10"), 1 }, { text("1E5"), 1 }, { text("1e-5"), 1 },
    { text("0.1"), 1 }, { text("0e1"), 1 }, { text("10"), 1 },
    { text("123456789012345678901234567890"), 1 }, { text("1e400"), 1 },
    { text("true"), 1 }, { text("false"), 1 }, { text("null"), 1 },
    { text("\"\""), 1 }, { text("\"a\""), 1 }, { text(" [ ] "), 1 },
    { text("\t\r\n 1 \n"), 1 }, { text("[]"), 1 }, { text("{}"), 1 },
    { text("[1]"), 2 }, { text("[1,2,3]"), 4 }, { text("[[],{}]"), 3 },
    { text("{\"a\":1}"), 2 }, { text("{\"\":0}"), 2 },
    { text("{ \"a\" : [ 1 , 2 ] , \"b\" : { } }"), 5 },
    { text("{\"a\":{\"a\":{\"a\":1}}}"), 4 },
    { text("[{\"a\":1},{\"a\":1}]"), 5 },
    { text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), 1 },
    { text("\"\\u0041\\uABcd\\uD83D\\uDE00\""), 1 },
    { text("\"\\u0001\\u007f\\uffff\\u2028\""), 1 },
    { text("\"\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""), 1 },
    { text("{\"a\":1,\"A\":2,\"\\u0061a\":3,\"aaa\":4}"), 5 },
    { text("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), 16 },
    { text("[\"\xef\xbb\xbf\"]"), 2 }, { text("[1.0,1.00,-0.0]"), 4 }
};

static const refuse_t  refused[] = {
    { text(""), "malformed", "" }, { text(" "), "malformed", "" },
    { text("\xef\xbb\xbf{}"), "malformed", "" },
    { text("\xff\xfe{\0}\0"), "utf8", "" },
    { text("{\0}\0"), "nul", "" }, { text("\0"), "nul", "" },
    { text("1\0"), "nul", "" }, { text("[1]\0"), "nul", "" },
    { text("[\0]"), "nul", "/0" }, { text("\"a\0b\""), "nul", "" },
    { text("\"\\\0\""), "nul", "" }, { text("\"\\u0000\""), "nul", "" },
    { text("{\"a\":\"\\u0000\"}"), "nul", "/a" },
    { text("{\"a\\u0000\":1}"), "nul", "" },
    { text("nul"), "malformed", "" }, { text("nulll"), "malformed", "" },
    { text("True"), "malformed", "" }, { text("tru"), "malformed", "" },
    { text("NaN"), "malformed", "" }, { text("Infinity"), "malformed", "" },
    { text("-Infinity"), "malformed", "" }, { text("-"), "malformed", "" },
    { text("+1"), "malformed", "" }, { text("01"), "malformed", "" },
    { text("-01"), "malformed", "" }, { text("00"), "malformed", "" },
    { text("1."), "malformed", "" }, { text(".1"), "malformed", "" },
    { text("1.e1"), "malformed", "" }, { text("1e"), "malformed", "" },
    { text("1e+"), "malformed", "" }, { text("1eE2"), "malformed", "" },
    { text("1.5.5"), "malformed", "" }, { text("0x1"), "malformed", "" },
    { text("1_000"), "malformed", "" }, { text("--1"), "malformed", "" },
    { text("1 2"), "malformed", "" }, { text("- 1"), "malformed", "" },
    { text("\xef\xbc\x91"), "malformed", "" },
    { text("\""), "malformed", "" }, { text("\"a"), "malformed", "" },
    { text("\"\\"), "malformed", "" }, { text("\"\\\""), "malformed", "" },
    { text("\"\\x41\""), "malformed", "" },
    { text("\"\\a\""), "malformed", "" },
    { text("\"\\U0041\""), "malformed", "" },
    { text("\"\\u\""), "malformed", "" },
    { text("\"\\u004\""), "malformed", "" },
    { text("\"\\u00g0\""), "malformed", "" },
    { text("\"\\u 041\""), "malformed", "" },
    { text("\"a\nb\""), "malformed", "" },
    { text("\"a\tb\""), "malformed", "" },
    { text("\"\x1f\""), "malformed", "" }, { text("'a'"), "malformed", "" },
    { text("\"\\\xff\""), "utf8", "" },
    { text("\"\\ud800\""), "utf8", "" },
    { text("\"\\ud800x\""), "utf8", "" },
    { text("\"\\ud800\\n\""), "utf8", "" },
    { text("\"\\ud800\\ud800\""), "utf8", "" },
    { text("\"\\ud800\\u0041\""), "utf8", "" },
    { text("\"\\udc00\""), "utf8", "" },
    { text("\"\\ude00\\ud83d\""), "utf8", "" },
    { text("\"\\ud83d\\u12\""), "utf8", "" },
    { text("\"\\ud83d\\u12g4\""), "malformed", "" },
    { text("\"\xff\""), "utf8", "" }, { text("\"\xc0\xaf\""), "utf8", "" },
    { text("\"\xed\xa0\x80\""), "utf8", "" },
    { text("\"\xe2\x82\""), "utf8", "" },
    { text("\"\xe2\x82"), "utf8", "" },
    { text("\"\xf4\x90\x80\x80\""), "utf8", "" },
    { text("{\"\xff\":1}"), "utf8", "" }, { text("[\xff]"), "utf8", "/0" },
    { text("["), "malformed", "" }, { text("[1"), "malformed", "" },
    { text("[1,"), "malformed", "" }, { text("[1,]"), "malformed", "/1" },
    { text("[,1]"), "malformed", "/0" }, { text("[1,,2]"), "malformed", "/1" },
    { text("[1 2]"), "malformed", "" }, { text("[1}"), "malformed", "" },
    { text("[1]]"), "malformed", "" }, { text("]"), "malformed", "" },
    { text("[\"a\":1]"), "malformed", "" }, { text("[x]"), "malformed", "/0" },
    { text("[\xc2\xa0]"), "malformed", "/0" },
    { text("[\v1]"), "malformed", "/0" }, { text("[\f]"), "malformed", "/0" },
    { text("{"), "malformed", "" }, { text("{\"a\"}"), "malformed", "" },
    { text("{\"a\":}"), "malformed", "/a" },
    { text("{\"a\":1,}"), "malformed", "" },
    { text("{,\"a\":1}"), "malformed", "" },
    { text("{\"a\" 1}"), "malformed", "" },
    { text("{\"a\"::1}"), "malformed", "/a" },
    { text("{a:1}"), "malformed", "" }, { text("{1:1}"), "malformed", "" },
    { text("{'a':1}"), "malformed", "" },
    { text("{null:1}"), "malformed", "" },
    { text("{\"a\":1]"), "malformed", "" },
    { text("{\"a\":1 \"b\":2}"), "malformed", "" },
    { text("{\"a\":1}}"), "malformed", "" }, { text("{}{}"), "malformed", "" },
    { text("{} x"), "malformed", "" }, { text("[] // c"), "malformed", "" },
    { text("/* c */ []"), "malformed", "" }, { text("}"), "malformed", "" },
    { text("{\"a\":{\"b\":[1,2,tru]}}"), "malformed", "/a/b/2" },
    { text("{\"a/b~c\":{\"<script>\":x}}"), "malformed",
      "/a~1b~0c/?script?" },
    { text("{\"\\u0061\\n\xc3\xa9\":x}"), "malformed", "/a??" },
    { text("{\"a\":1,\"a\":2}"), "duplicate-key", "/a" },
    { text("{\"a\":1,\"b\":2,\"c\":3,\"a\":4}"), "duplicate-key", "/a" },
    { text("{\"a\":1,\"\\u0061\":2}"), "duplicate-key", "/a" },
    { text("{\"\\uD83D\\uDE00\":1,\"\xf0\x9f\x98\x80\":2}"),
      "duplicate-key", "/?" },
    { text("{\"\\u00e9\":1,\"\xc3\xa9\":2}"), "duplicate-key", "/?" },
    { text("{\"\\u20aC\":1,\"\xe2\x82\xac\":2}"), "duplicate-key", "/?" },
    { text("{\"\\/\":1,\"/\":2}"), "duplicate-key", "/~1" },
    { text("{\"\":1,\"\":2}"), "duplicate-key", "/" },
    { text("[{\"x\":{\"b\":1,\"b\":2}}]"), "duplicate-key", "/0/x/b" },
    { text("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), "depth",
      "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0" },
    { text("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), "depth",
      "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0" },
    { text("{\"a\":[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]}"), "depth",
      "/a/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0" }
};

static const string_t  strings[] = {
    { text("\"\""), text("") }, { text("\"abc\""), text("abc") },
    { text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), text("\"\\/\b\f\n\r\t") },
    { text("\"\\u0041\\u00e9\\u20AC\\uD83D\\ude00z\""),
      text("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z") },
    { text("\"\\u0001\\u007F\\u0080\\u07ff\\u0800\\uffff\""),
      text("\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf") },
    { text("\"\\uD800\\uDC00\\udbff\\udfff\""),
      text("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") }
};


static tap_arena_t  arena;
static const pupil_alloc_t  alloc = { tap_arena_alloc, &arena };


static pupil_rc_t
scan(const char *data, size_t len, pupil_json_node_t *nodes,
    pupil_json_t *json, pupil_fault_t *fault)
{
    memset(fault, 0, sizeof(pupil_fault_t));
    json->data = tap_guarded(data, len);
    json->nodes = nodes;

    return pupil_json_scan(json->data, len, &limits, nodes, NODES,
                           &json->count, fault);
}


static void
test_accepted(void)
{
    size_t             i;
    pupil_str_t        raw;
    pupil_json_t       json;
    pupil_fault_t      fault;
    pupil_json_node_t  nodes[NODES];

    for (i = 0; i < count(accepted); i++) {
        ok(scan(accepted[i].data, accepted[i].len, nodes, &json, &fault)
           == PUPIL_OK && json.count == accepted[i].nodes, "accepted: %s",
           accepted[i].data);
    }

    scan(text(" [0.10000000000000000001 , {\"a\": 1e400 }] "), nodes, &json,
         &fault);
    raw = pupil_json_raw(&json, 1);
    ok(raw.len == 22 && memcmp(raw.data, "0.10000000000000000001", 22) == 0,
       "a number keeps its bytes");
    raw = pupil_json_raw(&json, 2);
    ok(raw.len == 13 && memcmp(raw.data, "{\"a\": 1e400 }", 13) == 0,
       "an object keeps its bytes");
}


static void
test_refused(void)
{
    size_t             i;
    pupil_rc_t         rc;
    pupil_json_t       json;
    pupil_fault_t      fault;
    pupil_json_node_t  nodes[NODES];

    for (i = 0; i < count(refused); i++) {
        rc = scan(refused[i].data, refused[i].len, nodes, &json, &fault);
        ok(rc == PUPIL_INVALID && fault.status == 400 && json.count == 0
           && strcmp(fault.rule, refused[i].rule) == 0
           && strcmp(fault.field, refused[i].field) == 0,
           "refused, case %zu: %s at '%s'", i,
           fault.rule != NULL ? fault.rule : "-", fault.field);
    }
}


/*
 * A text cut at each byte is refused without a read behind it (numbers and
 * whole texts aside), and any byte of it replaced by any other is scanned
 * without one.
 */
static void
test_cut_and_flip(void)
{
    int                good;
    char               copy[128];
    size_t             i, len;
    uint8_t           *flipped;
    unsigned           c;
    uint32_t           n;
    pupil_json_t       json;
    pupil_fault_t      fault;
    pupil_json_node_t  nodes[NODES];

    static const char  whole[] =
        "{\"a\\u0041\":[1.5e+3,-0,true,false,null,\"\\ud83d\\ude00\xc3\xa9\"]"
        ",\"b\":{\"c\":{},\"d\":[]}}";

    len = sizeof(whole) - 1;
    ok(scan(whole, len, nodes, &json, &fault) == PUPIL_OK, "the whole text");

    for (good = 1, i = 0; i < len; i++) {
        good &= scan(whole, i, nodes, &json, &fault) == PUPIL_INVALID
                && fault.status == 400;
    }

    ok(good, "cut at any byte, it is refused");

    memcpy(copy, whole, len);
    flipped = tap_guarded(copy, len);

    for (good = 1, i = 0; i < len; i++) {
        for (c = 0; c < 256; c++) {
            flipped[i] = (uint8_t) c;
            good &= pupil_json_scan(flipped, len, &limits, nodes, NODES, &n,
                                    &fault) == PUPIL_INVALID || n > 0;
        }

        flipped[i] = (uint8_t) whole[i];
    }

    ok(good, "any byte replaced by any other");
}


static void
test_limits(void)
{
    uint32_t             n;
    pupil_fault_t        fault;
    pupil_json_node_t    nodes[NODES];
    pupil_json_limits_t  three = { 16, 3 }, deep = { 1000, NODES };
    pupil_json_limits_t  flat = { 0, NODES };
    char                 nested[400];

    ok(pupil_json_scan((const uint8_t *) text("[1,2]"), &three, nodes, NODES,
                       &n, &fault) == PUPIL_OK, "as many nodes as allowed");
    ok(pupil_json_scan((const uint8_t *) text("[1,[2]]"), &three, nodes,
                       NODES, &n, &fault) == PUPIL_INVALID
       && strcmp(fault.rule, "too-many-nodes") == 0, "one node more");
    ok(pupil_json_scan((const uint8_t *) text("[1,2]"), &three, nodes, 2, &n,
                       &fault) == PUPIL_INVALID
       && strcmp(fault.rule, "too-many-nodes") == 0, "one over capacity");
    ok(pupil_json_scan((const uint8_t *) text("1"), &three, nodes, 0, &n,
                       NULL) == PUPIL_INVALID, "no capacity, no fault");
    ok(pupil_json_scan(NULL, 0, &three, nodes, 1, &n, &fault)
       == PUPIL_INVALID, "nothing at all");
    ok(pupil_json_scan((const uint8_t *) text("1"), &flat, nodes, 1, &n,
                       &fault) == PUPIL_OK
       && pupil_json_scan((const uint8_t *) text("[]"), &flat, nodes, 1, &n,
                          &fault) == PUPIL_INVALID
       && strcmp(fault.rule, "depth") == 0, "depth 0 allows no container");

    memset(nested, '[', sizeof(nested));
    ok(pupil_json_scan((const uint8_t *) nested, sizeof(nested), &deep,
                       nodes, NODES, &n, &fault) == PUPIL_INVALID,
       "nesting beyond all bounds");
}


static void
test_access(void)
{
    char               pointer[128], tiny[6];
    uint32_t           b, n, elements;
    pupil_str_t        name;
    pupil_json_t       json;
    pupil_fault_t      fault;
    pupil_json_node_t  nodes[NODES];

    ok(scan(text("{\"a\":1,\"\\u0062\":[10,[],30],\"c\":{\"d\":null}}"),
            nodes, &json, &fault) == PUPIL_OK && json.count == 8, "a tree");

    b = pupil_json_member(&json, 0, "b");
    ok(pupil_json_type(&json, b) == PUPIL_JSON_ARRAY
       && nodes[b].children == 3, "a member by its unescaped name");
    ok(pupil_json_member(&json, 0, "d") == PUPIL_JSON_NONE
       && pupil_json_member(&json, 0, "") == PUPIL_JSON_NONE
       && pupil_json_member(&json, 0, "bb") == PUPIL_JSON_NONE
       && pupil_json_member(&json, b, "0") == PUPIL_JSON_NONE
       && pupil_json_member(&json, 1, "a") == PUPIL_JSON_NONE
       && pupil_json_member(&json, 99, "a") == PUPIL_JSON_NONE,
       "members that are not there");

    elements = 0;
    for (n = pupil_json_first(&json, b); n != PUPIL_JSON_NONE;
         n = pupil_json_next(&json, n))
    {
        elements++;
        pupil_json_pointer(&json, n, pointer, sizeof(pointer));
    }

    ok(elements == 3 && strcmp(pointer, "/b/2") == 0,
       "iteration and pointer");
    pupil_json_pointer(&json, 7, pointer, sizeof(pointer));
    ok(strcmp(pointer, "/c/d") == 0, "pointer of a deeper member");
    pupil_json_pointer(&json, 0, pointer, sizeof(pointer));
    ok(strcmp(pointer, "") == 0, "pointer of the root");
    pupil_json_pointer(&json, 7, tiny, 4);
    ok(strcmp(tiny, "/c") == 0 || strcmp(tiny, "/c/") == 0,
       "a pointer is cut to its room: %s", tiny);
    pupil_json_pointer(&json, 7, tiny, 1);
    ok(tiny[0] == '\0', "no room at all");

    ok(pupil_json_key(&json, b, &alloc, &name) == PUPIL_OK
       && name.len == 1 && name.data[0] == 'b', "a name unescaped");
    ok(pupil_json_key(&json, 0, &alloc, &name) == PUPIL_INVALID
       && pupil_json_key(&json, b + 1, &alloc, &name) == PUPIL_INVALID
       && pupil_json_string(&json, b, &alloc, &name) == PUPIL_INVALID,
       "no name, no string");
    ok(pupil_json_first(&json, b + 2) == PUPIL_JSON_NONE
       && pupil_json_first(&json, 1) == PUPIL_JSON_NONE,
       "nothing inside an empty array or a number");
    tap_arena_reset(&arena);
}


static void
test_strings(void)
{
    size_t             i;
    pupil_str_t        s;
    pupil_json_t       json;
    pupil_fault_t      fault;
    pupil_json_node_t  nodes[NODES];

    for (i = 0; i < count(strings); i++) {
        scan(strings[i].data, strings[i].len, nodes, &json, &fault);
        arena.fail_at = 0;
        ok(pupil_json_string(&json, 0, &alloc, &s) == PUPIL_OK
           && s.len == strings[i].value_len
           && memcmp(s.data, strings[i].value, s.len) == 0,
           "string case %zu", i);

        arena.fail_at = 1;
        ok(pupil_json_string(&json, 0, &alloc, &s)
           == (nodes[0].escaped ? PUPIL_NO_MEMORY : PUPIL_OK),
           "takes memory only for escapes");
    }

    arena.fail_at = 0;
    tap_arena_reset(&arena);
}


static void
test_names(void)
{
    char    out[100];
    size_t  i;
    char    longer[200];

    memset(longer, '/', sizeof(longer));
    ok(pupil_json_name((uint8_t *) longer, 200, out, sizeof(out)) == 64
       && strlen(out) == 64, "a name is cut to 64 bytes");
    longer[0] = 'x';
    ok(pupil_json_name((uint8_t *) longer, 200, out, sizeof(out)) == 63
       && out[62] == '1', "and not inside of ~1");
    ok(pupil_json_name((const uint8_t *) text("Az09-_.:$@"), out, 100) == 10
       && strcmp(out, "Az09-_.:$@") == 0, "what names are made of");

    for (i = 0; i < sizeof(longer); i++) {
        longer[i] = (char) i;
    }

    pupil_json_name((uint8_t *) longer + 1, 31, out, sizeof(out));
    ok(strspn(out, "?") == 31, "control characters are not shown");
}


/* n members {"<prefix><number>":0,...}; the last name repeats the first. */
static size_t
many_members(char *p, size_t n, const char *prefix, int duplicate)
{
    char    *start = p;
    size_t   i;

    *p++ = '{';
    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s\"%s%zx\":0", i == 0 ? "" : ",", prefix,
                     (i * 40503) & 0xffff);
    }

    if (duplicate) {
        p += sprintf(p, ",\"%s\\u0030\":0", prefix);
    }

    *p++ = '}';

    return (size_t) (p - start);
}


static void
test_many_members(void)
{
    char                 *data;
    size_t                len;
    clock_t               start;
    pupil_json_t          json;
    pupil_fault_t         fault;
    pupil_json_limits_t   many = { 16, 100000 };

    data = malloc(4 << 20);
    if (data == NULL) {
        exit(2);
    }

    start = clock();
    len = many_members(data, 20000, "", 0);
    ok(pupil_json_parse(&alloc, (uint8_t *) data, len, &many, &json, &fault)
       == PUPIL_OK && json.count == 20001, "20000 members, %zu bytes", len);

    len = many_members(data, 20000, "", 1);
    ok(pupil_json_parse(&alloc, (uint8_t *) data, len, &many, &json, &fault)
       == PUPIL_INVALID && strcmp(fault.rule, "duplicate-key") == 0
       && strcmp(fault.field, "/0") == 0, "and one of them again");

    len = many_members(data, 20000, "a\\u0061long\\tcommon/prefix", 0);
    ok(pupil_json_parse(&alloc, (uint8_t *) data, len, &many, &json, &fault)
       == PUPIL_OK, "20000 escaped names with one prefix, %zu bytes", len);

    /* quadratic would be 2 * 10^8 comparisons for each */
    ok(clock() - start < 2 * CLOCKS_PER_SEC, "in %ld ms",
       (long) ((clock() - start) / (CLOCKS_PER_SEC / 1000)));

    free(data);
    tap_arena_reset(&arena);
}


static void
test_parse(void)
{
    long                 i;
    pupil_rc_t           rc;
    pupil_json_t         json;
    pupil_fault_t        fault;
    pupil_json_limits_t  few = { 16, 2 };

    for (i = 1, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; i++) {
        arena.fail_at = i;
        rc = pupil_json_parse(&alloc, (const uint8_t *) text("[1,{},[]]"),
                              &limits, &json, &fault);
    }

    arena.fail_at = 0;
    ok(rc == PUPIL_OK && i == 3 && json.count == 4,
       "parse takes memory once");
    ok(pupil_json_parse(&alloc, (const uint8_t *) text("[1,2]"), &few, &json,
                        &fault) == PUPIL_INVALID
       && strcmp(fault.rule, "too-many-nodes") == 0, "and never too much");
    tap_arena_reset(&arena);
}


int
main(void)
{
    test_accepted();
    test_refused();
    test_cut_and_flip();
    test_limits();
    test_access();
    test_strings();
    test_names();
    test_many_members();
    test_parse();

    return tap_done();
}
