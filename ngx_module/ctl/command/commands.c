/*
 * Copyright (C) the Pupil authors
 *
 * The table of commands, in the order of the help.
 */

#include "ctl/command/commands.h"
#include "ctl/audit/export.h"
#include "ctl/audit/hole.h"
#include "ctl/audit/index.h"
#include "ctl/audit/list.h"
#include "ctl/audit/prove.h"
#include "ctl/audit/seal.h"
#include "ctl/audit/verify.h"
#include "ctl/audit/witness.h"
#include "ctl/breach/notify.h"
#include "ctl/breach/register.h"
#include "ctl/breach/scope.h"
#include "ctl/check/check.h"
#include "ctl/keys/rotate.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/erasure.h"
#include "ctl/lifecycle/facts.h"
#include "ctl/lifecycle/replay.h"
#include "ctl/lifecycle/restrict.h"
#include "ctl/lifecycle/work.h"
#include "ctl/offboard/export.h"
#include "ctl/offboard/offboard.h"
#include "ctl/people/add.h"
#include "ctl/people/held.h"
#include "ctl/people/link.h"
#include "ctl/people/national.h"
#include "ctl/people/password.h"
#include "ctl/people/role.h"
#include "ctl/people/sessions.h"
#include "ctl/people/status.h"
#include "ctl/people/token.h"
#include "ctl/people/trial.h"
#include "ctl/people/user.h"
#include "ctl/recipient/recipient.h"
#include "ctl/report/processing.h"
#include "ctl/requests/requests.h"
#include "ctl/retention/hold.h"
#include "ctl/retention/period.h"
#include "ctl/retention/retention.h"
#include "ctl/retention/statistics.h"
#include "ctl/retention/upcoming.h"
#include "ctl/roster/import.h"
#include "ctl/roster/oneroster.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/runs.h"
#include "ctl/roster/source.h"
#include "ctl/roster/ss12000.h"
#include "ctl/roster/sync.h"
#include "ctl/roster/undo.h"
#include "ctl/roster/unilogin.h"
#include "ctl/setup/init.h"
#include "ctl/setup/key.h"
#include "ctl/setup/migrate.h"
#include "ctl/setup/plugin.h"
#include "ctl/setup/plugin_show.h"
#include "ctl/setup/share.h"
#include "ctl/setup/tenant.h"
#include "ctl/setup/zone.h"


