package Pupil::Alike;

# Copyright (C) the Pupil authors
#
# What must be alike of answers that tell nobody anything (I13): the bytes that
# a client sees, and the statements that they take.
#
#     my $bytes = bytes($res);
#     statements($site);                # from here on
#     my $sql = statements($site);      # a line each: role, and how it begins

use v5.36;

use Exporter 'import';

our @EXPORT = qw(bytes statements);

# Everything of an answer but what may differ.
sub bytes ($res) {
    my $id = $res->request_id;
    return ($res->head . "\r\n\r\n" . $res->body) =~ s/\Q$id\E/<id>/gr
           =~ s/^Date: [^\r]*/Date:/mr;
}

# Those that were executed since the last call, but what a worker does when it
# likes (it asks for the mark, reports to the key store, and stores what records
# refer to as it begins), what tells a connection whom it serves, and those that
# match $but.
sub statements ($site, $but = qr/(?!)/) {
    my @all;
    for my $line (split /^(?=\d{4}-)/m, $site->pg->new_log) {
        push @all, "$1: " . substr $2, 0, 60
            if $line =~ /(pupil_gateway|pupil_keeper)\@\w+\sLOG:\s+
                         execute[^:]*:\ (.*)/sx
               && $2 !~ /^SELECT pg_notify|^LISTEN|set_config\(/
               && $2 !~ /(?:pupil|keystore)\.mark AS|keystore\.report\(/
               && $2 !~ /^INSERT INTO pupil\.(?:audit_shape|policy) /
               && $2 !~ $but;
    }
    return join "\n", @all;
}

1;
