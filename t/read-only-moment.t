#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A database that is read-only for a moment, as in a failover, while a worker
# connects: that cannot store what it stores first is no reason to look again
# after a minute, as at a database that is another one.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up();
my $db = $site->db;

$db->do(<<'SQL');
CREATE FUNCTION pupil.no() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'just now' USING ERRCODE = '25006'; END $$;
CREATE TRIGGER no BEFORE INSERT ON pupil.audit_shape
    EXECUTE FUNCTION pupil.no();
SQL

my $nginx = $site->nginx(workers => 1)->start;
ok eval { wait_until(60, 'it to try again', sub {
    12 <= (() = slurp($site->pg->log_file) =~ /ERROR:  just now/g) }) },
    'a worker tries again soon, not in minutes' or diag $nginx->log_text;

$db->do('DROP TRIGGER no ON pupil.audit_shape');
ok eval { wait_until(60, 'it to be ready', sub {
    $nginx->http->get('/status/ready')->status == 200 }) },
    'and serves once that is over' or diag $nginx->log_text;

done_testing;