const ctl_command_t  ctl_commands[] = {
    {
        .words = "init", .large = 1,
        .run = ctl_cmd_init,
        .arguments = "--tenant-name NAME [--passfile FILE] [--same-cluster]",
        .summary = "roles, both databases, the first key, a tenant;"
                   " repeatable"
    }, {
        .words = "migrate", .large = 1,
        .run = ctl_cmd_migrate,
        .arguments = "[--plugin-sql FILE]...",
        .summary = "apply new migrations, add audit partitions"
    }, {
        .words = "check", .min = 1, .max = 1, .large = 1,
        .run = ctl_cmd_check,
        .arguments = "NGINX.CONF [--offline]",
        .summary = "what only the databases know, before a reload"
    }, {
        .words = "key generate",
        .run = ctl_cmd_key_generate,
        .arguments = "",
        .summary = "append a new epoch to the key file"
    }, {
        .words = "key register",
        .run = ctl_cmd_key_register,
        .arguments = "",
        .summary = "tell the key store, once every host has the file"
    }, {
        .words = "key status",
        .run = ctl_cmd_key_status,
        .arguments = "",
        .summary = "epochs of the key file and of the key store"
    }, {
        .words = "key rotate",
        .run = ctl_cmd_key_rotate,
        .arguments = "",
        .summary = "wrap the keys of all tenants under the newest epoch"
    }, {
        .words = "key retire", .min = 1, .max = 1,
        .run = ctl_cmd_key_retire,
        .arguments = "EPOCH",
        .summary = "the end of an epoch that wraps nothing any more"
    }, {
        .words = "key split", .min = 1, .max = 1,
        .run = ctl_cmd_key_split,
        .arguments = "--shares N --threshold K FILE",
        .summary = "the key file in shares, of which some are needed"
    }, {
        .words = "key join", .min = 1, .max = 255,
        .run = ctl_cmd_key_join,
        .arguments = "SHARE...",
        .summary = "make the key file of its shares"
    }, {
        .words = "tenant add", .min = 1, .max = 1,
        .run = ctl_cmd_tenant_add,
        .arguments = "NAME",
        .summary = "a controller with keys of its own"
    }, {
        .words = "tenant list",
        .run = ctl_cmd_tenant_list,
        .arguments = "",
        .summary = "the controllers"
    }, {
        .words = "tenant zone", .max = 1,
        .run = ctl_cmd_tenant_zone,
        .arguments = "[ZONE]",
        .summary = "in which time zone a tenant's days begin"
    }, {
        .words = "tenant sessions", .personal = 1,
        .run = ctl_cmd_tenant_sessions,
        .arguments = "--end",
        .summary = "log out everybody of a tenant"
    }, {
        .words = "tenant export", .personal = 1, .large = 1,
        .run = ctl_cmd_tenant_export,
        .arguments = "--to FILE --recipients FILE",
        .summary = "all that is held of a tenant, as an encrypted archive"
    }, {
        .words = "tenant offboard", .min = 1, .max = 1, .personal = 1,
        .large = 1,
        .run = ctl_cmd_tenant_offboard,
        .arguments = "NAME [--without-export]",
        .summary = "destroy a tenant's keys and delete what is theirs"
    }, {
        .words = "tenant moved", .min = 1, .max = 1, .personal = 1, .large = 1,
        .run = ctl_cmd_tenant_moved,
        .arguments = "NAME --to PLACE",
        .summary = "serve a tenant no more, as another installation does"
    }, {
        .words = "plugin list",
        .run = ctl_cmd_plugin_list,
        .arguments = "",
        .summary = "plugins, versions, and whether their grants are accepted"
    }, {
        .words = "plugin show", .min = 1, .max = 1,
        .run = ctl_cmd_plugin_show,
        .arguments = "CATEGORY",
        .summary = "the record of processing of a category"
    }, {
        .words = "plugin accept", .min = 1, .max = 1,
        .run = ctl_cmd_plugin_accept,
        .arguments = "FILE",
        .summary = "accept the grants of a plugin"
    }, {
        .words = "import apply", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_apply,
        .arguments = "PLAN",
        .summary = "do what a plan says, or a roster that is held, without its"
                   " files"
    }, {
        .words = "import oneroster", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_oneroster,
        .arguments = "DIR|ZIP",
        .summary = "a roster in OneRoster or SDS 2.1 CSV"
    }, {
        .words = "import oulad", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_oulad,
        .arguments = "DIR|ZIP",
        .summary = "courses and results of a public dataset, with names made"
                   " up"
    }, {
        .words = "import sds", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_sds,
        .arguments = "DIR|ZIP",
        .summary = "a roster in School Data Sync CSV"
    }, {
        .words = "import undo", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_undo,
        .arguments = "RUN [--plan]",
        .summary = "take back what an import did, as a whole"
    }, {
        .words = "import list",
        .run = ctl_cmd_import_list,
        .arguments = "",
        .summary = "imports that can be undone"
    }, {
        .words = "import oneroster-rest", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_oneroster_rest,
        .arguments = "URL [--credentials FILE] [--ca FILE] [--state FILE]"
                     " [--limit N]",
        .summary = "a roster from a server that speaks OneRoster 1.1 or 1.2"
    }, {
        .words = "import ss12000", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_ss12000,
        .arguments = "URL [--credentials FILE] [--ca FILE] [--state FILE]"
                     " [--limit N]",
        .summary = "a roster from a server that speaks SS 12000, version 2"
    }, {
        .words = "import unilogin", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_import_unilogin,
        .arguments = "URL --credentials FILE [--ca FILE]",
        .summary = "rosters of UNI-Login, by STIL's wsiEKSPORT, version 7"
    }, {
        .words = "source list",
        .run = ctl_cmd_source_list,
        .arguments = "",
        .summary = "the systems that rosters come from, and their last imports"
    }, {
        .words = "source map", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_source_map,
        .arguments = "FILE --source NAME [--to NAME] --plan|--apply PLAN",
        .summary = "ids of a source become those of another, or others"
    }, {
        .words = "source merge", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_source_merge,
        .arguments = "FILE --source NAME --to NAME --plan|--apply PLAN",
        .summary = "the same of all of a source"
    }, {
        .words = "source rename", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_source_rename,
        .arguments = "OLD NEW --plan|--apply PLAN",
        .summary = "another name for a source"
    }, {
        .words = "sync", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_sync,
        .arguments = "FILE [--end]",
        .summary = "the roster of a source, by a timer: FILE says which"
    }, {
        .words = "user add", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_user_add,
        .arguments = "LOGIN ROLE [--institution ID]",
        .summary = "an account for somebody whom no roster has"
    }, {
        .words = "user national", .max = 1, .personal = 1,
        .run = ctl_cmd_user_national,
        .arguments = "[PREFIX]",
        .summary = "log-in names of national numbers, read from standard"
                   " input"
    }, {
        .words = "user password", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_password,
        .arguments = "LOGIN [--generate]",
        .summary = "set a password, read from standard input"
    }, {
        .words = "user reset", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_reset,
        .arguments = "LOGIN",
        .summary = "a code for whoever has forgotten their password"
    }, {
        .words = "user link", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_user_link,
        .arguments = "LOGIN NAME",
        .summary = "a second log-in name, which a national log-in knows"
    }, {
        .words = "user unlink", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_unlink,
        .arguments = "LOGIN",
        .summary = "take the second log-in name away"
    }, {
        .words = "user token", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_token,
        .arguments = "LOGIN",
        .summary = "with which somebody enrols a second factor, for a day"
    }, {
        .words = "user factor remove", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_factor_remove,
        .arguments = "LOGIN",
        .summary = "takes a second factor away, and ends the sessions"
    }, {
        .words = "user trial", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_user_trial,
        .arguments = "LOGIN DAY",
        .summary = "the last day of a trial"
    }, {
        .words = "user show", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_show,
        .arguments = "LOGIN",
        .summary = "id, state and roles"
    }, {
        .words = "user list", .personal = 1,
        .run = ctl_cmd_user_list,
        .arguments = "[--class ID] [--role ROLE] [--limit N]",
        .summary = "pseudonyms and roles"
    }, {
        .words = "user sessions", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_sessions,
        .arguments = "LOGIN [--end]",
        .summary = "where somebody is logged in, or the end of it there"
    }, {
        .words = "user lock", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_lock,
        .arguments = "LOGIN",
        .summary = "subject lock, by the name that somebody logs in with"
    }, {
        .words = "user unlock", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_user_unlock,
        .arguments = "LOGIN",
        .summary = "let it log in again"
    }, {
        .words = "user role add", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_user_role_add,
        .arguments = "LOGIN ROLE [--institution ID]",
        .summary = "give a role"
    }, {
        .words = "user role remove", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_user_role_remove,
        .arguments = "LOGIN ROLE [--institution ID]",
        .summary = "end a role"
    }, {
        .words = "subject show", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_show,
        .arguments = "ID|--login NAME",
        .summary = "state, status, roles, and how much is held of a person"
    }, {
        .words = "subject restrict", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_restrict,
        .arguments = "ID|--login NAME",
        .summary = "restrict the processing of a person's data"
    }, {
        .words = "subject unrestrict", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_unrestrict,
        .arguments = "ID|--login NAME",
        .summary = "lift it"
    }, {
        .words = "subject lock", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_lock,
        .arguments = "ID|--login NAME",
        .summary = "end an account's sessions, and let it log in no more"
    }, {
        .words = "subject unlock", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_unlock,
        .arguments = "ID|--login NAME",
        .summary = "let it log in again"
    }, {
        .words = "subject close", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_close,
        .arguments = "ID|--login NAME",
        .summary = "as lock, and what is held is read by nobody"
    }, {
        .words = "subject reopen", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_reopen,
        .arguments = "ID|--login NAME",
        .summary = "bring back whom was closed, with name and work"
    }, {
        .words = "subject hold", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_hold,
        .arguments = "ID|--login NAME --reference TEXT",
        .summary = "keep a person from being erased"
    }, {
        .words = "subject release", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_release,
        .arguments = "ID|--login NAME",
        .summary = "end that"
    }, {
        .words = "subject erase", .max = 1, .personal = 1,
        .run = ctl_cmd_subject_erase,
        .arguments = "ID|--login NAME [--waive CATEGORY,... --reference TEXT]",
        .summary = "destroy a person's key and delete what is theirs"
    }, {
        .words = "request list", .personal = 1,
        .run = ctl_cmd_request_list,
        .arguments = "[--subject ID]",
        .summary = "what people ask for of their data and is open, by the day"
                   " that it is due"
    }, {
        .words = "request show", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_request_show,
        .arguments = "REQUEST",
        .summary = "one of them, with what was said"
    }, {
        .words = "request add", .min = 1, .max = 2, .personal = 1,
        .run = ctl_cmd_request_add,
        .arguments = "KIND [ID|--login NAME] --reference TEXT"
                     " [--received DAY] [--text FILE] [--behalf FILE]",
        .summary = "enter one that came by letter, or on somebody's behalf"
    }, {
        .words = "request identify", .min = 1, .max = 2, .personal = 1,
        .run = ctl_cmd_request_identify,
        .arguments = "REQUEST ID|--login NAME --reference TEXT",
        .summary = "whose it is, of one of nobody who was found"
    }, {
        .words = "request extend", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_request_extend,
        .arguments = "REQUEST --text FILE",
        .summary = "two months more, once, with the reason"
    }, {
        .words = "request decide", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_request_decide,
        .arguments = "REQUEST granted|partly|refused --reference TEXT"
                     " [--condition LETTER] [--text FILE]",
        .summary = "what the controller has decided, once"
    }, {
        .words = "request forward", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_request_forward,
        .arguments = "REQUEST --to TEXT --reference TEXT",
        .summary = "it was for somebody else, who goes on from the day it came"
    }, {
        .words = "request execute", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_request_execute,
        .arguments = "REQUEST [--reference TEXT] [--waive CATEGORY,...]",
        .summary = "do what was decided, with a receipt by category"
    }, {
        .words = "erasure key",
        .run = ctl_cmd_erasure_key,
        .arguments = "",
        .summary = "make the key that signs the erasure ledger, and print who"
                   " it is"
    }, {
        .words = "erasure verify", .min = 1, .max = 1,
        .run = ctl_cmd_erasure_verify,
        .arguments = "FILE --signer KEY",
        .summary = "whether a receipt, or a ledger, is signed and whole"
    }, {
        .words = "audit list", .personal = 1, .large = 1,
        .run = ctl_cmd_audit_list,
        .arguments = "[--subject ID] [--actor ID] [--category NAME]"
                     " [--outcome NAME] [--since TIME] [--until TIME]"
                     " [--limit N]",
        .summary = "who did what, newest first"
    }, {
        .words = "audit export", .min = 1, .max = 1, .personal = 1, .large = 1,
        .run = ctl_cmd_audit_export,
        .arguments = "FILE [--subject ID] [--actor ID] [--category NAME]"
                     " [--outcome NAME] [--since TIME] [--until TIME]",
        .summary = "the same as lines of JSON, all of it, oldest first"
    }, {
        .words = "audit verify", .personal = 1, .large = 1,
        .run = ctl_cmd_audit_verify,
        .arguments = "[--since TIME] [--checkpoints DIR] [--vkey KEY]",
        .summary = "whether the audit is whole, and what was sealed"
    }, {
        .words = "audit key",
        .run = ctl_cmd_audit_key,
        .arguments = "",
        .summary = "the key that checkpoints are verified with"
    }, {
        .words = "audit prove", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_audit_prove,
        .arguments = "EVENT [--subject ID] [--checkpoint FILE]",
        .summary = "that an event is in the log, for somebody without it"
    }, {
        .words = "audit verify-proof", .min = 1, .max = 1,
        .run = ctl_cmd_audit_verify_proof,
        .arguments = "FILE --vkey KEY [--witness KEY]",
        .summary = "whether it is, and what it says; no database is asked"
    }, {
        .words = "audit consistency", .min = 1, .max = 1,
        .run = ctl_cmd_audit_consistency,
        .arguments = "SIZE [--vkey KEY]",
        .summary = "what a witness is asked that has signed SIZE leaves"
    }, {
        .words = "audit witness-key", .min = 2, .max = 2,
        .run = ctl_cmd_audit_witness_key,
        .arguments = "FILE NAME",
        .summary = "make the key of a witness"
    }, {
        .words = "audit witness", .min = 3, .max = 3,
        .run = ctl_cmd_audit_witness,
        .arguments = "KEYFILE STATEFILE REQUEST --vkey KEY",
        .summary = "sign a checkpoint that goes on from the last"
    }, {
        .words = "audit seal",
        .run = ctl_cmd_audit_seal,
        .arguments = "--checkpoints DIR [--ship COMMAND] [--follow]",
        .summary = "seal what the audit has, once or for ever"
    }, {
        .words = "audit holes",
        .run = ctl_cmd_audit_holes,
        .arguments = "",
        .summary = "what is missing of the log, and whether that was"
                   " acknowledged"
    }, {
        .words = "audit acknowledge", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_audit_acknowledge,
        .arguments = "HOLE --reference TEXT",
        .summary = "serve a tenant again that is refused for a hole"
    }, {
        .words = "audit index", .personal = 1, .large = 1,
        .run = ctl_cmd_audit_index,
        .arguments = "",
        .summary = "list again under whom sealed events are"
    }, {
        .words = "restore replay", .personal = 1, .large = 1,
        .run = ctl_cmd_restore_replay,
        .arguments = "[--from-copy]",
        .summary = "erase again what a restored database has back"
    }, {
        .words = "retention run", .personal = 1, .large = 1,
        .run = ctl_cmd_retention_run,
        .arguments = "[--dry-run]",
        .summary = "delete what has expired, by what plugins declare"
    }, {
        .words = "retention upcoming", .personal = 1, .large = 1,
        .run = ctl_cmd_retention_upcoming,
        .arguments = "",
        .summary = "what will expire within thirty days, by category"
    }, {
        .words = "retention hold", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_retention_hold,
        .arguments = "CATEGORY --reference TEXT",
        .summary = "let nothing of a category expire for now"
    }, {
        .words = "retention confirm", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_retention_confirm,
        .arguments = "CATEGORY --reference TEXT",
        .summary = "let it expire, by a decision, and end what holds it"
    }, {
        .words = "retention ask", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_retention_ask,
        .arguments = "CATEGORY --reference TEXT",
        .summary = "let nothing of a category expire that is not confirmed"
    }, {
        .words = "retention unask", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_retention_unask,
        .arguments = "CATEGORY --reference TEXT",
        .summary = "let it expire by itself again"
    }, {
        .words = "retention statistics", .min = 1, .max = 1,
        .run = ctl_cmd_retention_statistics,
        .arguments = "CATEGORY",
        .summary = "what is left of records that were anonymised"
    }, {
        .words = "retention set", .min = 2, .max = 2, .personal = 1,
        .run = ctl_cmd_retention_set,
        .arguments = "CATEGORY|recovery|legal|audit DAYS --reference TEXT",
        .summary = "keep for less time than the plugin declares, by a decision"
    }, {
        .words = "retention list",
        .run = ctl_cmd_retention_list,
        .arguments = "",
        .summary = "how long each category is kept, and by which decision"
    }, {
        .words = "recipient add", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_recipient_add,
        .arguments = "RECIPIENT --title TEXT --kind KIND --country CODE,..."
                     " [--transfer BASIS] --fields FIELD,... --why TEXT"
                     " --evidence FILE --evidence-date DAY"
                     " [--applications NAME,...]",
        .summary = "into the register of who receives data of a tenant"
    }, {
        .words = "recipient list",
        .run = ctl_cmd_recipient_list,
        .arguments = "",
        .summary = "the register, with who was in it"
    }, {
        .words = "recipient show", .min = 1, .max = 1,
        .run = ctl_cmd_recipient_show,
        .arguments = "RECIPIENT",
        .summary = "what is known of one, and what was decided"
    }, {
        .words = "recipient instruct", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_recipient_instruct,
        .arguments = "RECIPIENT --reference TEXT [--date DAY]",
        .summary = "the controller wants it, by a decision"
    }, {
        .words = "recipient withdraw", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_recipient_withdraw,
        .arguments = "RECIPIENT --reference TEXT [--date DAY]",
        .summary = "and wants it no more"
    }, {
        .words = "recipient end", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_recipient_end,
        .arguments = "RECIPIENT --reference TEXT [--date DAY]",
        .summary = "it receives nothing any more, or is another by now"
    }, {
        .words = "recipient disclosures", .max = 1, .personal = 1, .large = 1,
        .run = ctl_cmd_recipient_disclosures,
        .arguments = "[RECIPIENT] [--subject ID] [--since TIME] [--until TIME]",
        .summary = "what left, by the audit, and to whom"
    }, {
        .words = "report processing",
        .run = ctl_cmd_report_processing,
        .arguments = "[--html FILE]",
        .summary = "the record of processing activities of a tenant (GDPR"
                   " article 30)"
    }, {
        .words = "breach open", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_breach_open,
        .arguments = "WHAT --since TIME [--until TIME] [--noticed TIME]"
                     " --reference TEXT",
        .summary = "a breach of personal data: what is known, since when"
    }, {
        .words = "breach list", .personal = 1,
        .run = ctl_cmd_breach_list,
        .arguments = "",
        .summary = "breaches, and until when the authority is to be notified"
    }, {
        .words = "breach show", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_breach_show,
        .arguments = "BREACH",
        .summary = "what is known of one"
    }, {
        .words = "breach scope", .min = 1, .max = 1, .personal = 1, .large = 1,
        .run = ctl_cmd_breach_scope,
        .arguments = "BREACH [--since TIME] [--until TIME] [--account ID,...]"
                     " [--worker WRITER,...] [--host ADDRESS] [--epoch N]"
                     " [--backup TIME] [--to FILE]",
        .summary = "whom it reached: what was shown, and what could have been"
    }, {
        .words = "breach notify", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_breach_notify,
        .arguments = "BREACH --drafts FOLDER | --tell shown|all |"
                     " --sent TIME --reference TEXT",
        .summary = "drafts, notices to people, that the authority was notified"
    }, {
        .words = "breach close", .min = 1, .max = 1, .personal = 1,
        .run = ctl_cmd_breach_close,
        .arguments = "BREACH --reason TEXT",
        .summary = "close one, with the reason"
    }, {
        .words = "work", .large = 1,
        .run = ctl_cmd_work,
        .arguments = "[--follow] [--mail URL --mail-from ADDRESS"
                     " [--mail-login FILE] [--mail-ca FILE] [--mail-plain]]",
        .summary = "finish what others began, send mail to staff, once or for"
                   " ever"
    }, {
        .words = "facts", .personal = 1, .large = 1,
        .run = ctl_cmd_facts,
        .arguments = "",
        .summary = "bind records that were stored before there were facts,"
                   " once"
    }, {
        .words = NULL
    }
};
