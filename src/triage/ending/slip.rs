//! Slips in how a container's command is written: the program fails of them, and what it says misleads. They are looked for
//! in the pod template, and believed where the exit code or the end of the log bears them out. [`super::exit`] asks.

use serde_json::Value;

use super::super::Case;
use super::{Run, variable};
use crate::model::pod::Container;
use crate::triage::container::{cut, rerun};
use crate::triage::finding::Fix;
use crate::triage::grammar::{Pattern, near};
use crate::triage::last_words::LastWords;
use crate::triage::mend::{Changes, mend, of_container};

/// Why a program failed, beyond what it says itself.
pub(super) struct Why {
    /// What it did or could not do, for a sentence that begins with the container.
    pub(super) what: String,
    /// The same for a row.
    pub(super) short: String,
    /// What mends it.
    pub(super) fixes: Vec<Fix>,
}

/// Programs that read a script behind `-c`.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "ksh", "zsh"];

/// What is wrong with the command of a run that failed.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Why> {
    let unset = || variable::find(case, run, words);
    timed_out(case, run).or_else(|| unexpanded(case, run, words)).or_else(|| split(case, run)).or_else(unset)
}

/// The words that start a container, as the template has them; what comes from the image is not known.
pub(super) fn words_of(spec: &Value) -> Vec<&str> {
    let lists = ["command", "args"].into_iter().filter_map(|field| spec[field].as_array());
    lists.flatten().filter_map(Value::as_str).collect()
}

/// Where the script stands among words that have a shell read one.
fn script_at(words: &[&str]) -> Option<usize> {
    let shell = words.first()?.rsplit('/').next()?;
    let is_flag = |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let at = words.iter().position(is_flag)?;
    SHELLS.contains(&shell).then_some(at + 1).filter(|at| *at < words.len())
}

/// Other words in place of those that start a container.
fn with_words(case: &Case<'_>, container: &Container, words: Vec<String>) -> Changes {
    let changes = Changes::set(of_container(container, "command"), words);
    match case.container_spec(&container.name).is_some_and(|spec| !spec["args"].is_null()) {
        true => changes.and_remove(of_container(container, "args")),
        false => changes,
    }
}

