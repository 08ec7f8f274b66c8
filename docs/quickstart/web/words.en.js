/* Copyright (C) the Pupil authors */

export default {
  /* everywhere */
  skip: 'To the content', menu: 'Pages', language: 'Language',
  school: 'School', schools: 'School and role', 'schools.all': 'All schools',
  switch: 'Change', logout: 'Log out', cancel: 'Cancel', save: 'Save',
  next: 'Next', more: 'Show more',
  'more.n': 'Show {n} more',
  yes: 'Yes', no: 'No',
  loading: 'Loading more …', nobody: 'No name', class: 'Class',
  title: 'Title', text: 'Text', homework: 'Homework', pupil: 'Pupil',
  'and.more': 'There is more than is shown here.',
  gone: 'This is not there', start: 'To the first page',
  away: 'No connection. Try again in a moment.',
  again: 'No connection. Trying again …',
  idle: 'Are you still there?',
  'idle.what': 'You will be logged out soon, as nothing was done for a while.',
  'idle.stay': 'Stay logged in',
  'logout.sure': 'Log out?',
  'logout.what': {
    one: 'One answer is not handed in yet, and will be lost.',
    other: '{n} answers are not handed in yet, and will be lost.',
  },

  /* log-in */
  login: 'Log in', 'login.name': 'User name or e-mail',
  'login.password': 'Password',
  'login.own': 'This is my own device: my user name may be kept',
  'login.shared': 'Others use this computer, too: it is not to know me again',
  'login.back': 'Back to the log-in', 'login.with': 'Log in with {name}',
  tenant: 'Your school', 'tenant.choose': 'Choose a school',
  'tenant.what': 'You are known at several schools. Where do you want to go?',
  'ended.session': 'Your session has ended. Log in again.',
  'ended.kept': 'Your session has ended. Log in again: nothing that you wrote'
    + ' is lost.',
  second: 'One more step', 'second.by': 'How', 'second.code': 'Code',
  'second.totp': 'Code of an authenticator',
  anew: 'Is it you?', 'anew.code': 'Only if you have one.',
  'anew.what':
    'You proved who you are a while ago: for this, please do it once more.',
  'second.recovery': 'Code of recovery',
  'second.token': 'Code from your school, to begin with an authenticator',
  'second.email': 'Code by mail',
  'second.email.send': 'Send a code by mail',
  'second.email.sent':
    'A code is on its way to your mailbox. It counts for ten minutes.',
  'second.enrol': 'Add your authenticator',
  'second.enrol.what': 'Scan this with an authenticator app, type the key in'
    + ' there, or open it there. Then type the code that the app shows.',
  'second.qr': 'The key as a QR code',
  'second.open': 'Open in an app on this device',
  recovery: 'Your codes of recovery',
  'recovery.what': 'Keep them where only you find them. Each lets you in once,'
    + ' if you lose your authenticator. They are not shown again.',
  'recovery.kept': 'I have kept them', 'recovery.own': 'Codes of recovery',
  'recovery.why': 'New ones take the place of all that you have. You are'
    + ' logged out everywhere else.',
  'recovery.make': 'Make new ones', 'recovery.made': 'The old ones are none'
    + ' any more.',
  'recovery.none': 'There are codes of recovery where you log in with an'
    + ' authenticator.',

  /* links by mail */
  email: 'E-mail', forgotten: 'Forgotten your password?',
  'forgotten.what': 'Who works at a school gets a link by mail to choose a new'
    + ' password. Pupils ask their teacher.',
  'forgotten.send': 'Send a link', 'forgotten.sent': 'Look in your mailbox',
  'forgotten.mail': 'If the account has an e-mail address, a link is on its'
    + ' way there. It counts for half an hour, and once.',
  reset: 'Choose a new password',
  'reset.what': 'Long is good: four or five words that you can remember,'
    + ' spaces and all. You are logged out everywhere.',
  'reset.send': 'Set password',
  'reset.done': 'Your password is set. Log in with it.',
  'link.again': 'Ask for another link',
  'link.open': 'Open the link in your mail again, or ask for another.',
  sign: 'Sign up as a teacher',
  'sign.what': 'For teachers whose school is not here yet. You get a link by'
    + ' mail.',
  'sign.send': 'Send a link', 'sign.sent': 'Look in your mailbox now',
  'sign.mail': 'A mail is on its way. Its link counts for a day, and once.',
  welcome: 'Welcome', 'welcome.what': 'Say what you are called, and choose a'
    + ' password: four or five words that you can remember.',
  'welcome.send': 'Make my account',
  'welcome.done': 'Your account is being made. In a moment you can log in with'
    + ' your e-mail address.',

  /* password */
  'password.own': 'Password', 'password.choose': 'Choose a password',
  'password.first': 'Your password was made for you. Choose one of your own.',
  'password.what': 'Long is good: four or five words that you can remember,'
    + ' spaces and all. You are logged out everywhere else.',
  'password.present': 'Present password', 'password.new': 'New password',
  'password.set': 'Set password', 'password.changed': 'Your password is'
    + ' changed.',

  /* homework, for a pupil */
  todo: 'To do', 'todo.none': 'Nothing to do. Well done!',
  finished: 'Done', 'finished.none': 'Nothing is done yet.',
  results: 'My results', 'results.none': 'There are no points yet.',
  'part.late': 'Late', 'part.today': 'Today', 'part.week': 'This week',
  'part.later': 'Later', due: 'due {when}',
  'state.completed': 'Done', 'state.in_progress': 'Begun',
  'state.not_started': 'Not begun', 'state.late': 'Late',
  'exercises.done': '{done} of {n} done',
  'back.todo': 'Back to the list',
  points: { one: '{n} point', other: '{n} points' },
  'points.of': { one: '{score} of {n} point', other: '{score} of {n} points' },
  'hand.in': 'Hand in', 'hand.again': 'Hand in again',
  draft: 'Not handed in yet', sending: 'Handing in …', stored: 'Handed in',
  waiting: 'Waits for a connection. You can go on.',
  'waiting.n': {
    one: 'One answer is on its way.', other: '{n} answers are on their way.',
  },
  kept: 'Not handed in. Your text is still here.',
  refused: 'An answer was not taken: {why}',
  'hint.private': 'Do not write about health or family in an answer.',

  /* homework, for a teacher */
  given: 'Homework of my classes', 'given.none': 'No homework yet.',
  'given.open': 'To come', 'given.past': 'Over', give: 'Give homework',
  gave: '“{title}” is given.', changed: 'Changed.',
  'back.given': 'Back to the list', 'classes.none': 'You teach no class.',
  'due.head': 'Due', 'due.day': 'Due on', 'due.hour': 'at',
  'done.head': 'Done',
  'pupils.done': '{done} of {n}', 'pupils.begun': '{n} begun',
  pupils: 'How far each pupil is', 'state.head': 'State',
  'exercises.head': 'Exercises', 'points.head': 'Points', 'last.head': 'Last',
  exercises: { one: '{n} exercise', other: '{n} exercises' },
  'exercises.lines': 'Exercises', 'exercises.hint': 'One on each line',
  'points.each': 'Points for each',
  edit: 'Change', 'edit.title': 'Change “{title}”',
  'take.back': 'Take back', 'take.back.sure': 'Take “{title}” back?',
  'take.back.what': {
    one: 'One pupil has answered. Nobody will see it any more.',
    other: '{n} pupils have answered. Nobody will see it any more.',
  },
  'taken.back': 'Taken back.',

  /* about me */
  me: 'About me', 'me.what': 'What is stored about you, as you may see it.',
  looked: 'Who looked',
  'looked.what': 'Each time that somebody, or you, saw or changed what is'
    + ' stored about you.',
  'who.self': 'You', 'who.role': 'Somebody else: {role}',
  'did.read': 'saw {what}, for {why}', 'did.write': 'changed {what}, for {why}',
  times: { one: 'once', other: '{n} times' },
  proof: 'Proof', 'proof.of': 'Proof of {when}, to download',
  notices: 'Notices', 'notices.new': 'new',
  'notices.what': 'What has happened to your account. Ask your school about'
    + ' what was not you.',
  'notices.none': 'Nothing has happened.',
  'notice.seen': 'I have seen it', 'notice.seen.of': 'I have seen it: {what},'
    + ' {when}',
  'notice.other': 'Something has happened to your account',
  'notice.new_device': 'A log-in from a browser that was not known',
  'notice.failed_logins': 'Many log-ins failed before yours',
  'notice.sessions_ended': 'You were logged out where you were longest',
  'notice.password_changed': 'Your password was changed',
  'notice.second_factor_changed': 'Your authenticator was added or taken away',
  'notice.recovery_used': 'Somebody logged in by a code of recovery',
  'notice.recovery_codes_changed': 'There are new codes of recovery',
  'notice.support_granted': 'A code for support was made',
  'notice.support_redeemed': 'Support was let in',
  'notice.trial_ends': 'Your trial ends within a week',
  sessions: 'Where I am logged in', 'session.this': 'Here',
  'session.other': 'Somewhere else, as {role}',
  'session.when': 'since {from}, last used {seen}',
  end: 'Log out', 'end.of': 'Log out there, where you logged in {when}',
  'end.others': 'Log out everywhere else', ended: 'Logged out there.',

  /* support */
  support: 'Let support in',
  'support.what': 'Somebody of support sees your pages, and changes nothing,'
    + ' for as long as you say. They ask you for the code: nobody needs your'
    + ' password.',
  'support.minutes': 'For how long',
  minutes: { one: '{n} minute', other: '{n} minutes' },
  'support.let': 'Make a code',
  'support.read': 'Read this code out. It works once, until {until}.',
  'support.in': 'Support is let in', 'support.waits': 'The code is not used yet',
  'support.until': 'since {from}, until {until}', 'support.end': 'End it',
  'support.ended': 'Support is let in no more.',
  'support.redeem': 'Be let in', 'support.code': 'Code that was read out',
  'support.enter': 'See their pages',
  'support.sees': 'You see this person’s pages until {until}. Each look is'
    + ' recorded, and they see that you looked.',

  /* looking up */
  look: 'Look something up',
  'look.recorded': 'Each look is recorded: who, what and why.',
  'look.what': 'What', 'look.whom': 'Pseudonym of the person',
  'look.hint': 'Such as 00000000-0000-0000-0000-000000000000',
  'look.none': 'Nothing is stored.',

  /* names of the API */
  'role.pupil': 'pupil', 'role.teacher': 'teacher',
  'role.school_admin': 'school administrator',
  'role.tenant_admin': 'administrator', 'role.dpo': 'data protection officer',
  'role.support': 'support', 'role.operator': 'who runs the system',
  'role.none': 'nobody who was logged in',
  'category.identity': 'name', 'category.contact': 'e-mail address',
  'category.credential': 'log-in', 'category.enrolment': 'classes',
  'category.network': 'devices and networks', 'category.homework': 'homework',
  'category.progress': 'answers and results',
  'category.notice': 'notices',
  'category.example': 'subjects of interest',
  'field.given_name': 'Given name', 'field.family_name': 'Family name',
  'field.email': 'E-mail', 'field.login_id': 'User name',
  'field.class_title': 'Class', 'field.school_title': 'School',
  'field.group_type': 'Kind of group', 'field.department': 'Department',
  'field.role': 'Role', 'field.from': 'From', 'field.to': 'Until',
  'field.address': 'Network', 'field.seen_at': 'Seen',
  'field.title': 'Title', 'field.description': 'Text',
  'field.assigned_at': 'Given', 'field.due_at': 'Due',
  'field.done': 'Finished', 'field.answer': 'Answer',
  'field.completion': 'Finished', 'field.timestamp': 'At',
  'field.result': 'Result', 'field.favourite_subjects': 'Subjects',
  'field.chosen_on': 'Chosen on', 'field.max_subjects': 'At most',
  'purpose.authentication': 'logging in', 'purpose.teaching': 'teaching',
  'purpose.learning': 'learning', 'purpose.rostering': 'the school’s lists',
  'purpose.security': 'security', 'purpose.administration': 'administration',
  'purpose.subject_access': 'your right to see it',
  'purpose.support': 'support', 'purpose.statistics': 'statistics',
  'purpose.research': 'research',
  'purpose.accountability': 'showing that rules are kept',
  'purpose.legal_obligation': 'what the law asks for',
  'purpose.recovery': 'repair',
  'outcome.not_granted': 'refused', 'outcome.not_found': 'not found',
  'outcome.refused': 'refused', 'outcome.throttled': 'too often',
  'outcome.tampered': 'refused', 'outcome.restricted': 'refused',
  'outcome.conflict': 'refused',

  /* what is wrong */
  'problem.other': 'That did not work. Try again, or ask your school.',
  'problem.invalid-credentials': 'User name and password do not open an'
    + ' account.',
  'problem.not-proved': 'This code is not the right one.',
  'problem.neither': 'The password or the code is not the right one.',
  'problem.link-over': 'This link does not count any more. If you have used it,'
    + ' log in. If not, ask for another.',
  'problem.unknown-account': 'No account here has this name. Ask your school.',
  'problem.unknown-school': 'Your school is not here. Ask your school.',
  'problem.login-denied': 'You were not let in there.',
  'problem.login-doubted': 'What was said there cannot be believed. Log in'
    + ' again.',
  'problem.gateway': 'That log-in does not answer just now. Try again in a'
    + ' moment.',
  'problem.throttled': 'Too many attempts. Wait a moment.',
  'problem.busy': 'Many people log in just now. Try again in a moment.',
  'problem.unavailable': 'The school is not there just now. Try again in a'
    + ' moment.',
  'problem.login-flow': 'That took too long. Log in again.',
  'problem.no-session': 'That took too long. Log in again.',
  'problem.login-again': 'Log in again.',
  'problem.step-up-required': 'Log in again, to show that it is you.',
  'problem.password-login-off': 'You cannot log in with a password here.',
  'problem.wrong-password': 'The present password is another one.',
  'problem.not-found': 'This is not there, or not yours any more.',
  'problem.not-granted': 'You may not do this.',
  'problem.restricted': 'This is locked. Ask your school.',
  'problem.conflict': 'Somebody else was faster. Look at it again.',
  'problem.id-conflict': 'This was handed in before, with another text.',
  'problem.too-large': 'This is too long.',
  'rule.required': 'This is missing.',
  'rule.pattern': 'This does not look right.',
  'rule.control-character': 'This has a character that cannot be seen. Type it,'
    + ' and do not paste it.',
  'rule.format-character': 'This has a character that cannot be seen. Type it,'
    + ' and do not paste it.',
  'rule.minLength': 'This is too short.',
  'rule.maxLength': 'This is too long.',
  'rule.maxBytes': 'This is too long, by {over} characters.',
  'rule.minItems': 'At least one is needed.',
  'rule.maxItems': 'These are too many.',
  'rule.minimum': 'This is too little.',
  'rule.maximum': 'This is too much.',
  'rule.after-assigned_at': 'This is too early.',
  'rule.common': 'Many people have this password. Choose another one.',
  'rule.name': 'This is your user name. Choose something else.',
  'rule.different': 'This is the password that you have.',
};
