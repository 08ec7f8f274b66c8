package Pupil::UniLogin;

# Copyright (C) the Pupil authors
#
# STIL's service wsiEKSPORT, version 7, as public clients know it: it wants a
# certificate by TLS and a signed message, and signs its answers.  Digests and
# signatures are made here of canonical text, by openssl, and with no library
# of XML: what it takes and gives is another reading of the same standards.
#
#     my $peer = Pupil::UniLogin->new(tls => 1);     # careless => 1: see request
#     $peer->tell(Pupil::UniLogin::schools());
#     $peer->faults(eksporterXmlLille => [{ how => 'altered' }]);
#
# Of a fault, how is a name of %HOW; status, head, body and cut are as of other
# servers.

use v5.36;
use utf8;

use Digest::SHA qw(sha1 sha256 hmac_sha256);
use File::Path qw(make_path);
use JSON::XS ();
use MIME::Base64 qw(encode_base64 decode_base64);
use POSIX ();
use Pupil::Util;

use parent 'Pupil::RosterServer';

my $WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
my $STIL = 'https://brugerdatabasen.stil.dk/bpi';
my $XMLNS = 'http://www.w3.org';
my %NS = (soap => "$XMLNS/2003/05/soap-envelope",
          wsa => "$XMLNS/2005/08/addressing", ds => "$XMLNS/2000/09/xmldsig#",
          ec => "$XMLNS/2001/10/xml-exc-c14n#",
          wsse => "${WSS}wssecurity-secext-1.0.xsd",
          wsu => "${WSS}wssecurity-utility-1.0.xsd",
          ex => "$STIL/wsieksport/7", c => "$STIL/wsieksport/7/common",
          s => "$STIL/wsieksport/7/small", k => "$STIL/common/3",
          x => 'urn:x');
my $X509 = "${WSS}x509-token-profile-1.0#X509v3";
my $BASE64 = "${WSS}soap-message-security-1.0#Base64Binary";
my $C14N = $NS{ec};
my $SHA256 = "$XMLNS/2001/04/xmlenc#sha256";
my $RSA_SHA256 = "$XMLNS/2001/04/xmldsig-more#rsa-sha256";

sub _base { 'bpi/wsieksport/7' }


# ---- certificates

my %EXT = (ca => "basicConstraints=critical,CA:TRUE\n"
                 . "keyUsage=critical,keyCertSign,cRLSign\n",
           leaf => "basicConstraints=critical,CA:FALSE\n"
                   . "keyUsage=critical,digitalSignature\n",
           agree => "basicConstraints=critical,CA:FALSE\n"
                    . "keyUsage=critical,keyAgreement\n");

# [name, by whom it is issued, common name, kind, days, bits]
my @CERTIFICATES = (
    ['root', undef, 'OCES rod-CA', 'ca'],
    ['issuer', 'root', 'OCES-CA 1', 'ca'],
    ['stil', 'issuer', 'Brugerdatabasen/serialNumber=UI:DK-O:G:1'
        . '/organizationIdentifier=NTRDK-12345678'],
    ['client', 'issuer', 'Pupil'],
    ['other', 'issuer', 'Another company'],
    ['late', 'issuer', 'Brugerdatabasen', 'leaf', -1],
    ['agree', 'issuer', 'Brugerdatabasen', 'agree'],
    ['small', 'issuer', 'Brugerdatabasen', 'leaf', 3650, 1024],
    ['root2', undef, 'OCES rod-CA', 'ca'],
    ['issuer2', 'root2', 'OCES-CA 1', 'ca'],
    ['stil2', 'issuer2', 'Brugerdatabasen'],
);

