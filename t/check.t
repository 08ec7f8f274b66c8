#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# nginx -t and pupilctl check go by the same rules: of a configuration both
# have the same opinion, and say it in the same words.  And what pupilctl check
# prepares is all that a worker prepares.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up();
my $plugins = Pupil::Nginx::plugins();
my $bad_plugins = build_dir() . '/t/plugins/bad';
my @all = map { m{/pupil_(\w+)\.so$} } sort glob "$plugins/pupil_*.so";

# What both say of a configuration; see Pupil::Site for the options.
sub both (%opt) {
    my $nginx = $site->nginx(%opt)->disown;
    my $test = $nginx->test;
    my $check = $site->ctl('check', $nginx->conf_file);
    my ($said) = $test->{err}
        =~ m{\[emerg\] (?:\d+#\d+: )?(.*) in \S+:\d+$}m;

    # where it is, which each says in its own way
    $said =~ s/^(?:location "[^"]*"|pupil_\w+): // if defined $said;

    return { nginx => $test->{code}, check => $check->{code}, said => $said,
             found => $check->{out} . $check->{err},
             err => $test->{err} };
}

# All plugins but these.
sub without (@names) {
    my %gone = map { $_ => 1 } @names;
    return [grep { !$gone{$_} } @all];
}

sub plugin ($text) { (pupil => "pupil_plugin $text;\n") }
sub conf (%conf) { (conf => \%conf) }
sub locations (%more) { (locations => \%more) }

my $open_key = spew(tmp_dir() . '/open', slurp($site->key), 0644);
my $keystore = '"' . $site->gateway('pupil_keys') . '"';


# ---- the same opinion, in the same words

my @refused = (
    ['no pupil_database', conf(pupil_database => undef)],
    ['no pupil_keystore', conf(pupil_keystore => undef)],
    ['no pupil_master_key', conf(pupil_master_key => undef)],
    ['no pupil_plugin', plugins => []],
    ['same_cluster=on', conf(pupil_keystore => "$keystore same_cluster=on")],
    ['same_cluster=off',
     conf(pupil_keystore => "$keystore same_cluster=off")],
    ['a key file that is not there',
     conf(pupil_master_key => '/no/such/key')],
    ['a key file that all can read', conf(pupil_master_key => $open_key)],
    ['a plugin that is not there', plugin('/no/such.so')],
    ['a plugin of another ABI', plugin("$bad_plugins/major.so")],
    ['a plugin twice', plugin("$plugins/pupil_identity.so")],
    ['half a hash', plugins => without('example'),
     plugin("$plugins/pupil_example.so sha256=12")],
    ['two hashes', plugins => without('example'),
     plugin("$plugins/pupil_example.so"
            . ' sha256=' . 'ab' x 32 . ' sha256=' . 'ab' x 32)],
    ['a hash of something else', plugins => without('example'),
     plugin("$plugins/pupil_example.so sha256=" . 'ab' x 32)],
    ['an unknown option', plugins => without('example'),
     plugin("$plugins/pupil_example.so colour=red")],
    ['an unknown category', pupil => "pupil_deny shoes;\n"],
    ['an unknown field', pupil => "pupil_deny identity.shoe_size;\n"],
    ['an unknown purpose', pupil => "pupil_deny identity purpose=fun;\n"],
    ['a field that a log-in needs',
     pupil => "pupil_deny credential.login_id;\n"],
    ['the same in the location alone',
     locations(login => 'pupil_deny credential.login_id;')],
    ['a category that a log-in needs', plugins => without('credential')],
    ['a required want of another category alone',
     locations(homework => 'pupil_deny homework;')],
    ['a category whose table a statement names',
     plugins => without('identity')],
    ['the same of one endpoint', plugins => without('progress')],
);

for my $case (@refused) {
    my ($name, @opt) = @$case;
    my $both = both(@opt);

    isnt $both->{nginx}, 0, "$name: nginx -t refuses it";
    isnt $both->{check}, 0, "$name: so does pupilctl check";
    ok defined $both->{said} && index($both->{found}, $both->{said}) >= 0,
        "$name: in the same words"
        or diag $both->{err}, $both->{found};
}

my @accepted = (
    ['everything'],
    ['a part of what an endpoint is for',
     locations(homework => 'pupil_deny homework purpose=teaching;')],
    ['what an endpoint shows beside it', pupil => "pupil_deny identity;\n"],
    ['a category that only /v1/data/ serves', plugins => without('example')],
    ['a location that is denied all', locations(data => join '',
     map { "pupil_deny $_;" } @all)],
);

for my $case (@accepted) {
    my ($name, @opt) = @$case;
    my $both = both(@opt);

    is $both->{nginx}, 0, "$name: nginx -t accepts it" or diag $both->{err};
    is $both->{check}, 0, "$name: so does pupilctl check"
        or diag $both->{found};
}


# ---- all that a worker prepares is prepared

my $conf = $site->nginx->disown->conf_file;

# [what, which database, SQL that breaks it, SQL that mends, the statement]
my @broken = (
    ['a look before a write', db =>
     'ALTER TABLE pupil.owner RENAME key_version TO version',
     'ALTER TABLE pupil.owner RENAME version TO key_version',
     'data example self look'],
    ['evidence of an enrolment', db =>
     'ALTER TABLE pupil.enrolment RENAME source TO origin',
     'ALTER TABLE pupil.enrolment RENAME origin TO source',
     'teaches evidence'],
    ['evidence of a role', db =>
     'ALTER TABLE pupil.role RENAME valid_from TO since',
     'ALTER TABLE pupil.role RENAME since TO valid_from', 'dpo evidence'],
    ['the end of the audit\'s partitions', db =>
     'ALTER FUNCTION pupil.audit_covered_until() RENAME TO until',
     'ALTER FUNCTION pupil.until() RENAME TO audit_covered_until',
     'audit_partitions'],
    ['keys of tenants', keystore =>
     'ALTER TABLE keystore.tenant_key RENAME epoch TO era',
     'ALTER TABLE keystore.tenant_key RENAME era TO epoch', 'tenant_keys'],
    ['service keys', keystore =>
     'ALTER TABLE keystore.service_key RENAME wrapped TO packed',
     'ALTER TABLE keystore.service_key RENAME packed TO wrapped',
     'service_keys'],
    ['keys of owners', keystore =>
     'ALTER FUNCTION keystore.fetch_owner_keys(uuid, uuid[]) RENAME TO f',
     'ALTER FUNCTION keystore.f(uuid, uuid[]) RENAME TO fetch_owner_keys',
     'owner_keys'],
);

for my $case (@broken) {
    my ($name, $which, $break, $mend, $statement) = @$case;

    $site->$which->do($break);
    my $check = $site->ctl('check', $conf);
    is $check->{code}, 1, "I17: $name: pupilctl check finds it";
    like $check->{out}, qr/the statement "$statement" does not fit/,
        "I17: $name: and names it";
    $site->$which->do($mend);
}

is $site->ctl('check', $conf)->{code}, 0, 'mended, it finds nothing';

done_testing;
