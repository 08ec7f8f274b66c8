#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# UNI-Login: an answer that is not signed as it has to be is refused by name,
# before a byte of it is used, whatever else is right of it: nothing is written,
# and nothing of it is shown.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Roster;
use Pupil::UniLogin;

my $certs = Pupil::UniLogin::certificates();
my ($how, $after) = (\%Pupil::UniLogin::HOW, \%Pupil::UniLogin::AFTER);
my $sha = 'http://www.w3.org/2000/09/xmldsig#sha1';
my $hmac = 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256';
my $wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity'
    . '-utility-1.0.xsd';
my $sts = '<wsse:SecurityTokenReference.*?</wsse:SecurityTokenReference>';

# Of a text, the element of this name.
sub element ($name) { qr{<$name[ >].*?</$name>}s }

# The signed Body somewhere else, and another one, of other people, in its
# place: %s is where.
sub moved ($text, $from, $to, $id = 'id-Body2') {
    my ($body) = $text =~ /(${\ element('soap:Body') })/;
    my $other = $body =~ s/Elev1\b/Mallory/gr =~ s/"id-Body"/"$id"/r;
    my $moved = sprintf $to, $body;
    return $text =~ s/\Q$body\E/$other/r =~ s/(?=\Q$from\E)/$moved/r;
}

sub says ($name, $change) {
    return [$name, after => sub ($text, $m) { $change->($text) }];
}
sub made ($name, $change) { [$name, how => $change] }

