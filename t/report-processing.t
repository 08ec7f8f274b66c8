#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl report processing: the record of processing activities (GDPR article
# 30) is what plugins declare, of whatever category, what a tenant has decided of
# periods, and nobody's data.  In terms that DPV and DPCat have, and as a page.

use lib 't/lib';
use Pupil::Test;
use Pupil::Badge;

use JSON::XS qw(decode_json);

# Of DPV 2.0 and its extension for the GDPR, as they were looked up there.
my %TERM = map { $_ => 1 } qw(
    dpv:DataController dpv:Student dpv:Employee dpv:EncryptionAtRest
    dpv:EncryptionInTransfer dpv:Pseudonymisation dpv:AccessControlMethod
    dpv:ActivityMonitoring dpv:Recipient dpv:PersonalData dpv:DataSource
    dpv:StorageCondition dpv:StorageDuration dpv:Purpose dpv:Consult dpv:Record
    dpv:IdentityAuthentication dpv:ServiceProvision dpv:RecordManagement
    dpv:EnforceSecurity dpv:OrganisationGovernance dpv:RightsFulfillment
    dpv:CustomerCare dpv:ResearchAndDevelopment dpv:LegalCompliance
    dpv:hasDataController dpv:hasDataSubject dpv:hasPersonalData
    dpv:hasTechnicalOrganisationalMeasure dpv:hasPurpose dpv:hasLegalBasis
    dpv:hasProcessing dpv:hasRecipient dpv:hasDataSource
    dpv:hasStorageCondition dpv:hasDuration
    dpv:DataProcessor dpcat:ROPA dpcat:ROPARecord dcat:dataset dct:title dct:description
    dct:created skos:broader
    eu-gdpr:A6-1-a eu-gdpr:A6-1-b eu-gdpr:A6-1-c eu-gdpr:A6-1-d eu-gdpr:A6-1-e
    eu-gdpr:A6-1-f);
my %ARTICLE = (consent => 'a', contract => 'b', legal_obligation => 'c',
               vital_interest => 'd', public_task => 'e',
               legitimate_interest => 'f');
my %RECIPIENT = (teaches => 'teacher', taught_by => 'pupil', dpo => 'dpo',
                 school_admin => 'school_admin', support_grant => 'support',
                 tenant_admin => 'tenant_admin');

my $name = 'Kommunen <b>A</b> & "B"';
my $site = pupil_up(import => 1);
my $db = $site->db;
my @where = $site->ctl_where;
$db->do('UPDATE pupil.tenant SET name = ?', {}, $name);

sub report (@args) {
    my $run = $site->ctl('report', 'processing', @args, @where);
    is $run->{code}, 0, "report processing @args" or diag $run->{err};
    return $run->{out};
}

# What plugin show has: {category => record}.
sub shown ($folder) {
    return map { my ($category) = m{pupil_(\w+)\.so$};
                 $category => decode_json($site->ctl_ok('plugin', 'show',
                     $category, '--json', '--plugins', $folder)->{out}) }
           glob "$folder/pupil_*.so";
}

sub activities ($record) {
    return map { $_->{'dct:title'} => $_ } @{ $record->{'dcat:dataset'} };
}

sub line ($purpose, $category, $grant) {
    return join ' ', $purpose, $category, @$grant{qw(relation operation basis)},
                "@{ $grant->{fields} }";
}


# ---- what plugins declare, each grant once, and nothing else

