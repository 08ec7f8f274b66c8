#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I3: a field that purpose and relation do not grant is not selected, not
# shown, not recorded.  What was selected is told by PostgreSQL's own
# statement log.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my @SEALED = qw(given_name family_name email login_id password_hash
                second_factor external_id address title description exercises keys
                answer result points comment favourite_subjects class_title
                school_title group_type department);
my %INTERNAL = map { $_ => 1 } qw(password_hash second_factor);

# Whose columns have other names: title AS class_title.
my %QUALIFIED = map { $_ => 1 } qw(class_title school_title);

my $day = Pupil::Day->up(pg => { conf => { log_statement => 'all' } });
$day->all_here->work;
my $pg = $day->pg;


# Statements that the gateway has run since the last call; the literals in
# them are not SQL.
sub statements {
    my $log = $pg->new_log;
    my @all;
    for my $line (split /^(?=\d{4}-)/m, $log) {
        push @all, $1 =~ s/'(?:[^']|'')*'/''/gr
            if $line =~ /pupil_gateway\@pupil\sLOG:\s+
                         (?:execute|statement)[^:]*:\ (.*)/sx;
    }
    return @all;
}

# The sealed columns that SQL names.
sub named (@sql) {
    my $text = join "\n", @sql;
    $text =~ s/\b\w+\.title AS school_title//g;
    $text =~ s/\bresult AS \(|\bFROM result x\b//g;
    return grep {
        $QUALIFIED{$_} ? $text =~ /\.\s*"?$_\b/ : $text =~ /\b$_\b/
    } @SEALED;
}

sub recorded ($res) {
    my %seen;
    for my $event ($day->audit($res)) {
        $seen{$_} = 1 for @{ $event->{fields} };
    }
    return \%seen;
}

# Members of a JSON value, at any depth.
sub members ($value, $seen = {}) {
    if (ref $value eq 'HASH') {
        $seen->{$_} = 1 for keys %$value;
        members($_, $seen) for values %$value;
    } elsif (ref $value eq 'ARRAY') {
        members($_, $seen) for @$value;
    }
    return $seen;
}


# ---- what is selected is recorded, and is never internal

statements();
for my $ask ($day->requests) {
    my $res = $day->ask($ask);
    is $res->status, $ask->{status}, "$ask->{name}: $ask->{status}"
        or diag $res->text;
    my @sql = statements();
    ok @sql > 0, "$ask->{name}: the log has its statements";
    my $recorded = recorded($res);
    # What was refused was asked for in vain: its record is the refusal's.
    next if $ask->{status} >= 400;
    is_deeply [grep { !$recorded->{$_} } named(@sql)], [],
        "$ask->{name}: each sealed column that SQL names is recorded";
    is_deeply [grep { $INTERNAL{$_} && $ask->{path} !~ m{^/v1/login} }
               named(@sql)], [],
        "$ask->{name}: no internal field";
    my $shown = eval { members($res->json) } // {};
    is_deeply [grep { $shown->{$_} } sort keys %INTERNAL], [],
        "$ask->{name}: none is shown";
    unlike $res->body, qr/argon2id/, 'nor a hash of a password';
}

# A pupil's class has thirty names; a pupil sees one: the teacher's.
my $h = $day->assign(title => 'Fiskar');
statements();
my $res = $day->pupil->get('/v1/homework');
like $res->body, qr/Craig Beane/, 'a pupil sees the teacher\'s name';
unlike $res->body, qr/McMillan|Beulah/, 'and no classmate\'s';
is_problem $day->pupil->get('/v1/data/identity/'
    . $day->person('classmate')->{id}), 404, 'not-found',
    name => 'nor by asking', body_lacks => [qw(McMillan Beulah)];
is_problem $day->pupil->get('/v1/data/contact/'
    . $day->person('teacher')->{id}), 403, 'not-granted',
    name => 'nor how to reach a teacher';
$res = $day->teacher->get('/v1/data/network/'
    . $day->person('pupil')->{id});
isnt $res->status, 200, 'a teacher does not see where a pupil was';


# ---- narrowed: gone from SQL, JSON and record

# pupil_deny; who asks; the SQL name; what must not be in the answer.
my @denies = (
    ['identity.family_name purpose=learning', pupil => '/v1/homework',
     'family_name', qr/Beane/, qr/Craig/],
    ['homework.description', pupil => '/v1/homework', 'description',
     qr/"description"|Read it/, qr/Fiskar/],
    ['progress.result relation=teaches', teacher => "/v1/homework/$h->{id}"
     . '/progress', 'result', qr/"score":\s*\d/, qr/Klein/],
    ['identity relation=teaches', teacher => "/v1/homework/$h->{id}/progress",
     'given_name', qr/Klein|"Ora/, qr/"pupils"/],
    ['enrolment.class_title', pupil => '/v1/homework', 'class_title',
     qr/Algebra/, qr/Fiskar/],
    ['enrolment.school_title', teacher => '/v1/session', 'school_title',
     qr/Contoso/, qr/csrf_token/],
    ['identity.given_name', pupil => '/v1/data/identity', 'given_name',
     qr/"given_name"|Ora/, qr/Klein/],
    ['identity.given_name', teacher => '/v1/session', 'given_name',
     qr/Craig/, qr/csrf_token/],
);

$res = $day->pupil->post('/v1/progress', json => $day->answer($h, 0,
    score => { raw => 7, max => 10 }, completion => \1));
is $res->status, 201, 'a result to be seen';

for my $deny (@denies) {
    my ($what, $who, $path, $name, $gone, $left) = @$deny;

    statements();
    my $before = $day->as($who)->get($path);
    is $before->status, 200, "$path: shown";
    like $before->body, $gone, "$what: shown without it";
    like $before->body, $left, 'beside the rest';
    ok((grep { $_ eq $name } named(statements())), 'selected');
    ok recorded($before)->{$name}, 'recorded';

    my $site = $day->site;
    $day->reload(http => $site->http_conf(pupil => "pupil_deny $what;\n"));
    statements();
    my $after = $day->as($who)->get($path);
    is $after->status, 200, "$what denied: still an answer"
        or diag $after->text;
    unlike $after->body, $gone, 'without it';
    like $after->body, $left, 'with the rest';
    is_deeply [grep { $_ eq $name } named(statements())], [],
        'not selected';
    ok !recorded($after)->{$name}, 'not recorded';

    $day->reload(http => $site->http_conf);
}

# In a location of its own it holds there, and there alone.
$day->reload(server => $day->site->server_conf(locations => {
    homework => 'pupil_deny identity.family_name;' }));
unlike $day->pupil->get('/v1/homework')->body, qr/Beane/,
    'denied in one location';
like $day->teacher->get('/v1/session')->body, qr/Beane/, 'not in another';

done_testing;
