#!/usr/bin/perl

# t/lib/format.pl lets nginx's layout be and finds what breaks it.

use lib 't/lib';
use Pupil::Test;

my $format = root_dir() . '/t/lib/format.pl';
my $good = <<'END';
/*
 * Copyright
 */

#include <stddef.h>


#define A_LONG_NAME(x)  ((x) * 2)


typedef struct {
    size_t    len;          /* bytes */
    char     *text;
    void    *(*alloc)(void *ctx, size_t size);
    unsigned  flag:1;
} thing_t;


static int thing_find(const thing_t *thing, const char *name, size_t name_len,
    size_t *out);
static const thing_t  things[] = {
    { 1, "one",
      NULL, 0 },
    { 2, "two", NULL, 0 }
};

static const struct {
    int          number;
    const char  *name;
} names[] = {
    { 1, "one" },
    { 2, "two" }
};


static int
thing_find(const thing_t *thing, const char *name, size_t name_len,
    size_t *out)
{
    size_t       i;
    const char  *p;

    for (i = 0; i < name_len; i++) {
        if (thing->text[i] != name[i]
            && thing->flag)
        {
            goto failed;
        }
    }

    for (p = name; *p != '\0'; p++) { /* void */ }

    switch (thing->len) {

    case 1:
        *out = (size_t) 7;
        break;

    default:
        return thing_find(things,
                          name, name_len, out);
    }

    return 0;

failed:

    return 1;
}
END

# Gives the exit code of --check and the text after formatting.
sub formatted ($text) {
    my $dir = tmp_dir();
    run_cmd('cp', root_dir() . '/.clang-format', $dir);
    my $file = spew("$dir/thing.c", $text);
    my $check = run_cmd($^X, $format, '--check', $file);
    my $run = run_cmd($^X, $format, $file);
    die $run->{err} if $run->{code};
    return ($check->{code}, slurp($file));
}

my ($code, $text) = formatted($good);
is $text, $good, 'nginx\'s layout stays as it is';
is $code, 0, 'and passes';

for my $case (
    ['indentation', '    return 0;', '  return 0;'],
    ['a type on the line of its function', "static int\nthing_find",
     'static int thing_find'],
    ['a brace on the line of its function', "out)\n{\n", "out) {\n"],
    ['a keyword without a blank', 'if (thing', 'if(thing'],
    ['an operator without blanks', 'i = 0', 'i=0'],
    ['two statements on a line', "    return 0;\n", "    ; return 0;\n"],
    ['a cast without a blank', '(size_t) 7', '(size_t)7'],
    ['an indented case', "    case 1:", "        case 1:"],
    ['an else on a new line', "    return 0;\n",
     "    if (name) {\n        return 2;\n    }\n    else {\n"
     . "        return 0;\n    }\n"],
    ['three blank lines', "    return 0;\n", "\n\n\n    return 0;\n"])
{
    my ($what, $from, $to) = @$case;
    my $at = rindex $good, $from;
    die "$what: no such text\n" if $at < 0;
    my $bad = $good;
    substr $bad, $at, length $from, $to;
    my ($bad_code, $fixed) = formatted($bad);

    is $bad_code, 1, "$what is found";
    isnt $fixed, $bad, "$what is changed";
    is +(formatted($fixed))[0], 0, "$what: the result passes";
}

done_testing;
