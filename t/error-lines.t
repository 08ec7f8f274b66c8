#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Every 500 is a line in the log, with the request's id, and no line of ours has
# an address beside a request's id or a pseudonym (I14).

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $nginx = $site->nginx(server => 'location /broken { pupil_session;'
    . ' return 500; }')->start;
my $http = $nginx->http;

sub lines ($id) { grep { /\Q$id\E/ } split /\n/, $nginx->log_text }

my $res = $http->get('/broken');
is_problem $res, 500, 'internal', name => 'a 500 that is nginx\'s own';
my @lines = lines($res->request_id);
is scalar(@lines), 1, 'is a line' or diag $nginx->log_text;
like $lines[0] // '', qr/\[error\].*pupil: internal error of session/,
    'which names the endpoint';
unlike $lines[0] // '', qr/client:|127\.0\.0\.1/, 'and no address';


# ---- a row that somebody has edited: its record has the pseudonym

my $person = $site->person('CBeane');
is_status $http->login(@$person{qw(login password)}), 200, 'logged in';
$site->db->do("UPDATE pupil.session SET seen_at = seen_at - interval '1 s'");
$nginx->reload(wait => 1);                              # not from the zone
$res = $http->get('/v1/session');
is_problem $res, 401, 'no-session', name => 'edited';
@lines = lines($res->request_id);
is scalar(@lines), 1, 'is a line';
like $lines[0] // '', qr/\[crit\].*pupil: pupil\.session/, 'about that row';
unlike join("\n", @lines), qr/client:|127\.0\.0\.1/, 'and no address';

my @ours = grep { /pupil: / && /client: / } split /\n/, $nginx->log_text;
is_deeply \@ours, [], 'no line of ours has an address';

done_testing;