# { name => [certificate, key], pinned => the authorities of most }, made once
# for a build.
sub certificates () {
    state $made;
    return $made if $made;
    my $dir = build_dir() . '/t/oces';
    with_lock('oces', sub {
        return if -f "$dir/done";
        make_path($dir);
        spew("$dir/$_.ext", $EXT{$_}) for keys %EXT;
        certificate($dir, @$_) for @CERTIFICATES;
        spew("$dir/pinned.pem",
             slurp("$dir/root.crt") . slurp("$dir/issuer.crt"));
        spew("$dir/done", '');
    });
    $made = { pinned => "$dir/pinned.pem",
              map { $_->[0] => ["$dir/$_->[0].crt", "$dir/$_->[0].key"] }
                  @CERTIFICATES };
    return $made;
}

sub certificate ($dir, $name, $by, $cn, $ext = 'leaf', $days = 3650,
                 $bits = 2048) {
    state $serial = 100;
    my ($crt, $key, $csr) = map { "$dir/$name.$_" } qw(crt key csr);
    run_ok(qw(openssl req -nodes -new -newkey), "rsa:$bits", '-subj',
           "/C=DK/O=Den Danske Stat/CN=$cn", '-keyout', $key, '-out', $csr);
    run_ok(qw(openssl x509 -req -sha256 -days), $days, '-in', $csr, '-out',
           $crt, '-set_serial', ++$serial, '-extfile', "$dir/$ext.ext",
           $by ? ('-CA', "$dir/$by.crt", '-CAkey', "$dir/$by.key")
               : ('-signkey', $key));
    chmod 0600, $key;
}

sub run_ok (@cmd) {
    my $run = run_cmd(@cmd);
    die "@cmd: $run->{err}\n" if $run->{code};
    return $run->{out};
}

# A file of --credentials, changed.
sub credentials (%change) {
    state $n = 0;
    my $certs = certificates();
    my %all = (system => 'AB123456', certificate => $certs->{client}[0],
               key => $certs->{client}[1], authorities => $certs->{pinned},
               signer => 'Brugerdatabasen', %change);
    delete @all{ grep { !defined $all{$_} } keys %all };
    return spew(tmp_dir() . '/unilogin' . ++$n,
                JSON::XS->new->canonical->utf8->encode(\%all), 0600);
}

sub _tls ($self) {
    my $certs = certificates();
    return (SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_PEER()
                | IO::Socket::SSL::SSL_VERIFY_FAIL_IF_NO_PEER_CERT(),
            SSL_ca_file => $certs->{pinned});
}

sub new ($class, @opt) {
    certificates();             # before there are two processes
    return $class->SUPER::new(@opt);
}


# ---- schools: what is told, and its XML

sub group ($id, $name, $type = 'Hovedgruppe', @more) {
    return ['c:Group', {}, ['c:GroupId', {}, $id],
            defined $name ? ['c:GroupName', {}, $name] : (),
            ['c:GroupType', {}, $type], @more];
}

sub leaf ($name, $text) { [$name, {}, $text] }

sub person ($id, $given, $family, $kind, $roles, $groups, @more) {
    my $element = { Student => 's:Student', Employee => 'c:Employee',
                    Extern => 'c:Extern' }->{$kind};
    my ($main, @groups) = @$groups;
    return ['s:InstitutionPerson', { source => 'Tabulex' },
        ['s:Person', {}, leaf('c:FirstName', $given),
         leaf('c:FamilyName', $family), leaf('c:UserId', $id)],
        [$element, {}, (map { leaf('c:Role', $_) } @$roles), @more,
         !defined $main ? () : $kind eq 'Student'
            ? leaf('c:MainGroupId', $main) : leaf('k:GroupId', $main),
         map { leaf('k:GroupId', $_) } @groups]];
}

sub pupil ($n, @groups) {
    return person("elev$n", "Elev$n", 'Ek', 'Student', ['Elev'], \@groups,
                  leaf('c:StudentNumber', "1$n"), leaf('c:Level', 7),
                  leaf('c:Location', 'Bygning B'));
}

