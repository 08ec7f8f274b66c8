#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: whoever is refused by what is stored has learned something of it, and is
# on record; whoever is refused by the rules of input alone is only counted, or
# anybody could fill the log.  Walks each problem of the 4xx that there is.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1, conf => { pupil_key_cache => 'off' })
                    ->all_here->work;
my ($db, $keys) = ($day->db, $day->site->keystore);
my $homework = $day->homework;
my $mine = "/v1/homework/$homework->{id}";
my %id = map { $_ => $day->person($_)->{id} } qw(pupil other);
my (undef, $other_class) = $day->classes('colleague');

sub score ($raw, $max) {
    return $day->answer($homework, 0, score => { raw => $raw, max => $max });
}

my %walked;

# What is asked for, its problem, and the outcomes on record.
sub walk ($name, $who, $method, $path, $json, $status, $slug, @outcomes) {
    my $res = $day->as($who)->request($method, $path,
                                      defined $json ? (json => $json) : ());
    $slug ? is_problem $res, $status, $slug, name => $name
          : is_status $res, $status;
    is_deeply $day->outcomes($res), \@outcomes, "$name: on record as it is";
    $walked{$slug}{ @outcomes ? 'recorded' : 'counted' } = 1;
    return $res;
}


# ---- by what is stored

walk 'a score of another maximum', pupil => POST => '/v1/progress',
    score(5, 7), 422, 'invalid', 'refused';
walk 'the same of what is kept', pupil => POST => '/v1/progress',
    score(5, 8), 422, 'invalid', 'refused';
walk 'one of some', pupil => POST => '/v1/progress',
    [score(5, 10), score(5, 9)], 200, '', 'allowed', 'refused';
walk 'all of some', pupil => POST => '/v1/progress',
    [score(5, 8), score(5, 9)], 200, '', 'refused';
walk 'due before it was assigned', teacher => PATCH => $mine,
    { due_at => Pupil::Class::at(-7) }, 422, 'invalid', 'refused';
walk 'more points than there are', teacher => PUT =>
    "$mine/pupils/$id{pupil}/assessment", { points => 15.5 }, 422, 'invalid',
    'refused';
walk 'an assessment that is another now', teacher => PUT =>
    "$mine/pupils/$id{pupil}/assessment", { points => 5, version => uuid() },
    409, 'conflict', 'conflict';
walk 'a new record without all of it', classmate => PATCH =>
    '/v1/data/example', { chosen_on => '2026-01-01' }, 422, 'invalid',
    'refused';

walk 'not the present password', pupil => POST => '/v1/me/password',
    { current => 'not the password', new => 'a long walk along the shore' }, 403,
    'wrong-password', 'refused';
walk 'no proof', pupil => POST => '/v1/login/step-up',
    { password => 'not the password' }, 403, 'not-proved', 'refused';
walk 'a submission that is another now', pupil => POST => '/v1/progress',
    { %{ $day->submission }, answer => { text => 'else' } }, 409,
    'id-conflict', 'conflict';
walk 'a homework that is another now', colleague => POST => '/v1/homework',
    $day->body(id => $homework->{id}, class_id => $other_class), 409,
    'id-conflict', 'conflict';

for my $case (['homework', other => GET => $mine],
              ['an overview', colleague => GET => "$mine/progress"],
              ['answers', colleague => GET => "$mine/answers"],
              ['a change', colleague => PATCH => $mine, { title => 'New' }],
              ['its end', colleague => DELETE => $mine],
              ['points', colleague => PUT =>
               "$mine/pupils/$id{pupil}/assessment", { points => 5 }],
              ['their return', teacher => POST =>
               "$mine/pupils/$id{other}/return"],
              ['a submission', other => POST => '/v1/progress',
               $day->answer($homework, 0)],
              ['a class', colleague => POST => '/v1/homework', $day->body],
              ['a session', pupil => DELETE => '/v1/me/sessions/' . uuid()],
              ['a notice', pupil => POST => '/v1/me/notices/' . uuid()
               . '/seen'],
              ['a grant', pupil => DELETE => '/v1/me/support-grants/' . uuid()],
              ['a name', pupil => GET => "/v1/data/identity/$id{other}"],
              ['a code', colleague => POST =>
               "/v1/pupils/$id{pupil}/login-code"],
              ['a school', pupil => POST => '/v1/session/institution',
               { institution_id => uuid() }])
{
    my ($name, $who, $method, $path, $json) = @$case;
    walk "another's: $name", $who, $method, $path, $json, 404, 'not-found',
        'not_found';
}

