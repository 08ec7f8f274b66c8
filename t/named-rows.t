#!/usr/bin/perl

# Rows of descriptors and of statements name their members: values of one type
# that change places, such as a purpose and a relation, would else be taken by
# the compiler and grant something else.

use lib 't/lib';
use Pupil::Test;

my $root = root_dir();

# Each type with a header, a row that names its members, and one that does not.
my %types = (
    pupil_field_t => ['pupil_plugin.h', '.name = "a", .type = 1', '"a", 1'],
    pupil_grant_t => ['pupil_plugin.h', '.fields = "a", .purpose = 1',
                      '"a", 1'],
    pupil_option_t => ['pupil_plugin.h', '.name = "a", .type = 1', '"a", 1'],
    pupil_retention_t => ['pupil_plugin.h', '.from = 1, .days = 1', '1, 1'],
    pupil_hooks_t => ['pupil_plugin.h', '.validate = 0', '0'],
    pupil_plugin_t => ['pupil_plugin.h', 'PUPIL_PLUGIN_HEADER, .name = "a"',
                       'PUPIL_PLUGIN_HEADER, 0, "a"'],
    pupil_want_t => ['core/policy/statement.h',
                     '.alias = "a", .category = "b"', '"a", "b"'],
    pupil_template_t => ['core/policy/statement.h',
                         '.name = "a", .sql = "b"', '"a", "b"'],
    pupil_scope_t => ['core/endpoints/relation.h',
                      '.field = "a", .among = "b"', '"a", "b"'],
    pupil_relates_t => ['core/endpoints/relation.h',
                        '.relation = 1, .owner = 1', '1, 1'],
);

my $dir = tmp_dir();

sub compile ($type, $row) {
    spew("$dir/row.c", qq{#include "$types{$type}[0]"\n}
         . "extern const $type  row;\nconst $type  row = { $row };\n");

    return run_cmd('gcc', '-std=c11', '-Wall', '-Werror', "-I$root/include",
                   "-I$root/ngx_module", '-fsyntax-only', "$dir/row.c");
}

for my $type (sort keys %types) {
    my ($named, $bare) = @{ $types{$type} }[1, 2];
    my $run = compile($type, $named);
    is $run->{code}, 0, "$type: a row with names builds" or diag $run->{err};

    $run = compile($type, $bare);
    isnt $run->{code}, 0, "$type: a row without names does not";
    like $run->{err}, qr/designated.init/, "$type: for want of names";
}

done_testing;