sub holds_all ($record, $which, %shown) {
    my %activity = activities($record);
    my @said = map { my $purpose = $_;
                     map { line($purpose, $_->{category}, $_) }
                     @{ $activity{$purpose}{grants} } } keys %activity;
    my @declared = map { my $category = $_;
                         map { line($_->{purpose}, $category, $_) }
                         @{ $shown{$category}{grants} } } keys %shown;
    cmp_ok scalar(@declared), '>', 40, "$which: grants";
    is_deeply [sort @said], [sort @declared], "$which: each grant is in an"
        . ' activity, once, and no other is';

    my %category = map { $_->{'dct:title'} => $_ }
                   @{ $record->{'dpv:hasPersonalData'} };
    is_deeply [sort keys %category], [sort keys %shown], "$which: categories";
    my @wrong = grep {
        my ($is, $was) = ($category{$_}, $shown{$_});
        my $kept = $is->{'dpv:hasStorageCondition'};
        json_of($is->{fields}) ne json_of($was->{fields})
            || $is->{'dpv:hasDataSource'}{'dct:description'} ne $was->{source}
            || $is->{recipients} ne $was->{recipients}
            || $is->{'dct:description'} ne $was->{summary}
            || $kept->{declared} != $was->{retention}{days}
            || $kept->{from} ne $was->{retention}{from}
            || $kept->{then} ne $was->{retention}{then}
    } sort keys %shown;
    is_deeply \@wrong, [], "$which: with fields, source, recipients and period";

    for my $purpose (sort keys %activity) {
        my $is = $activity{$purpose};
        my @grants = @{ $is->{grants} };
        my $set = sub (@of) { my %of = map { $_ => 1 } @of; [sort keys %of] };
        is_deeply [map { [sort @$_] } @$is{qw(dpv:hasLegalBasis dpv:hasProcessing
                                              dpv:hasPersonalData)}],
            [$set->(map { "eu-gdpr:A6-1-$ARTICLE{$_->{basis}}" } @grants),
             $set->(map { $_->{operation} eq 'read' ? 'dpv:Consult' : 'dpv:Record' }
                    @grants),
             $set->(map { "urn:pupil:category:$_->{category}" } @grants)],
            "$which, $purpose: bases, operations and categories are those of its"
            . ' grants';
        is_deeply [sort @{ $is->{'dpv:hasRecipient'} }],
            $set->(map { "urn:pupil:recipient:$RECIPIENT{$_->{relation}}" }
                   grep { $RECIPIENT{$_->{relation}} } @grants), "$which, $purpose: so are its recipients";
    }
}

my $shipped = Pupil::Nginx::plugins();
my $record = decode_json(report('--json'));
holds_all($record, 'as shipped', shown($shipped));
is $record->{'dpv:hasDataController'}{'dct:title'}, $name, 'whose it is';
is $record->{'@id'}, 'urn:pupil:tenant:' . $site->tenant . ':processing', 'by its id';
is_deeply [grep { /research|recovery|legal_obligation/ } keys %{ { activities($record) } }],
    [], 'what nobody is granted anything for is no activity';
is_deeply [grep { !$_->{accepted} } @{ $record->{'dpv:hasPersonalData'} }], [],
    'all is accepted';
cmp_ok scalar(@{ $record->{missing} }), '>=', 5, 'what is not in it is said';


# ---- a plugin that nobody has heard of

my $plugins = tmp_dir() . '/plugins';
mkdir $plugins or die "$plugins: $!\n";
symlink $_, "$plugins/" . (split m{/}, $_)[-1] or die "$_: $!\n"
    for glob "$shipped/pupil_*.so";
spew("$plugins/pupil_badge.so", slurp(build_dir() . '/t/plugins/badge.so'));
push @where, '--plugins', $plugins;

sub badge ($record) {
    return (grep { $_->{'dct:title'} eq 'badge' }
            @{ $record->{'dpv:hasPersonalData'} })[0];
}

my $before = decode_json(report('--json'));
ok !badge($before)->{accepted}, 'one that nobody has accepted is marked';
like report(), qr/^  badge 1\.0\.0, not accepted: kept 30 days/m, 'as text, too';
isnt $before->{policy}, $record->{policy}, 'by another policy';

badge_add($site, $plugins);
my $with = decode_json(report('--json'));
holds_all($with, 'with a badge', shown($plugins));
ok badge($with)->{accepted}, 'accepted';


# ---- what the tenant has decided

$site->ctl_ok('retention', 'set', 'badge', 9, '--reference', 'N <1>', @where);
$site->ctl_ok('retention', 'set', 'recovery', 90, '--reference', 'N 2', @where);
$site->ctl_ok('retention', 'hold', 'progress', '--reference', 'A 3', @where);
my $decided = decode_json(report('--json'));
my $kept = badge($decided)->{'dpv:hasStorageCondition'};
is_deeply [$kept->{'dpv:hasDuration'}{days}, @$kept{qw(declared reference held)}],
    [9, 30, 'N <1>', undef], 'a shorter period, by its decision';
my ($progress) = grep { $_->{'dct:title'} eq 'progress' }
                 @{ $decided->{'dpv:hasPersonalData'} };
