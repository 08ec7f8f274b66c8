package Pupil::OneRoster;

# Copyright (C) the Pupil authors
#
# A server that speaks OneRoster by REST, version 1.1 or 1.2: limit, offset, sort
# and orderBy, a selection of fields, a filter of what was changed, X-Total-Count
# and Link.  It takes what the standard has and nothing else: a field that there
# is not is answered 400.
#
#     my $peer = Pupil::OneRoster->new(version => 'v1p2', tls => 1);
#     $peer->tell(Pupil::OneRoster::school('v1p2'));
#     $peer->faults(users => [{}, { total => 7 }]);
#
# Of a fault, total is what X-Total-Count is, and link what Link is (undef: no
# such field); from: the offset that it takes; most: items that it gives at most;
# whole: fields is not looked at.  new() takes total => 0 and link => 0 for a
# server that has no such field.

use v5.36;
use utf8;

use parent 'Pupil::RosterServer';

sub version ($self) { $self->{version} // 'v1p1' }
sub _base ($self) { 'ims/oneroster/' . $self->version }


# ---- a school, of either version

sub ref_to ($type, $id) {
    return { href => "https://sis.example/$type/$id", sourcedId => $id,
             type => $type };
}

sub base ($id, %more) {
    return { sourcedId => $id, status => 'active',
             dateLastModified => '2026-08-01T08:00:00.000Z', %more };
}

sub user ($version, $id, $role, %more) {
    my $given = ucfirst $id;
    my @role = $version eq 'v1p1'
        ? (role => $role, orgs => [ref_to('org', 'o1')])
        : (roles => [{ roleType => 'primary', role => $role,
                       org => ref_to('org', 'o1') }],
           userMasterIdentifier => '201301012384', primaryOrg =>
           ref_to('org', 'o1'));
    return base($id, username => "$id\@skola.example", enabledUser => 'true',
                givenName => $given, familyName => 'Ek', middleName => 'Mellan',
                email => "$id.work\@skola.example", phone => '0701234567',
                sms => '0701234567', grades => ['07'], identifier => '1234',
                agents => [], @role, %more);
}

sub enrolled ($n, $user, $class, $role, %more) {
    return base(sprintf('e%02d', $n), user => ref_to('user', $user),
                class => ref_to('class', $class),
                school => ref_to('org', 'o1'), role => $role, %more);
}

# Twelve pupils in a class, six of them in another, a teacher of both, a
# principal, an aide and a guardian.
sub school ($version = 'v1p1') {
    my $n = 0;
    my $head = $version eq 'v1p1' ? 'administrator' : 'principal';
    my @pupils = map { sprintf 'elev%02d', $_ } 1 .. 12;
    return {
        orgs => [base('o1', name => 'Skola 1', type => 'school'),
                 base('o2', name => 'Skola 2', type => 'school')],
        academicSessions => [base('t1', title => 'Läsåret', type => 'term',
            startDate => '2020-08-01', endDate => '2099-07-01',
            schoolYear => '2026')],
        courses => [base('c1', title => 'Kurs')],
        classes => [map { base("k$_", title => "Klass $_", classType =>
            $_ == 1 ? 'homeroom' : 'scheduled', school => ref_to('org', 'o1'),
            course => ref_to('course', 'c1'),
            terms => [ref_to('academicSession', 't1')]) } 1, 2],
        users => [(map { user($version, $_, 'student') } @pupils),
            user($version, 'tina', 'teacher'), user($version, 'rut', $head),
            user($version, 'xena', 'aide'), user($version, 'vera', 'guardian')],
        enrollments => [
            (map { enrolled(++$n, $_, 'k1', 'student') } @pupils),
            (map { enrolled(++$n, $_, 'k2', 'student') } @pupils[0 .. 5]),
            map { enrolled(++$n, 'tina', $_, 'teacher') } qw(k1 k2)],
    };
}


# ---- what it answers

my %fields = (
    orgs => 'name type identifier parent children',
    academicSessions => 'title startDate endDate type parent children'
        . ' schoolYear',
    classes => 'title classCode classType location grades subjects course'
        . ' school terms subjectCodes periods resources',
    enrollments => 'user class school role primary beginDate endDate',
);
my $user = 'username userIds enabledUser givenName familyName middleName'
    . ' identifier email sms phone agents grades password';
my %users = (v1p1 => "$user role orgs", v1p2 => "$user roles primaryOrg"
    . ' userMasterIdentifier preferredFirstName preferredMiddleName'
    . ' preferredLastName pronouns userProfiles resources');

sub _answer ($self, $world, $path, $query, $fault) {
    my $list = $world->{$path} or return 404, {};
    my %left = %$query;
    my ($limit, $offset, $sort, $order, $select, $filter) = delete
        @left{qw(limit offset sort orderBy fields filter)};
    my %known = map { $_ => 1 } qw(sourcedId status dateLastModified metadata),
        split / /, $path eq 'users' ? $users{ $self->version }
                                    : $fields{$path};
    my @fields = split /,/, $select // '';
    my ($since) = ($filter // '')
        =~ /^dateLastModified>='(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)'$/;
    return 400, { imsx_codeMajor => 'failure' }
        if %left || !@fields || grep({ !$known{$_} } @fields)
            || ($limit // '') !~ /^[1-9][0-9]*$/
            || ($offset // '') !~ /^[0-9]+$/ || (defined $filter && !$since)
            || ($sort // 'sourcedId') ne 'sourcedId'
            || ($order // 'asc') ne 'asc';

    my @all = grep { !defined $since
                     || (ref $_ && $_->{dateLastModified} ge $since) } @$list;
    @all = sort { $a->{sourcedId} cmp $b->{sourcedId} } @all
        if $sort && !grep { !ref $_ || ref $_->{sourcedId}
                            || !defined $_->{sourcedId} } @all;
    my $total = @all;
    $offset = $fault->{from} // $offset;
    my $most = $fault->{most} // $self->{most} // $limit;
    $limit = $most if $most < $limit;
    my @page = splice @all, $offset > @all ? scalar @all : $offset, $limit;
    @page = map { my $item = $_; ref $item eq 'HASH' && !$fault->{whole}
        && !$self->{whole} ? { map { ($_ => $item->{$_}) }
                               grep { exists $item->{$_} } @fields } : $item }
        @page;
    my $next = $self->url . "/$path?offset=" . ($offset + $limit);
    my %head = ('X-Total-Count' => $total, Link => $offset + $limit < $total
        ? "<$next>; rel=\"next\", <$next>; rel=\"last\"" : "<$next>; rel=\"first\"");
    delete $head{'X-Total-Count'} if !($self->{total} // 1);
    delete $head{Link} if !($self->{link} // 1);
    $head{'X-Total-Count'} = $fault->{total} if exists $fault->{total};
    $head{Link} = $fault->{link} if exists $fault->{link};
    return 200, { $path => \@page }, %head;
}

1;