# [name, what is changed before or after it is signed, what is said of it]
my @odd = (
    [made('another authority', sub ($m) { $m->{key} = 'stil2' }),
     qr/no authority of the file has issued/],
    [made('a certificate that is over', sub ($m) { $m->{key} = 'late' }),
     qr/a certificate that is over/],
    [made('somebody else of the same authority', sub ($m) {
        $m->{key} = 'other' }), qr/somebody else than signer says/],
    [made('the authority itself', sub ($m) { $m->{key} = 'issuer' }),
     qr/by an authority itself/],
    [made('a small key', sub ($m) { $m->{key} = 'small' }),
     qr/a key that is too small/],
    [made('a certificate for something else', sub ($m) {
        $m->{key} = 'agree' }), qr/not for signatures/],
    [made('another key than that of the certificate', sub ($m) {
        @$m{qw(key token)} = ('other', 'stil') }),
     qr/a signature that is not of its certificate/],
    [says('a token that is no certificate', sub ($t) {
        $t =~ s/(BinarySecurityToken [^>]*>)[^<]{40}/$1/r }),
     qr/a token that is no certificate/],
    [says('a certificate with more behind it', sub ($t) {
        $t =~ s{(BinarySecurityToken [^>]*>)([^<]+)}
               {$1 . Pupil::UniLogin::base64(
                    MIME::Base64::decode_base64($2) . 'x')}er }),
     qr/a token that is no certificate/],

    [says('another body', sub ($t) { $t =~ s/Elev1\b/Elev9/r }),
     qr/is not what was signed/],
    [says('another time', sub ($t) { $t =~ s/(Expires>20)\d\d/${1}99/r }),
     qr/is not what was signed/],
    [says('another digest', sub ($t) {
        $t =~ s/(<ds:DigestValue>)..../${1}AAAA/r }),
     qr/is not what was signed|not of its certificate/],
    [says('another signature', sub ($t) {
        $t =~ s/(<ds:SignatureValue>)..../${1}AAAA/r }),
     qr/a signature that is not of its certificate/],
    [says('no signature', sub ($t) { $t =~ s/${\ element('ds:Signature') }//r }),
     qr/no Signature, or several/],
    [says('no security', sub ($t) { $t =~ s/${\ element('wsse:Security') }//r }),
     qr/no Security, or several/],
    [says('no security that is ours', sub ($t) {
        $t =~ s/wssecurity-secext-1.0/wssecurity-secext-1.1/gr }),
     qr/no Security, or several/],
    [says('no head', sub ($t) { $t =~ s/${\ element('soap:Header') }//r }),
     qr/not one Header and one Body/],
    [says('SOAP 1.1', sub ($t) {
        $t =~ s{http://www.w3.org/2003/05/soap-envelope}
               {http://schemas.xmlsoap.org/soap/envelope/}gr }),
     qr/no message of SOAP 1.2/],

    # a signature over a part alone
    (map { my $part = $_; [made("$part is not signed", sub ($m) {
        $m->{signed} = [grep { $_ ne $part } @{ $m->{signed} }] }),
        qr/has a $part that is not signed/] } qw(Body Timestamp RelatesTo)),
    [made('nothing is signed', sub ($m) { $m->{signed} = [] }),
     qr/has a Body that is not signed/],
    [made('a part twice', sub ($m) { push @{ $m->{signed} }, 'Body' }),
     qr/a part twice/],
    [made('too many parts', sub ($m) {
        $m->{signed} = [qw(Body Timestamp RelatesTo), ('MessageID') x 20] }),
     qr/a part twice, or too many/],
    [made('no Timestamp', sub ($m) { $m->{without} = ['Timestamp'];
        $m->{signed} = [qw(Body RelatesTo)] }), qr/no Timestamp, or several/],
    [made('no RelatesTo', sub ($m) { $m->{without} = ['RelatesTo'];
        $m->{signed} = [qw(Body Timestamp)] }),
     qr/what it is the answer to/],

    # wrapped
    [says('wrapped in a header, the same id', sub ($t) { moved($t,
        '</soap:Header>', '<x:w xmlns:x="urn:x">%s</x:w>', 'id-Body') }),
     qr/a part of a signed message where none may be/],
    [says('wrapped in a header, another id', sub ($t) { moved($t,
        '</soap:Header>', '<x:w xmlns:x="urn:x">%s</x:w>') }),
     qr/a part of a signed message where none may be/],
    [says('wrapped in Security', sub ($t) { moved($t,
        '</wsse:Security>', '<x:w xmlns:x="urn:x">%s</x:w>') }),
     qr/a part of a signed message where none may be/],
    [says('wrapped in the Signature', sub ($t) { moved($t,
        '</ds:Signature>', '<ds:Object>%s</ds:Object>') }),
     qr/a part of a signed message where none may be/],
    [says('beside the other one', sub ($t) { moved($t, '<soap:Body', '%s') }),
     qr/not one Header and one Body/],
    [says('in the other one', sub ($t) { moved($t, '</soap:Body>', '%s') }),
     qr/a part of a signed message where none may be/],
    [says('without an id of its own', sub ($t) {
        moved($t, '</soap:Header>', '<x:w xmlns:x="urn:x">%s</x:w>')
            =~ s/ wsu:Id="id-Body2"//r }),
     qr/a part of a signed message where none may be/],
    [says('a whole message in another one', sub ($t) {
        my $other = $t =~ s/Elev1\b/Mallory/gr
            =~ s/${\ element('wsse:Security') }//r;
        $other =~ s{(?=</soap:Header>)}{<x:w xmlns:x="urn:x">$t</x:w>}r }),
     qr/no Security, or several|where none may be/],
    [says('in an element of another name, with its id', sub ($t) {
        $t =~ s/"id-Body"/"id-Body2"/r =~ s{(?=</soap:Header>)}
            {<x:w xmlns:x="urn:x" xmlns:wsu="$wsu" wsu:Id="id-Body"/>}r }),
     qr/has a Body that is not signed/],
    [says('a second id of the same value', sub ($t) {
        $t =~ s/<s:Person>/<s:Person Id="id-Body">/r }), qr/an id twice/],
    [says('an ID of the same value', sub ($t) {
        $t =~ s/<s:Person>/<s:Person ID="id-Body">/r }), qr/an id twice/],
    [says('an xml:id', sub ($t) {
        $t =~ s/<s:Person>/<s:Person xml:id="id-Body">/r }), qr/an xml:id/],
    [says('another Timestamp', sub ($t) {
        my ($time) = $t =~ /(${\ element('wsu:Timestamp') })/;
        $t =~ s{(?=<wsu:Timestamp)}{$time =~ s/id-Timestamp/id-T2/r}er }),
     qr/no Timestamp, or several/],
    [says('another RelatesTo', sub ($t) {
        my ($to) = $t =~ /(${\ element('wsa:RelatesTo') })/;
        $t =~ s{(?=<wsa:RelatesTo)}{$to =~ s/id-RelatesTo/id-R2/r}er }),
     qr/in RelatesTo what it is the answer to, or several/],
    [says('two tokens', sub ($t) {
        my ($token) = $t =~ /(${\ element('wsse:BinarySecurityToken') })/;
        $t =~ s{(?=<wsse:Bin)}{$token =~ s/id-token/id-token2/r}er }),
     qr/not one token/],
    [says('two signatures', sub ($t) {
        $t =~ s/(${\ element('ds:Signature') })/$1$1/r }),
     qr/no Signature, or several/],

    # by other means
    [made('SHA-1 in the signature', sub ($m) {
        $m->{algorithm} = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }),
     qr/another algorithm than RSA with SHA-256/],
    [made('SHA-1 in a digest', sub ($m) { $m->{digest} = $sha }),
     qr/a digest of another algorithm than SHA-256/],
    [made('HMAC with the certificate as its secret', sub ($m) {
        $m->{algorithm} = $hmac }),
     qr/another algorithm than RSA with SHA-256/],
    [says('HMAC, as it says', sub ($t) {
        $t =~ s{http://www.w3.org/2001/04/xmldsig-more\#rsa-sha256}{$hmac}r }),
     qr/another algorithm than RSA with SHA-256/],
    [says('no algorithm', sub ($t) {
        $t =~ s{(SignatureMethod Algorithm=")[^"]+}{${1}none}r }),
     qr/another algorithm than RSA with SHA-256/],
    [says('a truncated HMAC', sub ($t) {
        $t =~ s{(<ds:SignatureMethod[^>]*>)}
               {$1<ds:HMACOutputLength>8</ds:HMACOutputLength>}r }),
     qr/another algorithm than RSA with SHA-256/],
    [says('inclusive canonical XML', sub ($t) {
        $t =~ s{(CanonicalizationMethod Algorithm=")[^"]+}
               {${1}http://www.w3.org/TR/2001/REC-xml-c14n-20010315}r }),
     qr/another method than exclusive XML/],
    [made('an XPath that leaves out', sub ($m) { $m->{transform} = [
        ['ds:Transform', { Algorithm =>
            'http://www.w3.org/TR/1999/REC-xpath-19991116' },
         ['ds:XPath', {}, 'false()']]] }),
     qr/another transform than exclusive XML/],
    [made('an XSLT', sub ($m) { $m->{transform} = [['ds:Transform',
        { Algorithm => 'http://www.w3.org/TR/1999/REC-xslt-19991116' }]] }),
     qr/another transform than exclusive XML/],
    [made('two transforms', sub ($m) { push @{ $m->{transform} },
        $m->{transform}[0] }), qr/another transform than exclusive XML/],
    [made('no transform', sub ($m) { $m->{transform} = [] }),
     qr/another transform than exclusive XML/],
    [made('a reference elsewhere', sub ($m) {
        $m->{uri}{Body} = 'file:///etc/passwd' }),
     qr/signs something that is not in it/],
    [made('a reference to all', sub ($m) { $m->{uri}{Body} = '' }),
     qr/signs something that is not in it/],
    [made('a reference by a path', sub ($m) {
        $m->{uri}{Body} = '#xpointer(/)' }),
     qr/signs something else than its Body and headers/],
    [made('a reference to an id of nobody', sub ($m) {
        $m->{uri}{Body} = '#id-nobody' }),
     qr/signs something else than its Body and headers/],
    [made('a Manifest', sub ($m) { $m->{more} = [['ds:Object', {},
        ['ds:Manifest', {}]]] }), qr/a Signature of other parts/],
    [made('a key that it has itself', sub ($m) {
        $m->{key_info} = ['ds:KeyValue', {}, ['ds:RSAKeyValue', {}]] }),
     qr/a key that is not its token/],
    [says('a key of two tokens', sub ($t) {
        $t =~ s{($sts)}{$1$1}sr }), qr/a key that is not its token/],
    [says('a token that is not there', sub ($t) {
        $t =~ s/URI="#id-token"/URI="#id-other"/r }),
     qr/a key that is not its token/],
    [says('another kind of token', sub ($t) {
        $t =~ s/(ValueType="[^"]*)X509v3(?=" wsu)/${1}X509PKIPathv1/r }),
     qr/not one token with a certificate/],

    # of another time, to another question
    [made('an hour ago', sub ($m) { @$m{qw(created expires)} =
        (-3600, -3300) }), qr/older than what it answers/],
    [made('an hour ago, without an end', sub ($m) {
        $m->{created} = -3600 }), qr/older than what it answers/],
    [made('in an hour', sub ($m) { @$m{qw(created expires)} =
        (3600, 3900) }), qr/later than now/],
    [made('over', sub ($m) { @$m{qw(created expires)} = (-100, -50) }),
     qr/: the answer is over/],
    [made('over before it began', sub ($m) {
        @$m{qw(created expires)} = (60, 30) }), qr/: the answer is over/],
    [made('to another message', sub ($m) {
        $m->{to} = 'urn:uuid:00000000-0000-4000-8000-000000000000' }),
     qr/the answer to another message/],
    [made('to a message without an id', sub ($m) { $m->{to} = '' }),
     qr/the answer to another message/],
    ['what it answered before', after => sub ($text, $m) { $m->{last} },
     qr/the answer to another message/],

    # what is no such text
    [says('a document type', sub ($t) { "<!DOCTYPE Envelope>$t" }),
     qr/has a document type/],
    [says('a bomb of entities', sub ($t) {
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        . join('', map { my $of = chr(ord('a') + $_ - 1);
            '<!ENTITY ' . chr(ord('a') + $_) . ' "' . "&$of;" x 10 . '">' }
            1 .. 12) . "]>$t" =~ s/Elev1\b/&m;/r }),
     qr/has a document type/],
    [says('an entity of a file', sub ($t) {
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' . $t
            =~ s/Elev1\b/&a;/r }), qr/has a document type/],
    [says('a type that is elsewhere', sub ($t) {
        "<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'>$t" }),
     qr/has a document type/],
    [says('an entity that is not declared', sub ($t) {
        $t =~ s/Elev1\b/&a;/r }), qr/is no XML, or was cut off/],
    [says('an instruction', sub ($t) { $t =~ s/Elev1\b/Elev1<?x y?>/r }),
     qr/has a processing instruction/],
    [says('a deep one', sub ($t) {
        $t =~ s{(?=</soap:Header>)}{'<a>' x 300 . '</a>' x 300}er }),
     qr/is no XML, or was cut off/],
    [says('half of it', sub ($t) { substr $t, 0, 4000 }),
     qr/is no XML, or was cut off/],
    [says('two of it', sub ($t) { "$t$t" }), qr/is no XML, or was cut off/],
    [says('nothing', sub ($t) { '' }), qr/is no XML, or was cut off/],
);

for my $odd (@odd) {
    my ($name, $when, $change) = ref $odd->[0] ? @{ $odd->[0] } : @$odd;
    ($when eq 'how' ? $how : $after)->{$name} = $change;
}

my $site = pupil_up(schools => 1);
my $peer = Pupil::UniLogin->new(tls => 1, careless => 1);
my $school = Pupil::Roster::tenant($site, 'signed');
my $ca = test_ca();

sub import (@options) {
    my $run = $school->ctl('import', 'unilogin', $peer->url, '--ca', $ca->{ca},
        @options ? @options : ('--credentials', Pupil::UniLogin::credentials()),
        '--json', '--close-absent', $school->ctl_where);
    $run->{all} = $run->{out} . $run->{err};
    return $run;
}

sub there {
    return join ' ', Pupil::Roster::live($school),
        $school->keystore->selectrow_array('SELECT count(*) FROM'
            . ' keystore.import_run WHERE tenant = ?', {}, $school->tenant);
}

$peer->tell(Pupil::UniLogin::schools());
my $run = import();
is $run->{code}, 0, 'answers that are signed' or diag $run->{all};
my $before = there();
like $before, qr/^14 /, 'are taken';

my $mallory = Pupil::UniLogin::schools();
push @{ $mallory->{101001}{persons} },
    Pupil::UniLogin::person('mal00001', 'Mallory', 'M', 'Employee', ['Lærer'],
                            ['7A']);

for my $odd (@odd) {
    my $name = ref $odd->[0] ? $odd->[0][0] : $odd->[0];
    for my $operation ('eksporterXmlLille', $name =~ /^(?:no signature|nothing
        |another authority|a document type|to another message)$/x
        ? 'hentDataAftalerLille' : ())
    {
        $peer->tell($mallory);
        $peer->faults($operation => [{ how => $name }]);
        $run = import();
        is $run->{code}, 1, "$name, $operation" or diag $run->{all};
        like $run->{err}, $odd->[-1], 'is said';
        unlike $run->{all}, qr/Elev|Mallory|Lind|elev1|root:/,
            'and nothing of it shown';
    }
}
is there(), $before, 'nothing of them was written';

subtest 'what is not signed is not looked at' => sub {
    for my $bad ([{ status => 500 }, qr/status 500/],
                 [{ status => 401 }, qr/status 401/],
                 [{ status => 302, head => { Location => $peer->url } },
                  qr/status 302/],
                 [{ cut => 900 }, qr/institution 101001: /],
                 [{ body => '<html>Elev1</html>' }, qr/no message of SOAP/],
                 [{ body => "<Elev1>\xe9</Elev1>" }, qr/is no XML/],
                 [{ body => ' ' x (65 << 20) }, qr/larger than/])
    {
        $peer->tell($mallory);
        $peer->faults(eksporterXmlLille => [$bad->[0]]);
        $run = import();
        is $run->{code}, 1, 'an answer';
        like $run->{err}, $bad->[1], 'is said';
        unlike $run->{all}, qr/Elev/, 'and not shown';
    }
    is there(), $before, 'and not written';
};

subtest 'both ends of TLS' => sub {
    $peer->tell($mallory);
    my $key = Pupil::UniLogin::credentials();
    my $none = $school->ctl('import', 'unilogin', $peer->url, '--credentials',
                            $key, $school->ctl_where);
    is $none->{code}, 1, 'a server that the system does not know';
    is import('--credentials', Pupil::UniLogin::credentials(
        certificate => $certs->{stil2}[0], key => $certs->{stil2}[1]))->{code},
        1, 'a client that the server does not know';
    is_deeply [$peer->asked], [], 'nothing was asked';

    for my $name ('NTRDK-12345678', 'UI:DK-O:G:1') {
        $peer->tell(Pupil::UniLogin::schools());
        is import('--credentials', Pupil::UniLogin::credentials(
            signer => $name))->{code}, 0, "signer is $name";
    }

    $peer->tell($mallory);
    for my $pins (['authorities', "$certs->{root2}[0]"],
                  ['signer', 'Brugerdatabase'],
                  ['signer', 'DK'], ['signer', 'Den Danske Stat'])
    {
        is import('--credentials', Pupil::UniLogin::credentials(@$pins))
            ->{code}, 1, "another one of $pins->[0]";
    }
    is there(), $before, 'and nothing written';     # the same roster is no run
};

subtest 'what lets it in' => sub {
    my $dir = tmp_dir();
    my $text = slurp($certs->{client}[1]);
    my $open = spew("$dir/open.key", $text, 0640);
    my $locked = "$dir/locked.key";
    is run_cmd('openssl', 'rsa', '-aes128', '-passout', 'pass:secret', '-in',
               $certs->{client}[1], '-out', $locked)->{code}, 0, 'a passphrase';
    chmod 0600, $locked;
    for my $bad (
        ['a key that others read', { key => $open }, qr/its owner's alone/],
        ['another key', { key => $certs->{other}[1] }, qr/is not the key of/],
        ['a key that is locked', { key => $locked },
         qr/no RSA key in PEM, without a passphrase/],
        ['no key', { key => "$dir/none" }, qr/No such file/],
        ['a certificate as the key', { key => spew("$dir/crt",
            slurp($certs->{client}[0]), 0600) }, qr/no RSA key/],
        ['no certificate', { certificate => $certs->{client}[1] },
         qr/no certificate in PEM/],
        ['a certificate that is over', { certificate => $certs->{late}[0],
            key => $certs->{late}[1] }, qr/is over: get another one/],
        ['authorities that are none', { authorities => $certs->{stil}[0] },
         qr/no certificates of authorities/],
        ['authorities without a root', { authorities => $certs->{issuer}[0] },
         qr/one of which issued itself/],
        ['no signer', { signer => undef }, qr/"signer" is missing/],
        ['another name', { bearer => 'x' }, qr/a name that is none of it/],
        ['a system with signs', { system => '<a/>' }, qr/no id of a system/])
    {
        my ($name, $change, $says) = @$bad;
        $peer->tell($mallory);
        $run = import('--credentials', Pupil::UniLogin::credentials(%$change));
        is $run->{code}, 1, $name;
        like $run->{err}, $says, 'is said';
        unlike $run->{all}, qr/PRIVATE|[A-Za-z0-9+\/]{60}/, 'without the key';
        is_deeply [$peer->asked], [], 'nothing was asked';
    }

    is import('--ca', $ca->{ca})->{code}, 2, 'an option twice';
    $run = $school->ctl('import', 'unilogin', $peer->url, $school->ctl_where);
    like $run->{err}, qr/--credentials/, 'none';
    for my $url ('http://127.0.0.1:1/', 'https://a.example/?x=1',
                 'https://a.example/a&b', 'file:///etc/passwd')
    {
        $run = $school->ctl('import', 'unilogin', $url, '--credentials',
            Pupil::UniLogin::credentials(), $school->ctl_where);
        is $run->{code}, 1, "not of $url";
    }
    is there(), $before, 'nothing was written';
};

done_testing;
