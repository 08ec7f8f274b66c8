package Pupil::Test;

# What every t/*.t uses:
#
#     use lib 't/lib';
#     use Pupil::Test;
#
#     my $site = pupil_up();                  # PostgreSQL, schema, keys
#     my $nginx = $site->nginx->start;
#     my $http = $nginx->http;
#     is_problem $http->get('/v1/nothing'), 404, 'not-found';
#     done_testing;
#
# It brings Test::More, strict and warnings along.  done_testing() first ends
# nginx gracefully and checks its logs for alerts and sanitizer reports: that
# is the last test of every file.  The folder of a failed test is kept
# (PUPIL_KEEP=1: always) and named.

use v5.36;

use feature ();
use IO::Handle;
use JSON::XS ();
use Test::More ();
use Pupil::HTTP;
use Pupil::Nginx;
use Pupil::Postgres;
use Pupil::Site;
use Pupil::Util;

my @EXPORT = qw(pupil_up is_problem problem_faults is_status done_testing
                sanitizer_reports json_of uuid);

my $main = $$;
my $ended;

STDOUT->autoflush;
$SIG{INT} = $SIG{TERM} = $SIG{HUP} = \&interrupted;
$SIG{PIPE} = 'IGNORE';


# END must run: it ends what was started.
sub interrupted { exit 1 }


sub import ($class, @) {
    my $to = caller;
    no strict 'refs';
    for my $name (grep { /^\w/ && $_ ne 'done_testing' } @Test::More::EXPORT) {
        *{"${to}::$name"} = \&{"Test::More::$name"};
    }
    *{"${to}::$_"} = \&$_ for @EXPORT;
    *{"${to}::$_"} = \&{"Pupil::Util::$_"} for @Pupil::Util::EXPORT;
    require strict;
    require warnings;
    strict->import;
    warnings->import;
    feature->import(':5.36');
}


# See Pupil::Site.
sub pupil_up (%opt) { Pupil::Site->new(%opt) }


sub uuid () {
    my @n = map { int rand 65536 } 1 .. 8;
    $n[3] = $n[3] & 0x0fff | 0x4000;
    $n[4] = $n[4] & 0x3fff | 0x8000;
    return sprintf '%04x%04x-%04x-%04x-%04x-%04x%04x%04x', @n;
}


sub json_of ($value) { JSON::XS->new->utf8->canonical->allow_nonref->encode($value) }


sub is_status ($res, $status, $name = "status $status") {
    my $ok = Test::More::is($res->status, $status, $name);
    Test::More::diag($res->text) if !$ok;
    return $ok;
}


# What keeps a response from being a proper problem document; none: it is one.
sub problem_faults ($res, $status, $slug, %want) {
    my @faults;
    my $check = sub ($what, $got, $expected) {
        my $ok = defined $got && (ref $expected ? $got =~ $expected
                                                : $got eq $expected);
        $got //= 'missing';
        push @faults, "$what: $got, not $expected" if !$ok;
    };

    $check->(status => $res->status, $status);
    $check->('Content-Type', $res->header('content-type'),
             qr{^application/problem\+json(?:; ?charset=utf-8)?$});
    $check->('Cache-Control', $res->header('cache-control'), 'no-store');
    $check->('X-Content-Type-Options',
             $res->header('x-content-type-options'), 'nosniff');
    $check->('X-Request-Id', $res->request_id, qr/^[0-9A-Za-z-]{8,64}$/);
    $check->('Retry-After', $res->header('retry-after'), qr/^[1-9]\d*$/)
        if $status == 429 || $status == 503;
    $check->('Allow', $res->header('allow'), qr/^[A-Z]/) if $status == 405;

    my $doc = eval { $res->json };
    if (ref $doc ne 'HASH') {
        push @faults, 'the body is no JSON object';
        return @faults;
    }

    $check->(type => $doc->{type}, "urn:pupil:problem:$slug");
    $check->('member status', $doc->{status}, $status);
    $check->(title => $doc->{title}, qr/^\S/);
    $check->(instance => $doc->{instance}, $res->request_id // 'missing');

    my %known = map { $_ => 1 } qw(type title status detail instance errors);
    push @faults, "unknown member $_" for grep { !$known{$_} } sort keys %$doc;

    if (exists $want{field} || exists $want{rule}) {
        my @errors = ref $doc->{errors} eq 'ARRAY' ? @{ $doc->{errors} } : ();
        my $hit = grep {
            (!exists $want{field} || ($_->{field} // '') eq $want{field})
            && (!exists $want{rule} || ($_->{rule} // '') eq $want{rule})
        } @errors;
        push @faults, 'errors: ' . json_of(\@errors) . ', not '
            . json_of({ %want }) if !$hit;
    }
    return @faults;
}


# One test: a response is the problem document with this status and slug.
# Options: field, rule (of one entry of errors), name, body_lacks => [texts].
sub is_problem ($res, $status, $slug, %opt) {
    my $name = delete $opt{name} // "problem $status $slug";
    my $lacks = delete $opt{body_lacks} // [];
    my @faults = problem_faults($res, $status, $slug, %opt);

    push @faults, "the value is shown: $_"
        for grep { index($res->body, $_) >= 0 } @$lacks;
    my $ok = Test::More::ok(!@faults, $name);
    Test::More::diag(join "\n", @faults, '', $res->text) if !$ok;
    return $ok;
}


# The reports that sanitizers wrote during this test, by file.
sub sanitizer_reports () {
    return map { slurp($_) } glob Pupil::Util::report_dir() . '/report.*';
}


# Ends every nginx; what is wrong with it, line by line.
sub end_of_nginx () {
    my @bad;
    for my $nginx (Pupil::Nginx::all()) {
        $nginx->quit;
        push @bad, $nginx->bad_lines;
    }
    return @bad, sanitizer_reports();
}


sub done_testing (@) {
    my @bad = end_of_nginx();
    $ended = 1;
    Test::More::ok(!@bad, 'no alert, emergency or sanitizer report in the logs');
    Test::More::diag(join "\n", grep { defined } @bad[0 .. 40]) if @bad;
    # nothing that a stall makes: prove.sh does not run it again
    spew($ENV{PUPIL_ALARM}, "$0\n") if defined $ENV{PUPIL_ALARM}
        && grep { /\[(?:alert|emerg)\]|Sanitizer|runtime error/ } @bad;
    Test::More::done_testing();
}


# plan(skip_all => reason) ends a test before its done_testing.
sub skipped () { (Test2::API::test2_stack()->top->plan // '') eq 'SKIP' }


END {
    if ($$ == $main) {
        my $code = $?;
        if (!$ended) {
            my @bad = end_of_nginx();
            print STDERR "# $_\n" for @bad;
            $code ||= 1 if @bad || !skipped();
        }
        Pupil::Postgres::stop_all();
        my $failed = $code || !Test::More->builder->is_passing;
        Pupil::Util::forget_tmp_dir($failed || $ENV{PUPIL_KEEP});
        $? = $code;
    }
}

1;
