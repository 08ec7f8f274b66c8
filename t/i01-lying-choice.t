#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1, I20: a write whose statement chooses between records says which it wrote.
# What is answered must be what is on record: a database that says another
# choice gets no answer of success out, or the number of the record that there
# is could be declared absent, and the record taken away.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg,
    client => sub ($type, $body) { return $body });
my $day = Pupil::Day->up(site => $site, start => 0, conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"',
    pupil_session_zone => undef });
$day->nginx->start;
$day->ready->all_here->work;

my $new = $day->answer($day->homework, 1);
my $conflict = { %{ $day->submission }, answer => { text => 'other' } };
my $refused = { %{ $day->answer($day->homework, 0) }, homework_id => uuid() };

# The statement, by a part of it; what it says; what is asked.
my $submits = 'data.progress AS p SET superseded';
my %lies = (
    'a batch without its first' => [$submits, 8, pupil => POST =>
        '/v1/progress', json => [$new, $conflict]],
    'a batch with one more' => [$submits, 9, pupil => POST =>
        '/v1/progress', json => [$day->answer($day->homework, 1)]],
    'a conflict that was none' => [$submits, 2, pupil => POST =>
        '/v1/progress', json => $day->answer($day->homework, 0)],
    'a refusal that was none' => [$submits, 1, pupil => POST =>
        '/v1/progress', json => [$refused]],
    'a write that was refused' => ['INSERT INTO data.', 4, pupil => PATCH =>
        '/v1/data/example', json => $day->preference('X')],
    'a log-in that was refused' => ['INSERT INTO pupil.session', 2],
);

for my $name (sort keys %lies) {
    my ($statement, $said, $who, @ask) = @{ $lies{$name} };
    $proxy->lie($statement, 1 => pack('N', $said));
    my $res = $who ? $day->$who->request(@ask)
        : $day->nginx->http->login(
              @{ $day->person('classmate') }{qw(login password)});
    ok scalar($proxy->seen), "$name: the lie is told";
    is_problem $res, 503, 'unavailable', name => "$name is not answered";
    $proxy->mode('pass');
}
is_status $day->pupil->post('/v1/progress', json => [$new, $conflict]), 200,
    'the truth is';

done_testing;
