/*
 * Copyright (C) the Pupil authors
 *
 * Which passwords may be chosen: the list of common ones, how it is searched,
 * and the form in which two keyboards send one password.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/login/chosen.h"
#include "core/login/password.h"
#include "tap.h"


#define SHIPPED  "ngx_module/core/login/common-passwords.txt"


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


/* A file with that text, read. */
static pupil_rc_t
list(const char *text, pupil_str_t *lines, pupil_alloc_t *alloc,
    pupil_error_t *error)
{
    int         fd;
    char        path[] = "/tmp/pupil-chosen-XXXXXX";
    pupil_rc_t  rc;

    fd = mkstemp(path);

    if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t) strlen(text)) {
        return PUPIL_FAILED;
    }

    (void) close(fd);
    rc = pupil_common_read(path, alloc, lines, error);
    (void) unlink(path);

    return rc;
}


static void
test_lists(pupil_alloc_t *alloc)
{
    size_t         i;
    pupil_str_t    lines;
    pupil_error_t  error;

    static const struct {
        const char  *text, *name;
    } bad[] = {
        { "", "an empty file" },
        { "# of nothing\n", "a comment alone" },
        { "bcd\nabc\n", "out of order" },
        { "abc\nabc\n", "twice the same" },
        { "Abc\n", "a capital" },
        { "abc\n\nbcd\n", "an empty line" },
        { "abc\nbcd", "no end of the last line" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(list(bad[i].text, &lines, alloc, &error) == PUPIL_INVALID,
           "refused: %s: %s", bad[i].name, error.text);
    }

    ok(pupil_common_read("/nowhere", alloc, &lines, &error) == PUPIL_INVALID,
       "refused: %s", error.text);

    ok(list("#\n# a comment\n#hash\na\nab\nabc\nb\n", &lines, alloc, &error)
       == PUPIL_OK, "a list");
    ok(pupil_common_has(lines, str("#hash")), "what is no comment");
    ok(pupil_common_has(lines, str("a")) && pupil_common_has(lines, str("ab"))
       && pupil_common_has(lines, str("abc"))
       && pupil_common_has(lines, str("b")), "each is found");
    ok(pupil_common_has(lines, str("aBC")), "in capitals, too");
    ok(!pupil_common_has(lines, str("")) && !pupil_common_has(lines, str("aa"))
       && !pupil_common_has(lines, str("abcd"))
       && !pupil_common_has(lines, str("c"))
       && !pupil_common_has(lines, str("\"")), "nothing else is");
    ok(!pupil_common_has(lines, str("# a comment")), "nor a comment");
    ok(!pupil_common_has(lines, str("a\nab")), "nor two lines");
}


/* Each line of the list that is shipped, and none with a byte more. */
static void
test_shipped(pupil_alloc_t *alloc)
{
    char            longer[256];
    size_t          n, missed, made_up;
    pupil_str_t     lines, line;
    pupil_error_t   error;
    const uint8_t  *p, *end;

    ok(pupil_common_read(SHIPPED, alloc, &lines, &error) == PUPIL_OK,
       "the list that is shipped is one");

    n = missed = made_up = 0;

    for (p = lines.data; p < lines.data + lines.len; p = end + 1) {
        end = memchr(p, '\n', (size_t) (lines.data + lines.len - p));
        line.data = p;
        line.len = (size_t) (end - p);
        missed += !pupil_common_has(lines, line);

        snprintf(longer, sizeof(longer), "%.*s\x01", (int) line.len,
                 (const char *) p);
        made_up += pupil_common_has(lines, str(longer));
        n++;
    }

    ok(n > 8000, "it has %zu passwords", n);
    ok(missed == 0, "each is found");
    ok(made_up == 0, "and none with a byte more");
}


static int
broken(const char *rule, const char *expected)
{
    return rule != NULL && strcmp(rule, expected) == 0;
}


static void
test_rules(pupil_alloc_t *alloc)
{
    pupil_str_t     names[2];
    pupil_error_t   error;
    pupil_chosen_t  rules;

    rules.length = 8;
    names[0] = str("Anna.Andersson");
    names[1] = (pupil_str_t){ NULL, 0 };

    ok(list("password\n", &rules.common, alloc, &error) == PUPIL_OK, "rules");

#define breaks(text)  pupil_chosen_breaks(&rules, str(text), names, 2)

    ok(broken(breaks("1234567"), "minLength"), "seven characters");
    ok(broken(breaks("\xc3\xa5\xc3\xa5\xc3\xa5\xc3\xa5"), "minLength"),
           "four characters of eight bytes");
    ok(breaks("\xc3\xa5\xc3\xa5\xc3\xa5\xc3\xa5"
              "\xc3\xa5\xc3\xa5\xc3\xa5\xc3\xa5") == NULL, "eight");
    ok(breaks("aaaaaaaa") == NULL, "no rule of what it is made of");
    ok(broken(breaks("Password"), "common"), "a common one");
    ok(broken(breaks("anna.andersson"), "name"), "its owner's name");
    ok(breaks("anna.andersson1") == NULL && breaks("anna.anderss") == NULL,
       "not what is longer or shorter");

    names[1] = str("anna.berg@school.example");

    ok(broken(breaks("anna.berg"), "name"), "what stands before the at sign");
    ok(broken(breaks("anna.berg@school.example"), "name"),
       "and the whole address");
    ok(breaks("anna.berg@") == NULL, "not half of it");

#undef breaks
}


static void
test_form(pupil_alloc_t *alloc)
{
    pupil_str_t  in, out;

    in = str("correct horse");
    ok(pupil_password_form(in, alloc, &out) == PUPIL_OK && out.data == in.data
       && out.len == in.len, "ASCII is as it was, where it was");

    in = str("f\x61\xcc\x8ar");
    ok(pupil_password_form(in, alloc, &out) == PUPIL_OK && out.len == 4
       && memcmp(out.data, "f\xc3\xa5r", 4) == 0,
       "a letter and its mark are one character");

    in = str("\xef\xac\x81");
    ok(pupil_password_form(in, alloc, &out) == PUPIL_OK && out.len == 3
       && memcmp(out.data, in.data, 3) == 0,
       "what only looks the same stays apart");
}


int
main(void)
{
    static tap_arena_t  arena;
    pupil_alloc_t       alloc = { tap_arena_alloc, &arena };

    test_lists(&alloc);
    test_shipped(&alloc);
    test_rules(&alloc);
    test_form(&alloc);

    tap_arena_reset(&arena);

    return tap_done();
}
