#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I5: the table of plain columns in docs/privacy.md is what the schema has: its
# first two columns are made from the databases here, and each row says why.

use lib 't/lib';
use JSON::XS qw(decode_json);
use Pupil::Test;

my $site = pupil_up;

# What is ciphertext: fields by their plugins' word, titles of schools and
# classes, and wrapped keys.
my %sealed = map { $_ => 1 } qw(pupil.institution.title pupil.class.title
                                pupil.class.group_type
                                pupil.class.department
                                pupil.import_image.image
                                pupil.import_part.sealed
                                pupil.sign_up.sealed),
    (map { "pupil.request_text.$_" } qw(categories text extension reason
                                        behalf)),
    'keystore.import_plan.key',
    map { "keystore.$_.wrapped" } qw(tenant_key service_key owner_key);
for my $file (glob Pupil::Nginx::plugins() . '/pupil_*.so') {
    my ($category) = $file =~ /pupil_(\w+)\.so$/;
    my $shown = decode_json($site->ctl_ok('plugin', 'show', $category,
                                          '--json')->{out});
    $sealed{"data.$category.$_->{name}"} = 1
        for grep { $_->{sealed} } @{ $shown->{fields} };
}

my (@rows, @not_bytes, %there);
for my $db ($site->db, $site->keystore) {
    my $columns = $db->selectall_arrayref(<<'');
SELECT c.relnamespace::regnamespace || '.' || c.relname, a.attname,
       a.atttypid = 'bytea'::regtype
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                                     AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relnamespace::regnamespace::text IN ('pupil', 'data', 'keystore')
 ORDER BY 1, a.attnum

    my %plain;
    for my $column (@$columns) {
        my ($table, $name, $bytes) = @$column;
        $there{"$table.$name"} = 1;
        if ($sealed{"$table.$name"}) {
            push @not_bytes, "$table.$name" if !$bytes;
        } else {
            push @{ $plain{$table} }, $name;
        }
    }
    push @rows, map { "| `$_` | " . join(', ', @{ $plain{$_} }) . ' |' }
                sort keys %plain;
}
is_deeply \@not_bytes, [], 'what is sealed is bytes';
is_deeply [grep { !/^data\.enrolment\./ && !$there{$_} } sort keys %sealed],
    [], 'and is there';
cmp_ok scalar(@rows), '>=', 25, 'tables are looked at';

my ($table) = slurp(root_dir() . '/docs/privacy.md')
    =~ /^\| table \| plain columns \| why \|\n\| --- \| --- \| --- \|\n(.*?)\n\n/ms;
my @documented = split /\n/, $table // '';
is join("\n", map { s/ \| [^|]+ \|$/ |/r } @documented), join("\n", @rows),
    'the table of plain columns is the schema\'s';
is_deeply [grep { !/ \| [^|]{10,} \|$/ } @documented], [],
    'each row says why';

done_testing;