is $progress->{'dpv:hasStorageCondition'}{held}, 'A 3', 'what is held, by which';
is_deeply [map { [@$_{qw(name days reference)}] } grep { $_->{name} eq 'recovery' }
           @{ $decided->{periods} }], [['recovery', 90, 'N 2']],
    'and what no plugin declares';


# ---- who else receives what

ok +(grep { /no recipient of kind hosting/ } @{ $decided->{missing} }),
    'that nobody is known to have the machines is said';
my $proof = spew(tmp_dir() . '/<agreement>', 'signed');
sub recipient ($name, %of) {
    $site->ctl_ok('recipient', 'add', $name, (map { ("--$_" => $of{$_}) } sort keys %of),
                  '--evidence', $proof, '--evidence-date', '2026-02-03', @where);
}
recipient(host => title => 'Hosting <Ltd>', kind => 'hosting', country => 'SE,FI',
          fields => 'all', why => 'Runs the machines');
recipient(count => title => 'Counting Inc', kind => 'analytics', country => 'US',
          transfer => 'contractual_clauses', fields => 'progress', why => 'Counts');
recipient(gone => title => 'Was here', kind => 'mail', country => 'DK',
          fields => 'contact', why => 'Mailed');
$site->ctl_ok('recipient', 'end', 'gone', '--reference', 'KS 9', @where);
my $none = decode_json(report('--json'));
my %organisation = map { $_->{organisation} => $_ }
                   grep { $_->{organisation} } @{ $none->{recipients} };
is_deeply [sort keys %organisation], [qw(count host)],
    'the register is in it, but for what has ended';
ok !$organisation{host}{instruction}, 'whom no instruction stands behind';
is_deeply [grep { /organisation/ } map { @{ $_->{'dpv:hasRecipient'} } }
           @{ $none->{'dcat:dataset'} }], [], 'receives for no activity';
like report(), qr/^  Hosting <Ltd>, hosting, FI SE, within the EEA: \d+ fields, by no instruction$/m,
    'as text, too';
