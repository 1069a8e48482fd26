//! What lint has to say of a live CronJob or Job, at the end of its page: notes for the next change of its manifest.
//!
//! Never an alarm: they are dim, count as no problem, and say nothing of what happens now, which is triage's.

use std::cmp::Reverse;

use serde_json::Value;

use crate::manifest::lint::{Lint, is_for_live, lint_for, live_text};
use crate::manifest::{Catalogue, Severity};
use crate::model::clock::Time;
use crate::model::key::Kind;

use super::page::{Line, Role};

/// Rules that are named at most; `kubatch lint` has them all, and the advice that is left out here.
const MOST: usize = 8;

/// The notes of an object, each rule once; nothing of a CronJob's Jobs, which are as their CronJob wants them.
pub(super) fn notes(object: &Value, kind: Kind, off: &[&'static Lint], now: Time) -> Vec<Line> {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    if !matches!(kind, Kind::CronJob | Kind::Job) || owners.filter(|owner| owner["kind"] == "CronJob").count() > 0 {
        return Vec::new();
    }
    let is_wanted = |lint: &'static Lint, severity: Severity| {
        severity > Severity::Note && is_for_live(lint) && !off.contains(&lint)
    };
    let mut found = lint_for(&live_text(object), Catalogue::built_in(), now, is_wanted).findings;
    found.sort_by_key(|one| (Reverse(one.severity), one.lint.id));
    found.dedup_by_key(|one| one.lint.id);
    if found.is_empty() {
        return Vec::new();
    }
    let note = |text: String| Line::new(text, Role::Dim);
    let mut lines = vec![Line::plain(""), Line::new(format!("Notes  {}", found.len()), Role::Heading)];
    lines.extend(found.iter().take(MOST).map(|one| note(format!("  {}  {}", one.lint.id, one.message)).hanging(8)));
    let more = match found.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("and {more} more; "),
    };
    lines
        .push(note(format!("  {more}kubatch lint --live tells what mends them, lint.off leaves rules out")).hanging(4));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::lint::named;
    use crate::model::fixtures::{now, text};
    use serde_json::json;

    fn page(object: &Value, kind: Kind, off: &[&'static Lint]) -> String {
        notes(object, kind, off, now()).iter().map(|line| line.text.clone() + "\n").collect()
    }

    #[test]
    fn a_live_job_has_each_rule_once_and_what_is_switched_off_not() {
        let mut job: Value = serde_json::from_str(&text("job-quota")).unwrap();
        let page_of = |job: &Value, off: &[&str]| {
            page(job, Kind::Job, &off.iter().map(|id| named(id).unwrap()).collect::<Vec<_>>())
        };
        let all = page_of(&job, &[]);
        assert!(all.contains("  L021  the finished Job and its pods stay for ever"), "{all}");
        assert_eq!(all.matches("L020").count(), 1, "{all}");
        assert!(!page_of(&job, &["no-ttl"]).contains("L021"));
        job["spec"]["ttlSecondsAfterFinished"] = json!(3600);
        assert!(!page_of(&job, &[]).contains("L021"));
    }

    #[test]
    fn residue_of_the_server_is_no_note_and_runs_have_those_of_their_cronjob() {
        let job: Value = serde_json::from_str(&text("job-quota")).unwrap();
        assert!(!page(&job, Kind::Job, &[]).contains("L009"));
        let mut run = job;
        run["metadata"]["ownerReferences"] = json!([{ "kind": "CronJob", "name": "report" }]);
        assert_eq!(page(&run, Kind::Job, &[]), "");
        let cronjob: Value = serde_json::from_str(&text("cronjob")).unwrap();
        assert!(page(&cronjob, Kind::CronJob, &[]).contains("L020"));
        assert_eq!(page(&cronjob, Kind::Event, &[]), "");
    }
}
