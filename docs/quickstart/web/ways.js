/*
 * Copyright (C) the Pupil authors
 *
 * Which ways in there are, as the nginx.conf beside it has them: an operator
 * changes both together.
 */

export default {
  /* pupil_mail ... forgotten=.../?password */
  forgotten: true,

  /* pupil_sign_up ... page=.../?sign-up */
  signUp: false,

  /* What people call a pupil_login_provider, as { uni: 'UNI-Login' }; with
     after=/?in=uni failed=/ choose=/?choose=uni */
  providers: {},

  /* What they call a pupil_login_tenant, as { north: 'Nordskolen' } */
  tenants: {},
};