for my $name (qw(host count)) {
    $site->ctl_ok('recipient', 'instruct', $name, '--reference', "KS $name", '--date',
                  '2026-03-01', @where);
}
$decided = decode_json(report('--json'));
my ($counts) = grep { ($_->{organisation} // '') eq 'count' } @{ $decided->{recipients} };
is_deeply [@$counts{qw(dct:title kind countries transfer instruction why)}],
    ['Counting Inc', 'analytics', ['US'],
     { basis => 'contractual_clauses', article => '46(2)(c)' },
     { reference => 'KS count', date => '2026-03-01' }, 'Counts'],
    'who, where, on which basis, by which instruction and why';
my %for = activities($decided);
is_deeply [sort grep { grep { $_ eq 'urn:pupil:organisation:count' }
                       @{ $for{$_}{'dpv:hasRecipient'} } } keys %for], ['statistics'],
    'for the activity that its kind is for';
is_deeply [grep { !grep { $_ eq 'urn:pupil:organisation:host' }
                  @{ $for{$_}{'dpv:hasRecipient'} } } sort keys %for], [],
    'and who has the machines for all';
ok !(grep { /hosting/ } @{ $decided->{missing} }), 'so that nothing is missing of that';
like report(), qr/^  Counting Inc, analytics, US, by contractual_clauses, article 46\(2\)\(c\): 3 fields, by KS count of 2026-03-01$/m,
    'where it goes, as text';

my $there = $site->ctl_ok('tenant', 'add', 'Another', '--json', $site->ctl_databases);
my $other = decode_json($there->{out})->{tenant};
my $theirs = decode_json($site->ctl_ok('report', 'processing', '--json',
    '--plugins', $plugins, $site->ctl_databases, '--tenant', $other)->{out});
is $theirs->{'dpv:hasDataController'}{'dct:title'}, 'Another', 'another tenant';
is_deeply [grep { $_->{organisation} } @{ $theirs->{recipients} }], [],
    'has recipients of its own alone';
is badge($theirs)->{'dpv:hasStorageCondition'}{'dpv:hasDuration'}{days}, 30,
    'has decided nothing';


# ---- terms

sub terms ($value) {
    return ref $value eq 'HASH' ? map { ($_, terms($value->{$_})) }
                                  grep { $_ ne '@context' } keys %$value
         : ref $value eq 'ARRAY' ? map { terms($_) } @$value : $value // ();
}

my %used = map { $_ => 1 }
           grep { /^(?:dpv|eu-gdpr|dpcat|dcat|dct|skos):/ } terms($decided);
cmp_ok scalar(keys %used), '>=', 35, 'terms of vocabularies';
is_deeply [grep { !$TERM{$_} } sort keys %used], [], 'that these have';
is_deeply [grep { !exists $decided->{'@context'}{$_} }
           map { s/:.*//r } sort keys %used], [], 'under prefixes that are said';
my %defined = map { $_->{'@id'} => 1 } @{ $decided->{recipients} },
    @{ $decided->{'dpv:hasPersonalData'} };
is_deeply [grep { !$defined{$_} }
           map { (@{ $_->{'dpv:hasRecipient'} }, @{ $_->{'dpv:hasPersonalData'} }) }
           @{ $decided->{'dcat:dataset'} }], [], 'what an activity names is there';


# ---- the page

my $file = tmp_dir() . '/record.html';
is report('--html', $file), '', 'a page is a file';
my $page = slurp($file);
like $page, qr/Kommunen &lt;b&gt;A&lt;\/b&gt; &amp; &quot;B&quot;/, 'whose';
like $page, qr/by the decision N &lt;1&gt;/, 'with decisions';
like $page, qr/held by A 3/, 'and what is held';
like $page, qr/<td>Hosting &lt;Ltd&gt;<\/td>.*<td>FI, SE<\/td>.*KS host/s,
    'who receives it, and by which instruction';
like $page, qr/&lt;agreement&gt; of 2026-02-03/, 'with the evidence';

# Elements that are not closed in their order; those that need not be aside.
sub unclosed ($html) {
    my @open;
    while ($html =~ m{<(/?)([a-z]\w*)[^>]*>}g) {
        my ($end, $element) = ($1, $2);
        next if $element =~ /^(?:meta|br)$/;
        if (!$end) { push @open, $element; next }
        return "$element in @open" if !@open || pop @open ne $element;
    }
    return @open;
}

is_deeply [unclosed($page)], [], 'well-formed';
is_deeply [unclosed('<p><b>a</p></b>')], ['p in p'], 'one that is not is found';
my $text = $page =~ s/<[^>]+>/ /gr =~ s/&lt;/</gr =~ s/&gt;/>/gr =~ s/&quot;/"/gr
         =~ s/&amp;/&/gr;
my @lacks = grep { index($text, $_) < 0 } map { ($_->{name}, $_->{why}) }
            map { @{ $_->{fields} } } @{ $decided->{'dpv:hasPersonalData'} };
is_deeply \@lacks, [], 'each field and why';
@lacks = grep { index($text, $_) < 0 }
    (map { @$_{qw(who article)} } map { @{ $_->{grants} } }
     @{ $decided->{'dcat:dataset'} }),
    (map { $_->{'dct:description'} } map { @{ $decided->{$_} } }
     qw(dpv:hasPersonalData dcat:dataset dpv:hasTechnicalOrganisationalMeasure)),
    @{ $decided->{missing} };
is_deeply \@lacks, [], 'who, on which basis, what is done about it, and what is'
    . ' not there';


# ---- of nobody

my @people = map { @$_ } @{ $db->selectall_arrayref(
    'SELECT DISTINCT subject::text FROM pupil.role') };
cmp_ok scalar(@people), '>', 90, 'people';
my ($anybody) = map { qr/$_/ } join '|', @people, qw(CBeane Beane Klein OKlein);
unlike $_, $anybody, 'nobody is in it' for $page, report(), report('--json');
my $records = 'SELECT count(*) FROM pupil.audit_record';
my $count = $db->selectrow_array($records);
report();
is $db->selectrow_array($records), $count, 'nor is anybody looked at';


# ---- what cannot be made

is $site->ctl('report', 'processing', '--html', '/no/such/folder/x', @where)->{code},
    1, 'no page';
is $site->ctl('report', 'processing', 'all', @where)->{code}, 2, 'no argument';
is $site->ctl('report', 'controls', @where)->{code}, 2, 'no other report';

done_testing;