walk 'a pupil assigns', pupil => POST => '/v1/homework', $day->body, 403,
    'not-granted', 'not_granted';
walk 'a preference of another', pupil => PATCH =>
    "/v1/data/example/$id{other}", $day->preference, 403, 'not-granted',
    'not_granted';
walk 'a teacher redeems', teacher => POST => '/v1/support/redeem',
    { code => '0000-0000-0000' }, 403, 'not-granted', 'not_granted';
walk 'a pupil hands out a code', pupil => POST =>
    "/v1/pupils/$id{other}/login-code", undef, 403, 'not-granted',
    'not_granted';
walk 'a teacher accepts an import', teacher => POST =>
    '/v1/admin/imports/' . uuid() . '/accept', undef, 403, 'not-granted',
    'not_granted';
walk 'a teacher submits', teacher => POST => '/v1/progress',
    $day->answer($homework, 0), 403, 'not-granted', 'not_granted';


# ---- by rules alone

walk 'a score above its own maximum', pupil => POST => '/v1/progress',
    score(8, 7), 422, 'invalid';
walk 'no points and no comment', teacher => PUT =>
    "$mine/pupils/$id{pupil}/assessment", {}, 422, 'invalid';
walk 'no title', teacher => PATCH => $mine, { title => '' }, 422, 'invalid';
walk 'what no plugin has', classmate => PATCH => '/v1/data/example',
    { wish => 'x' }, 422, 'invalid';
walk 'no such category', pupil => GET => '/v1/data/nothing', undef, 404,
    'not-found';

my ($pending) = grep { $_->{proof} eq 'pending' }
    @{ $day->as('pupil')->get('/v1/me/audit')->json->{events} };
walk 'a proof of what is not sealed', pupil => GET =>
    "/v1/me/audit/$pending->{id}/proof", undef, 409, 'not-sealed', 'conflict';


# ---- by the state of a person

$_->[0]->do("UPDATE $_->[1] SET state = 'restricted' WHERE owner = ?", {},
            $id{pupil})
    for [$db, 'pupil.owner'], [$keys, 'keystore.owner_key'];
walk 'a submission under restriction', pupil => POST => '/v1/progress',
    $day->answer($homework, 1), 403, 'restricted', 'restricted';
walk 'a preference under restriction', pupil => PATCH => '/v1/data/example',
    $day->preference, 403, 'restricted', 'restricted';


# ---- there are no others

# Of the request alone, or of a configuration; throttling and log-ins have tests
# of their own (t/i01-throttled.t, t/i13-equal-failures.t, t/login-oidc.t,
# t/login-oidc-logout.t, t/login-licence.t, t/tenant-by-claim.t), and so has a record that another owner has
# (t/generic.t).  A session that may set a password alone says so itself, like
# none (t/first-password.t), and so does one whose proof is too old
# (t/step-up.t, with what is asked of who has a second factor).  Nothing but
# pupil_access answers "erased" and "login-again" (t/access.t).
my %elsewhere = map { $_ => 1 } qw(malformed unexpected-body no-session csrf
    origin plain-http password-login-off unknown-tenant method-not-allowed
    timeout too-large media-type misdirected refused throttled
    invalid-credentials conflict erased login-flow login-denied login-doubted
    unknown-account unknown-school no-licence moved password-change-required logout-token login-again
    step-up-required second-factor-required);
my @slugs = slurp(root_dir()
    . '/ngx_module/http/request/ngx_http_pupil_problem.c')
    =~ /^        4\d\d, "([a-z-]+)", "/mg;
cmp_ok scalar(@slugs), '>', 20, 'there are problems';
is_deeply [sort grep { !$elsewhere{$_} && !$walked{$_}{recorded} } @slugs], [],
    'each that stored data decides was walked';

done_testing;