/// Words as a line that a shell takes apart into the same; variables are left to the shell.
fn line(words: &[&str]) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,@%+$(){}".contains(letter);
    let quoted = |word: &&str| match !word.is_empty() && word.chars().all(is_plain) {
        true => (*word).to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// `sh -c` takes one word as its script, and what stands behind it is none of it.
fn split(case: &Case<'_>, run: &Run<'_>) -> Option<Why> {
    let words = words_of(case.container_spec(&run.container.name)?);
    let at = script_at(&words)?;
    let (script, rest) = (words[at], &words[at + 1..]);
    // A script that is more than the name of a program may well use what stands behind it, as $0 and $1.
    if rest.is_empty() || script.contains(char::is_whitespace) || script.contains('$') {
        return None;
    }
    let whole = line(&words[at..]);
    let fixed = words[..at].iter().map(|word| (*word).to_owned()).chain([whole.clone()]).collect();
    Some(Why {
        what: format!(
            "ran `{script}` alone, without `{}` behind it: of its command a shell takes one entry behind {} as the script",
            cut(&line(rest), 80),
            words[at - 1],
        ),
        short: format!("the shell ran {script} alone: its script is in several entries"),
        fixes: mend(
            case,
            format!("rerun with `{}` as one entry of the command", cut(&whole, 80)),
            &with_words(case, run.container, fixed),
        ),
    })
}

/// `$(NAME)`, which the kubelet fills in where the container sets it; `$NAME` and `${NAME}`, which shells alone do.
static REFERENCE: Pattern =
    Pattern::new(r"(?<all>\$\((?<name>[A-Za-z_][\w.-]*)\)|\$\{(?<brace>[A-Za-z_]\w*)\}|\$(?<bare>[A-Za-z_]\w*))");

/// A variable that nobody filled in, so that the program was given its name.
fn unexpanded(case: &Case<'_>, run: &Run<'_>, told: &LastWords<'_>) -> Option<Why> {
    let container = run.container;
    let spec = case.container_spec(&container.name)?;
    let words = words_of(spec);
    if script_at(&words).is_some() {
        return None;
    }
    let is_told = |text: &str| told.lines.iter().any(|line| line.contains(text));
    let found = words.iter().filter_map(|word| REFERENCE.captures(word)).find(|found| is_told(&found["all"]))?;
    let text = &found["all"];
    let set = spec["env"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
    let given = format!("was given the text {text} as it stands");
    let short = format!("{text} in its command is not filled in");
    let replaced = |by: &str| words.iter().map(|word| word.replace(text, by)).collect::<Vec<_>>();
    if let Some(name) = found.name("name").map(|name| name.as_str()) {
        let namesake = near(name, set);
        let fixes = match &namesake {
            Some(near) => mend(
                case,
                format!("rerun with $({near}) in the command"),
                &with_words(case, container, replaced(&format!("$({near})"))),
            ),
            None => rerun(case, format!("set variable {name} in a new Job")).into_iter().collect(),
        };
        let near = namesake.map(|near| format!(" It sets {near}.")).unwrap_or_default();
        let what = format!("{given}: its command names variable {name}, which the container does not set.{near}");
        return Some(Why { what: what.trim_end_matches('.').to_owned(), short, fixes });
    }
    let name = found.name("brace").or_else(|| found.name("bare"))?.as_str();
    let is_set = set.into_iter().any(|one| one == name);
    let (cure, words) = match is_set {
        true => (format!("rerun with $({name}) in place of {text}"), replaced(&format!("$({name})"))),
        false => {
            let script = format!("exec {}", line(&words));
            (
                "rerun with a shell that reads the command (sh -c)".to_owned(),
                ["sh", "-c", &script].map(str::to_owned).into(),
            )
        }
    };
    Some(Why {
        what: format!("{given}: no shell reads its command, and Kubernetes itself fills in $(NAME) alone"),
        short,
        fixes: mend(case, cure, &with_words(case, container, words)),
    })
}

/// `timeout 90m`, `/usr/bin/timeout -k 5 90`.
static TIMEOUT: Pattern = Pattern::new(
    r"(?:^|[\s/;&|(`])(?<all>timeout(?:\s+-\S+(?:\s+\S+)?)*?\s+(?<time>\d+(?:\.\d+)?)(?<unit>[smhd]?))(?:\s|$)",
);

/// Its own command gave it so much time and no more (timeout(1): 124 of GNU, 143 of BusyBox, 137 where it had to kill).
pub(super) fn timed_out(case: &Case<'_>, run: &Run<'_>) -> Option<Why> {
    if !matches!(run.end.exit_code, 124 | 137 | 143) {
        return None;
    }
    let line = words_of(case.container_spec(&run.container.name)?).join(" ");
    let found = TIMEOUT.captures(&line)?;
    let unit = match &found["unit"] {
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => 1.0,
    };
    let seconds = found["time"].parse::<f64>().ok()? * unit;
    // The times of a container are told in whole seconds.
    if (run.seconds()? as f64) < seconds - 1.0 {
        return None;
    }
    let own = &found["all"];
    Some(Why {
        what: format!("took longer than its own command lets it: `{own}` in it ended it, and nothing from outside"),
        short: format!("ended by its own `{own}`"),
        fixes: rerun(case, "rerun with more time in its command, or without a limit there").into_iter().collect(),
    })
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&REFERENCE, &TIMEOUT];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::triage::Finding;
    use crate::triage::scene_of_pod::Scene;

    /// What leads where a container with these fields ended so, with this last line.
    fn found(container: &Value, code: i32, line: &str) -> Finding {
        let mut scene = Scene::ended(code, "Error").tail("etl-a", &[line]);
        json_patch::merge(&mut scene.job()["spec"]["template"]["spec"]["containers"][0], container);
        scene.find().remove(0)
    }

    fn change(found: &Finding) -> &str {
        &found.fixes[0].call.as_ref().unwrap().argument
    }

    const WORKER: &str = "spec.template.spec.containers[name=worker]";

    #[test]
    fn shell_that_reads_one_entry_alone_is_told_what_it_leaves_out() {
        let told = found(&json!({ "command": ["sh", "-c", "cp", "/in/a b", "/out"] }), 1, "BusyBox v1.35.0");
        assert!(
            told.verdict.starts_with("Container worker ran `cp` alone, without `'/in/a b' /out`"),
            "{}",
            told.verdict
        );
        assert_eq!(change(&told), format!(r#"{WORKER}.command=["sh","-c","cp '/in/a b' /out"]"#));
        let split = json!({ "command": ["/bin/bash", "-ec"], "args": ["migrate", "--all"] });
        let wanted = format!(r#"{WORKER}.command=["/bin/bash","-ec","migrate --all"] {WORKER}.args-"#);
        assert_eq!(change(&found(&split, 1, "usage")), wanted);
        for command in
            [json!(["sh", "-c", "cp $1 $2", "x", "y"]), json!(["sh", "-c", "cp a b"]), json!(["cp", "-c", "a"])]
        {
            let told = found(&json!({ "command": command }), 1, "usage");
            assert!(told.verdict.starts_with("Container worker ended with exit code 1"), "{}", told.verdict);
        }
    }

    #[test]
    fn variable_that_nobody_fills_in_is_told_where_the_log_repeats_it() {
        let env = json!([{ "name": "INPUT_DIR", "value": "/in" }]);
        let of = |word: &str| json!({ "command": ["ls", word], "env": env });
        let told = found(&of("$(INPUTDIR)"), 1, "ls: $(INPUTDIR): No such file or directory");
        assert!(told.verdict.contains("names variable INPUTDIR, which the container does not set"), "{}", told.verdict);
        assert_eq!(change(&told), format!(r#"{WORKER}.command=["ls","$(INPUT_DIR)"]"#));
        let told = found(&of("$INPUT_DIR"), 1, "ls: $INPUT_DIR: No such file or directory");
        assert!(told.verdict.contains("no shell reads its command"), "{}", told.verdict);
        assert_eq!(change(&told), format!(r#"{WORKER}.command=["ls","$(INPUT_DIR)"]"#));
        let told = found(&of("${HOME}/in"), 1, "ls: ${HOME}/in: No such file or directory");
        assert_eq!(change(&told), format!(r#"{WORKER}.command=["sh","-c","exec ls ${{HOME}}/in"]"#));
        let other = found(&of("$(INPUTDIR)"), 1, "ls: /in: No such file or directory");
        assert!(other.verdict.starts_with("Container worker ended"), "{}", other.verdict);
    }

    #[test]
    fn own_timeout_is_not_taken_for_a_stop_from_outside() {
        let script = json!({ "command": ["sh", "-c", "cd /in && timeout -k 5 1m ./load; echo done"] });
        for code in [124, 137, 143] {
            let told = found(&script, code, "loading");
            assert_eq!(told.rule.0, "T060");
            assert!(told.verdict.contains("`timeout -k 5 1m` in it ended it"), "{}", told.verdict);
        }
        // It ran for a minute.
        let longer = json!({ "command": ["timeout", "2m", "./load"] });
        assert_eq!(found(&longer, 143, "loading").rule.0, "T066");
    }
}