# Twelve pupils in a class of two groups each, a teacher at both schools, a
# head, a secretary and somebody from elsewhere.
sub schools () {
    my $tina = sub (@groups) {
        person('tina0001', 'Tina', 'Lind', 'Employee', ['Lærer'], \@groups,
               leaf('c:ShortName', 'TL'), leaf('c:Occupation', 'Lærer')) };
    return {
        101001 => { name => 'Skole 1',
            groups => [group('7A', '7.A'), group('M', 'Matematik', 'Hold'),
                       group('F', 'Fritid', 'SFO')],
            persons => [(map { pupil($_, '7A', $_ <= 6 ? 'M' : ()) } 1 .. 12),
                $tina->('7A', 'M'),
                person('rut00001', 'Rut', 'Rask', 'Employee',
                       ['Leder', 'Lærer'], ['M']),
                person('sia00001', 'Sia', 'Sørensen', 'Employee', ['TAP'],
                       ['7A']),
                person('eva00001', 'Eva', 'Ekstern', 'Extern', ['Ekstern'],
                       ['7A'])] },
        101002 => { name => 'Skole 2',
            groups => [group('7A', '7.A'), group('R', 'Retning', 'Retning')],
            persons => [pupil(21, '7A'), pupil(22, '7A', 'R'),
                        $tina->('7A'),
                        person('sia00001', 'Sia', 'Sørensen', 'Employee',
                               ['Lærer'], ['R'])] },
    };
}

sub export ($number, $school) {
    return ['ex:eksporterXmlLilleResponse', {}, ['ex:xml', {},
        ['s:UNILoginExportSmall', { accessLevel => 'small',
             exportDateTime => stamp(0) },
         ['c:ImportSource', { schoolYear => '2026-2027', source => 'Tabulex',
              sourceDateTime => stamp(0) }],
         ['s:Institution', {}, leaf('c:InstitutionNumber', $number),
          defined $school->{name} ? leaf('c:InstitutionName', $school->{name})
                                  : (),
          @{ $school->{groups} }, @{ $school->{persons} }]]]];
}

sub stamp ($seconds) {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $seconds));
}


# ---- canonical XML of [name, { attributes }, children]

