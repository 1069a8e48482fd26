//! The question before the deed: asked on the terminal, answered in advance with `--yes`, or not at all.

use std::io::{IsTerminal, Write};

use super::{Manner, Options};
use crate::app::capital;
use crate::cli::stop::Stop;
use crate::command::{Plan, is_protected};
use crate::model::safe_text::safe_line;

/// Whether there is somebody to ask, where that will be necessary.
///
/// # Errors
/// Where nobody can be asked.
pub(super) fn may_ask(options: &Options) -> Result<(), Stop> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match options.yes || options.dry_run || is_terminal {
        true => Ok(()),
        false => Err(Stop::new(
            "nothing was changed: there is no terminal to ask on",
            "--yes does it without a question, --dry-run shows what it would do",
        )),
    }
}

/// Gets the answer to whether this is to be done.
///
/// # Errors
/// Where it is not.
pub(super) fn confirm(plan: &Plan, context: &str, manner: &Manner) -> Result<(), Stop> {
    let is_protected = is_protected(&manner.protected, context);
    if manner.options.yes {
        return match is_protected && manner.named_context.as_deref() != Some(context) {
            true => Err(Stop::new(
                format!("nothing was changed: the context {context} is protected"),
                format!("name it: --context {context} together with --yes"),
            )),
            false => Ok(()),
        };
    }
    let what = format!("{} {}", capital(plan.verb.plain), plan.targets);
    let question = match is_protected {
        true => format!("{what}? {context} is protected: its name confirms it: "),
        false => format!("{what} in {context}? [y/N] "),
    };
    let answer = ask(&question)?;
    let is_yes = match is_protected {
        true => answer == context,
        false => matches!(answer.to_lowercase().as_str(), "y" | "yes"),
    };
    if is_yes { Ok(()) } else { Err(Stop::new("nothing was changed: it was not confirmed", "")) }
}

fn ask(question: &str) -> Result<String, Stop> {
    let mut answer = String::new();
    let read =
        write!(std::io::stderr(), "{}", safe_line(question)).and_then(|()| std::io::stdin().read_line(&mut answer));
    read.map_err(|error| Stop::new(format!("nothing was changed: the terminal cannot be read: {error}"), "use --yes"))?;
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::write::outcome::Format;
    use crate::command::apply;

    fn manner(named_context: Option<&str>) -> Manner {
        let options =
            Options { dry_run: false, diff: false, yes: true, continue_on_error: false, output: Format::Text };
        Manner {
            options,
            named_context: named_context.map(str::to_owned),
            protected: vec!["prod-*".to_owned()],
            is_demo: false,
            has_colour: false,
            is_log: false,
        }
    }

    #[test]
    fn yes_is_enough_where_the_context_is_not_protected_or_is_named() {
        let job = serde_json::json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "j" } });
        let plan = apply::documents(vec![job], "data", false).unwrap();
        assert_eq!(confirm(&plan, "dev", &manner(None)), Ok(()));
        assert_eq!(confirm(&plan, "prod-eu", &manner(Some("prod-eu"))), Ok(()));
        let stop = confirm(&plan, "prod-eu", &manner(None)).unwrap_err();
        assert!(stop.message.contains("prod-eu is protected") && stop.hint.contains("--context prod-eu"), "{stop:?}");
        assert!(confirm(&plan, "prod-eu", &manner(Some("prod-us"))).is_err());
    }
}
