/* Copyright (C) the Pupil authors */

export default {
  /* everywhere */
  skip: 'Till innehållet', menu: 'Sidor', language: 'Språk',
  school: 'Skola', schools: 'Skola och roll', 'schools.all': 'Alla skolor',
  switch: 'Byt', logout: 'Logga ut', cancel: 'Avbryt', save: 'Spara',
  next: 'Vidare', more: 'Visa fler', yes: 'Ja', no: 'Nej',
  loading: 'Hämtar mer …', nobody: 'Utan namn', class: 'Klass',
  title: 'Rubrik', text: 'Text', homework: 'Läxa', pupil: 'Elev',
  'and.more': 'Det finns mer än vad som visas här.',
  gone: 'Det här finns inte', start: 'Till första sidan',
  away: 'Ingen anslutning. Försök igen om en stund.',
  again: 'Ingen anslutning. Försöker igen …',
  idle: 'Är du kvar?',
  'idle.what': 'Du loggas snart ut, eftersom inget har hänt på ett tag.',
  'idle.stay': 'Fortsätt vara inloggad',
  'logout.sure': 'Logga ut?',
  'logout.what': {
    one: 'Ett svar är inte inlämnat än och försvinner.',
    other: '{n} svar är inte inlämnade än och försvinner.',
  },

  /* log-in */
  login: 'Logga in', 'login.name': 'Användarnamn eller e-post',
  'login.password': 'Lösenord',
  'login.own': 'Det här är min egen enhet: mitt användarnamn får sparas',
  'login.shared': 'Andra använder också den här datorn: den ska inte känna'
    + ' igen mig',
  'login.back': 'Tillbaka till inloggningen',
  'login.with': 'Logga in med {name}',
  tenant: 'Din skola', 'tenant.choose': 'Välj en skola',
  'tenant.what': 'Du finns på flera skolor. Vart vill du?',
  'ended.session': 'Du har loggats ut. Logga in igen.',
  'ended.kept': 'Du har loggats ut. Logga in igen: inget av det du skrev är'
    + ' borta.',
  second: 'Ett steg till', 'second.by': 'Hur', 'second.code': 'Kod',
  'second.totp': 'Kod från en autentiseringsapp',
  anew: 'Är det du?', 'anew.code': 'Bara om du har en.',
  'anew.what':
    'Det var ett tag sedan du visade vem du är: för det här gör du det igen.',
  'second.recovery': 'Återställningskod',
  'second.token': 'Kod från skolan, för att börja med en autentiseringsapp',
  'second.email': 'Kod med e-post',
  'second.email.send': 'Skicka en kod med e-post',
  'second.email.sent':
    'En kod är på väg till din e-post. Den gäller i tio minuter.',
  'second.enrol': 'Lägg till din autentiseringsapp',
  'second.enrol.what': 'Skanna bilden med en autentiseringsapp, skriv in nyckeln'
    + ' där, eller öppna den där. Skriv sedan koden som appen visar.',
  'second.qr': 'Nyckeln som QR-kod',
  'second.open': 'Öppna i en app på den här enheten',
  recovery: 'Dina återställningskoder',
  'recovery.what': 'Spara dem där bara du hittar dem. Var och en släpper in'
    + ' dig en gång om du blir av med din app. De visas inte igen.',
  'recovery.kept': 'Jag har sparat dem', 'recovery.own': 'Återställningskoder',
  'recovery.why': 'Nya koder ersätter alla du har. Du loggas ut överallt'
    + ' annars.',
  'recovery.make': 'Gör nya', 'recovery.made': 'De gamla gäller inte längre.',
  'recovery.none': 'Återställningskoder finns för den som loggar in med en'
    + ' autentiseringsapp.',

  /* links by mail */
  email: 'E-post', forgotten: 'Glömt ditt lösenord?',
  'forgotten.what': 'Du som arbetar på en skola får en länk med e-post, där du'
    + ' väljer ett nytt lösenord. Elever frågar sin lärare.',
  'forgotten.send': 'Skicka en länk', 'forgotten.sent': 'Titta i din e-post',
  'forgotten.mail': 'Om kontot har en e-postadress är en länk på väg dit. Den'
    + ' gäller i en halvtimme, en gång.',
  reset: 'Välj ett nytt lösenord',
  'reset.what': 'Långt är bra: fyra eller fem ord som du minns, med'
    + ' mellanslag. Du loggas ut överallt.',
  'reset.send': 'Byt lösenord',
  'reset.done': 'Ditt lösenord är bytt. Logga in med det.',
  'link.again': 'Be om en ny länk',
  'link.open': 'Öppna länken i din e-post en gång till, eller be om en ny.',
  sign: 'Registrera dig som lärare',
  'sign.what': 'För lärare vars skola inte finns här än. Du får en länk med'
    + ' e-post.',
  'sign.send': 'Skicka en länk', 'sign.sent': 'Titta i din e-post nu',
  'sign.mail': 'Ett brev är på väg. Länken gäller i ett dygn, en gång.',
  welcome: 'Välkommen', 'welcome.what': 'Skriv vad du heter och välj ett'
    + ' lösenord: fyra eller fem ord som du minns.',
  'welcome.send': 'Skapa mitt konto',
  'welcome.done': 'Ditt konto skapas. Om en liten stund kan du logga in med'
    + ' din e-postadress.',

  /* password */
  'password.own': 'Lösenord', 'password.choose': 'Välj ett lösenord',
  'password.first': 'Ditt lösenord gjordes åt dig. Välj ett eget.',
  'password.what': 'Långt är bra: fyra eller fem ord som du minns, med'
    + ' mellanslag. Du loggas ut överallt annars.',
  'password.present': 'Nuvarande lösenord', 'password.new': 'Nytt lösenord',
  'password.set': 'Byt lösenord', 'password.changed': 'Ditt lösenord är bytt.',

  /* homework, for a pupil */
  todo: 'Att göra', 'todo.none': 'Inget att göra. Bra jobbat!',
  finished: 'Klart', 'finished.none': 'Inget är klart än.',
  results: 'Mina resultat', 'results.none': 'Det finns inga poäng än.',
  'part.late': 'Försenat', 'part.today': 'Idag', 'part.week': 'Den här veckan',
  'part.later': 'Senare', due: 'klart senast {when}',
  'state.completed': 'Klart', 'state.in_progress': 'Påbörjat',
  'state.not_started': 'Inte påbörjat', 'state.late': 'Försenat',
  'exercises.done': '{done} av {n} klara',
  'back.todo': 'Tillbaka till listan',
  points: { one: '{n} poäng', other: '{n} poäng' },
  'points.of': { one: '{score} av {n} poäng', other: '{score} av {n} poäng' },
  'hand.in': 'Lämna in', 'hand.again': 'Lämna in igen',
  draft: 'Inte inlämnat än', sending: 'Lämnar in …', stored: 'Inlämnat',
  waiting: 'Väntar på anslutning. Du kan fortsätta.',
  'waiting.n': {
    one: 'Ett svar är på väg.', other: '{n} svar är på väg.',
  },
  kept: 'Inte inlämnat. Din text finns kvar här.',
  refused: 'Ett svar togs inte emot: {why}',
  'hint.private': 'Skriv inte om hälsa eller familj i ett svar.',

  /* homework, for a teacher */
  given: 'Läxor i mina klasser', 'given.none': 'Inga läxor än.',
  'given.open': 'Kommande', 'given.past': 'Avslutade', give: 'Ge en läxa',
  gave: '”{title}” är given.', changed: 'Ändrat.',
  'back.given': 'Tillbaka till listan',
  'classes.none': 'Du undervisar ingen klass.',
  'due.head': 'Senast', 'due.day': 'Klart senast', 'due.hour': 'klockan',
  'done.head': 'Klara',
  'pupils.done': '{done} av {n}', 'pupils.begun': '{n} har börjat',
  pupils: 'Hur långt varje elev har kommit', 'state.head': 'Läge',
  'exercises.head': 'Uppgifter', 'points.head': 'Poäng', 'last.head': 'Senast',
  exercises: { one: '{n} uppgift', other: '{n} uppgifter' },
  'exercises.lines': 'Uppgifter', 'exercises.hint': 'En på varje rad',
  'points.each': 'Poäng för varje',
  edit: 'Ändra', 'edit.title': 'Ändra ”{title}”',
  'take.back': 'Ta tillbaka', 'take.back.sure': 'Ta tillbaka ”{title}”?',
  'take.back.what': {
    one: 'En elev har svarat. Ingen ser det längre.',
    other: '{n} elever har svarat. Ingen ser det längre.',
  },
  'taken.back': 'Tillbakatagen.',

  /* about me */
  me: 'Om mig', 'me.what': 'Vad som är sparat om dig, så som du får se det.',
  looked: 'Vem har tittat',
  'looked.what': 'Varje gång någon, eller du, såg eller ändrade det som är'
    + ' sparat om dig.',
  'who.self': 'Du', 'who.role': 'Någon annan: {role}',
  'did.read': 'såg {what}, för {why}', 'did.write': 'ändrade {what}, för {why}',
  times: { one: 'en gång', other: '{n} gånger' },
  proof: 'Bevis', 'proof.of': 'Bevis för {when}, att ladda ner',
  notices: 'Meddelanden', 'notices.new': 'nytt',
  'notices.what': 'Vad som har hänt med ditt konto. Fråga din skola om det som'
    + ' inte var du.',
  'notices.none': 'Ingenting har hänt.',
  'notice.seen': 'Jag har sett det', 'notice.seen.of': 'Jag har sett det:'
    + ' {what}, {when}',
  'notice.other': 'Något har hänt med ditt konto',
  'notice.new_device': 'En inloggning från en okänd webbläsare',
  'notice.failed_logins': 'Många inloggningar misslyckades före din',
  'notice.sessions_ended': 'Du loggades ut där du varit inloggad längst',
  'notice.password_changed': 'Ditt lösenord byttes',
  'notice.second_factor_changed': 'Din autentiseringsapp lades till eller togs'
    + ' bort',
  'notice.recovery_used': 'Någon loggade in med en återställningskod',
  'notice.recovery_codes_changed': 'Det finns nya återställningskoder',
  'notice.support_granted': 'En kod för supporten gjordes',
  'notice.support_redeemed': 'Supporten släpptes in',
  'notice.trial_ends': 'Din provtid går ut inom en vecka',
  sessions: 'Var jag är inloggad', 'session.this': 'Här',
  'session.other': 'Någon annanstans, som {role}',
  'session.when': 'sedan {from}, senast använd {seen}',
  end: 'Logga ut', 'end.of': 'Logga ut där du loggade in {when}',
  'end.others': 'Logga ut överallt annars', ended: 'Utloggad där.',

  /* support */
  support: 'Släpp in support',
  'support.what': 'Någon på supporten ser dina sidor, utan att ändra något, så'
    + ' länge du säger. De ber dig om koden: ingen behöver ditt lösenord.',
  'support.minutes': 'Hur länge',
  minutes: { one: '{n} minut', other: '{n} minuter' },
  'support.let': 'Gör en kod',
  'support.read': 'Läs upp den här koden. Den gäller en gång, till {until}.',
  'support.in': 'Supporten är insläppt',
  'support.waits': 'Koden är inte använd än',
  'support.until': 'sedan {from}, till {until}', 'support.end': 'Avsluta',
  'support.ended': 'Supporten är inte insläppt längre.',
  'support.redeem': 'Bli insläppt', 'support.code': 'Koden som lästes upp',
  'support.enter': 'Se sidorna',
  'support.sees': 'Du ser den här personens sidor till {until}. Varje titt'
    + ' sparas, och personen ser att du tittade.',

  /* looking up */
  look: 'Slå upp något',
  'look.recorded': 'Varje uppslag sparas: vem, vad och varför.',
  'look.what': 'Vad', 'look.whom': 'Personens pseudonym',
  'look.hint': 'Som 00000000-0000-0000-0000-000000000000',
  'look.none': 'Inget är sparat.',

  /* names of the API */
  'role.pupil': 'elev', 'role.teacher': 'lärare',
  'role.school_admin': 'skoladministratör',
  'role.tenant_admin': 'administratör', 'role.dpo': 'dataskyddsombud',
  'role.support': 'support', 'role.operator': 'den som driver systemet',
  'role.none': 'någon som inte var inloggad',
  'category.identity': 'namn', 'category.contact': 'e-postadress',
  'category.credential': 'inloggning', 'category.enrolment': 'klasser',
  'category.network': 'enheter och nätverk', 'category.homework': 'läxor',
  'category.progress': 'svar och resultat',
  'category.notice': 'meddelanden',
  'category.example': 'ämnen av intresse',
  'field.given_name': 'Förnamn', 'field.family_name': 'Efternamn',
  'field.email': 'E-post', 'field.login_id': 'Användarnamn',
  'field.class_title': 'Klass', 'field.school_title': 'Skola',
  'field.group_type': 'Grupptyp', 'field.department': 'Avdelning',
  'field.role': 'Roll', 'field.from': 'Från', 'field.to': 'Till',
  'field.address': 'Nätverk', 'field.seen_at': 'Sedd',
  'field.title': 'Rubrik', 'field.description': 'Text',
  'field.assigned_at': 'Given', 'field.due_at': 'Klart senast',
  'field.done': 'Färdigt', 'field.answer': 'Svar',
  'field.completion': 'Färdigt', 'field.timestamp': 'Tid',
  'field.result': 'Resultat', 'field.favourite_subjects': 'Ämnen',
  'field.chosen_on': 'Valt den', 'field.max_subjects': 'Högst',
  'purpose.authentication': 'inloggning', 'purpose.teaching': 'undervisning',
  'purpose.learning': 'lärande', 'purpose.rostering': 'skolans listor',
  'purpose.security': 'säkerhet', 'purpose.administration': 'administration',
  'purpose.subject_access': 'din rätt att se det',
  'purpose.support': 'support', 'purpose.statistics': 'statistik',
  'purpose.research': 'forskning',
  'purpose.accountability': 'att visa att reglerna följs',
  'purpose.legal_obligation': 'det som lagen kräver',
  'purpose.recovery': 'reparation',
  'outcome.not_granted': 'nekat', 'outcome.not_found': 'fanns inte',
  'outcome.refused': 'nekat', 'outcome.throttled': 'för ofta',
  'outcome.tampered': 'nekat', 'outcome.restricted': 'nekat',
  'outcome.conflict': 'nekat',

  /* what is wrong */
  'problem.other': 'Det gick inte. Försök igen, eller fråga din skola.',
  'problem.invalid-credentials': 'Användarnamn och lösenord öppnar inget'
    + ' konto.',
  'problem.not-proved': 'Den här koden är inte rätt.',
  'problem.neither': 'Lösenordet eller koden är inte rätt.',
  'problem.link-over': 'Länken gäller inte längre. Har du använt den, logga in.'
    + ' Annars: be om en ny.',
  'problem.unknown-account': 'Inget konto här har det namnet. Fråga din skola.',
  'problem.unknown-school': 'Din skola finns inte här. Fråga din skola.',
  'problem.login-denied': 'Du släpptes inte in där.',
  'problem.login-doubted': 'Det som sades där går inte att lita på. Logga in'
    + ' igen.',
  'problem.gateway': 'Den inloggningen svarar inte just nu. Försök igen om en'
    + ' stund.',
  'problem.throttled': 'För många försök. Vänta en stund.',
  'problem.busy': 'Många loggar in just nu. Försök igen om en stund.',
  'problem.unavailable': 'Skolan går inte att nå just nu. Försök igen om en'
    + ' stund.',
  'problem.login-flow': 'Det tog för lång tid. Logga in igen.',
  'problem.no-session': 'Det tog för lång tid. Logga in igen.',
  'problem.login-again': 'Logga in igen.',
  'problem.step-up-required': 'Logga in igen, för att visa att det är du.',
  'problem.password-login-off': 'Du kan inte logga in med lösenord här.',
  'problem.wrong-password': 'Det nuvarande lösenordet är ett annat.',
  'problem.not-found': 'Det finns inte, eller är inte ditt längre.',
  'problem.not-granted': 'Du får inte göra det här.',
  'problem.restricted': 'Det här är låst. Fråga din skola.',
  'problem.conflict': 'Någon annan hann före. Titta på det igen.',
  'problem.id-conflict': 'Det här har lämnats in förut, med en annan text.',
  'problem.too-large': 'Det här är för långt.',
  'rule.required': 'Det här saknas.',
  'rule.pattern': 'Det här ser inte rätt ut.',
  'rule.control-character': 'Här är ett tecken som inte syns. Skriv det, i'
    + ' stället för att klistra in.',
  'rule.format-character': 'Här är ett tecken som inte syns. Skriv det, i'
    + ' stället för att klistra in.',
  'rule.minLength': 'Det här är för kort.',
  'rule.maxLength': 'Det här är för långt.',
  'rule.maxBytes': 'Det här är {over} tecken för långt.',
  'rule.minItems': 'Minst en behövs.',
  'rule.maxItems': 'Det är för många.',
  'rule.minimum': 'Det är för lite.',
  'rule.maximum': 'Det är för mycket.',
  'rule.after-assigned_at': 'Det är för tidigt.',
  'rule.common': 'Många har det här lösenordet. Välj ett annat.',
  'rule.name': 'Det här är ditt användarnamn. Välj något annat.',
  'rule.different': 'Det här är lösenordet som du har.',
};