sub escaped ($text) { $text =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr
                             =~ s/\r/&#xD;/gr }

# Exclusively: a name space is said where it is first used; spaces: those that
# are in force.
sub canonical ($node, %spaces) {
    return escaped($node) if !ref $node;
    my ($name, $attributes, @children) = @$node;
    my %uses = map { /^(\w+):/ ? ($1 => 1) : () } $name, keys %$attributes;
    my @new = grep { !$spaces{$_} } sort keys %uses;
    $spaces{$_} = 1 for @new;
    my $text = "<$name" . join '', map { " xmlns:$_=\"$NS{$_}\"" } @new;
    $text .= " $_=\"" . escaped($attributes->{$_}) . '"'
        for sort { !!($a =~ /:/) <=> !!($b =~ /:/) || $a cmp $b }
            keys %$attributes;
    return "$text>" . join('', map { canonical($_, %spaces) } @children)
        . "</$name>";
}

sub bytes ($text) { utf8::encode(my $copy = $text); $copy }
sub base64 ($bytes) { encode_base64($bytes, '') }


# ---- a signed message

# What changes a message, by name: a sub of the message before it is signed, or
# of its text after that.
our (%HOW, %AFTER);

sub message ($self, $to, $body, $how = '') {
    my %m = (key => 'stil', created => 0, expires => 300, to => $to,
             body => $body, algorithm => $RSA_SHA256, digest => $SHA256,
             transform => [['ds:Transform', { Algorithm => $C14N }]],
             c14n => $C14N, signed => [qw(Body Timestamp RelatesTo MessageID)],
             uri => {}, inherit => [], more => [], last => $self->{last});
    $HOW{$how}->(\%m) if $HOW{$how};
    my $text = written(\%m);
    $text = $AFTER{$how}->($text, \%m) if $AFTER{$how};
    $self->{last} = $text;
    return $text;
}

sub token ($name) {
    my $pem = slurp(certificates()->{$name}[0]);
    return $pem =~ s/-----.*?-----|\n//gr;
}

sub written ($m) {
    my %part = (
        MessageID => ['wsa:MessageID', { 'wsu:Id' => 'id-MessageID' },
                      'urn:uuid:0'],
        RelatesTo => ['wsa:RelatesTo', { 'wsu:Id' => 'id-RelatesTo' },
                      $m->{to}],
        Timestamp => ['wsu:Timestamp', { 'wsu:Id' => 'id-Timestamp' },
                      leaf('wsu:Created', stamp($m->{created})),
                      leaf('wsu:Expires', stamp($m->{expires}))],
        Body => ['soap:Body', { 'wsu:Id' => 'id-Body' }, $m->{body}]);
    $part{Extra} = ['x:Extra', { 'wsu:Id' => 'id-Extra' }, 'x'];
    $m->{part} = \%part;
    delete $part{$_} for @{ $m->{without} // [] };

    my @inherit = (soap => 1, map { $_ => 1 } @{ $m->{inherit} });
    my %text = map { $_ => canonical($part{$_}, @inherit) } keys %part;
    my $spaces = join '', map { " xmlns:$_=\"$NS{$_}\"" }
        'soap', @{ $m->{inherit} };
    my $signature = canonical(signature($m), wsse => 1, @inherit);
    my $extra = grep({ $_ eq 'Extra' } @{ $m->{signed} }) ? $text{Extra} : '';
    my $token = canonical(['wsse:BinarySecurityToken',
        { 'wsu:Id' => 'id-token', ValueType => $X509,
          EncodingType => $BASE64 }, token($m->{token} // $m->{key})],
        wsse => 1, @inherit);
    return "<soap:Envelope$spaces><soap:Header>"
        . join('', map { $text{$_} // '' } qw(MessageID RelatesTo)) . $extra
        . "<wsse:Security xmlns:wsse=\"$NS{wsse}\" soap:mustUnderstand=\"1\">"
        . $token . ($text{Timestamp} // '')
        . $signature . '</wsse:Security></soap:Header>'
        . ($text{Body} // '') . '</soap:Envelope>';
}

sub digested ($m, $name) {
    my $text = bytes(canonical($m->{part}{$name} // $m->{part}{Extra}));
    return base64($m->{digest} =~ /sha1$/ ? sha1($text) : sha256($text));
}

sub reference ($m, $name) {
    return ['ds:Reference', { URI => $m->{uri}{$name} // "#id-$name" },
            ['ds:Transforms', {}, @{ $m->{transform} }],
            ['ds:DigestMethod', { Algorithm => $m->{digest} }],
            leaf('ds:DigestValue', digested($m, $name))];
}

sub signature ($m) {
    my $info = ['ds:SignedInfo', {},
        ['ds:CanonicalizationMethod', { Algorithm => $m->{c14n} }],
        ['ds:SignatureMethod', { Algorithm => $m->{algorithm} }],
        map { reference($m, $_) } @{ $m->{signed} }];
    my $value = signed_by($m, bytes(canonical($info)));
    my $key = $m->{key_info} // ['wsse:SecurityTokenReference', {},
        ['wsse:Reference', { URI => '#id-token', ValueType => $X509 }]];
    return ['ds:Signature', {}, $info, leaf('ds:SignatureValue', $value),
            ['ds:KeyInfo', {}, $key], @{ $m->{more} }];
}

sub signed_by ($m, $text) {
    return base64(hmac_sha256($text, slurp(certificates()->{stil}[0])))
        if $m->{algorithm} =~ /hmac/;
    state $n = 0;
    my ($from, $to) = map { tmp_dir() . "/signed$$-$_" . ++$n } 1, 2;
    spew($from, $text);
    run_ok('openssl', 'dgst', $m->{algorithm} =~ /sha1$/ ? '-sha1' : '-sha256',
           '-sign', certificates()->{ $m->{key} }[1], '-out', $to, $from);
    my $value = base64(slurp($to));
    unlink $from, $to;
    return $value;
}


# ---- what it answers

sub _connection ($self, $client) {
    local $SIG{CHLD} = 'DEFAULT';       # openssl is waited for
    my ($line, $head, $text) = $self->_request($client) or return;
    my $told = $self->_told;
    my ($operation) = ($head->{'content-type'} // '') =~ m{/(\w+)"};
    $operation //= 'none';
    my %asked = request($text, !$self->{careless});
    $self->_log($operation, \%asked, $head);

    my $fault = $told->{faults}{$operation}[$self->{count}{$operation}++] // {};
    my $number = $asked{instnr};
    my $school = $told->{world}{ $fault->{of} // $number // '' };
    my $body = $operation eq 'hentDataAftalerLille'
        ? ['ex:hentDataAftalerLilleResponse', {},
           map { leaf('k:regnr', $_) } sort keys %{ $told->{world} }]
        : $school ? export($fault->{of} // $number, $school) : undef;
    my $status = $fault->{status}
        // ($asked{wrong} || !$body || $line !~ m{^POST /bpi/wsieksport/7 }
            ? 500 : 200);
    print STDERR "# unilogin: $asked{wrong}\n" if $asked{wrong};
    my $answer = $fault->{body}
        // ($status == 200
            ? bytes($self->message($asked{id}, $body, $fault->{how} // ''))
            : '<fault>Elev1</fault>');
    my %more = %{ $fault->{head} // {} };
    print {$client} "HTTP/1.1 $status X\r\nContent-Type: application/soap+xml;"
        . " charset=UTF-8\r\nConnection: close\r\nContent-Length: ",
        length $answer, "\r\n", (map { "$_: $more{$_}\r\n" } keys %more),
        "\r\n", defined $fault->{cut} ? substr $answer, 0, $fault->{cut}
                                      : $answer;
}

# What a request says; wrong: what of it is not as it has to be.  Of one who is
# careless its signature is not worked out.
sub request ($text, $check) {
    my %part;
    while ($text =~ m{(<([\w:]+)(?: [^>]*)? wsu:Id="([^"]+)"[^>]*>.*?</\2>)}sg)
    {
        $part{$3} = $1;
    }
    my ($info) = $text =~ m{(<ds:SignedInfo.*</ds:SignedInfo>)}s;
    my ($value) = $text =~ m{<ds:SignatureValue>([^<]+)<};
    my ($cert) = $text =~ m{<wsse:BinarySecurityToken[^>]*>([^<]+)<};
    my %asked;
    ($asked{instnr}) = $text =~ m{<instnr>([^<]+)<};
    ($asked{id}) = $text =~ m{<wsa:MessageID[^>]*>([^<]+)<};
    ($asked{system}) = $text =~ m{<UdbydersystemId[^>]*>([^<]+)<};
    ($asked{to}) = $text =~ m{<wsa:To[^>]*>([^<]+)<};
    my @references = ($info // '')
        =~ m{URI="#([^"]+)".*?<ds:DigestValue>([^<]+)<}sg;
    my %signed = @references;
    for my $id (qw(Body Timestamp MessageID UdbydersystemId Action To)) {
        $asked{wrong} //= "$id is not signed"
            if !defined $signed{$id} || !defined $part{$id}
               || base64(sha256($part{$id})) ne $signed{$id};
    }
    $asked{wrong} //= 'its token is another'
        if ($cert // '') ne token('client');
    $asked{wrong} //= 'its signature is none'
        if $check && !signature_is($info // '', decode_base64($value // ''));
    delete @asked{ grep { !defined $asked{$_} } keys %asked };
    return %asked;
}

sub signature_is ($text, $value) {
    my ($from, $sig) = map { tmp_dir() . "/request$$-$_" } 1, 2;
    spew($from, $text);
    spew($sig, $value);
    state $key = spew(tmp_dir() . '/client.pub', run_ok(qw(openssl x509 -noout -pubkey -in),
                      certificates()->{client}[0]));
    return !run_cmd(qw(openssl dgst -sha256 -verify), $key, '-signature', $sig,
                    $from)->{code};
}

1;
