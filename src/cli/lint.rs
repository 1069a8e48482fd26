//! `kubatch lint`: what will hurt in manifests, or in the Jobs and CronJobs of a cluster, for editors, hooks and CI.

mod live;
mod print;
mod sarif;
mod trial;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::stop::Stop;
use super::{Arguments as Global, Program, configuration, refuse, tell};
use crate::manifest::lint::{self, Lint, LintFinding, Linted, Mended, Seen, is_for_live, lint_for, lint_in, mend};
use crate::manifest::{Catalogue, Severity};
use crate::manifest_file::{Source, Unreadable, read};
use crate::model::clock::{Clock, SystemClock, Time};
use crate::model::safe_text::safe_line;

/// What `kubatch lint` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files, folders of *.yaml, *.yml and *.json, or - for stdin.
    #[arg(value_name = "FILE|DIR|-", required_unless_present = "live")]
    files: Vec<PathBuf>,
    /// Look at the CronJobs and Jobs of the cluster instead, in the namespaces of -n or -A.
    #[arg(long, conflicts_with = "files")]
    pub(super) live: bool,
    /// Ask the cluster, too: whether what the manifests name is there, and whether it would take them and their pods, which
    /// it only tries. --live always does.
    #[arg(long)]
    pub(super) online: bool,
    /// In words, as a JSON object a line, or as SARIF 2.1.0.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    output: Format,
    /// Leave these rules out, besides those of lint.off in the configuration: numbers or names, separated by commas.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = rule)]
    disable: Vec<&'static Lint>,
    /// Show advice (info), too, in words.
    #[arg(long)]
    all: bool,
    /// Write the fixes of what is shown into the files; what no fix is about stays as it is, comments too.
    #[arg(long, conflicts_with = "live")]
    fix: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// In words.
    Text,
    /// One JSON object for each.
    Json,
    /// One SARIF document.
    Sarif,
}

/// What was found in a file, or in an object of the cluster.
struct Looked {
    /// The file, or the object.
    name: String,
    /// Whether it is a file, in which places mean something.
    is_file: bool,
    linted: Linted,
}

fn rule(word: &str) -> Result<&'static Lint, String> {
    lint::named(word.trim()).ok_or_else(|| "there is no such rule; they are numbered L001 to L208".to_owned())
}

/// Looks through files.
pub(super) fn files(arguments: &Arguments, global: &Global) -> ExitCode {
    let (config, warning) = match configuration(global) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let (off, warning) = switched_off(&config.lint.off, warning);
    if !warning.is_empty() {
        tell(&warning);
    }
    let now = SystemClock.now();
    match arguments.texts(now, &off) {
        Ok(texts) => finish(arguments, look(texts, now, true, None, |lint| arguments.is_on(lint, &off))),
        Err(code) => code,
    }
}

impl Arguments {
    /// Whether a rule speaks.
    fn is_on(&self, lint: &Lint, off: &[&'static Lint]) -> bool {
        !self.disable.iter().chain(off).any(|one| *one == lint)
    }

    /// The files, mended where that is asked for.
    fn texts(&self, now: Time, off: &[&'static Lint]) -> Result<Vec<Named>, ExitCode> {
        if self.fix && self.files.iter().any(|path| path.as_os_str() == "-") {
            return Err(refuse("--fix writes files, and stdin is none", "save it to a file first"));
        }
        let sources = read(&self.files).map_err(|Unreadable { message, hint }| refuse(&message, hint))?;
        let mended = sources.into_iter().map(|Source { name, text }| match self.fix {
            true => self.mend(&name, &text, now, off).map(|text| (name, text)),
            false => Ok((name, text)),
        });
        mended.collect()
    }

    /// Mends what would be shown in a file, writes it back where anything changed, and returns what stands in it then.
    fn mend(&self, name: &str, text: &str, now: Time, off: &[&'static Lint]) -> Result<String, ExitCode> {
        let is_shown =
            |finding: &LintFinding| self.is_on(finding.lint, off) && (self.all || finding.severity > Severity::Note);
        let Mended { text: mended, done } = mend(text, Catalogue::built_in(), now, is_shown);
        if done.is_empty() {
            return Ok(mended);
        }
        if let Err(error) = std::fs::write(name, &mended) {
            return Err(refuse(
                &format!("cannot write {name}: {error}"),
                "check its permissions and the room on the disk",
            ));
        }
        for one in done {
            tell(&format!("{name}: {one}"));
        }
        Ok(mended)
    }
}

/// The rules that the configuration switches off, and what has to be told of it with words that name none.
pub(super) fn switched_off(words: &[String], warning: String) -> (Vec<&'static Lint>, String) {
    let mut off = Vec::new();
    let mut told: Vec<String> = Some(warning).filter(|warning| !warning.is_empty()).into_iter().collect();
    for word in words {
        match rule(word) {
            Ok(lint) => off.push(lint),
            Err(why) => told.push(format!("lint.off has {word:?}: {why}")),
        }
    }
    (off, told.join("; "))
}

/// Looks through what is in the cluster, or through files with what the cluster has of what they name.
pub(super) fn in_cluster(arguments: &Arguments, program: Program) -> ExitCode {
    let Program { target, settings, clock, runtime } = program;
    if !settings.warning.is_empty() {
        tell(&settings.warning);
    }
    let (off, now) = (&settings.lint_off, clock.now());
    let files = match arguments.live {
        true => None,
        false => match arguments.texts(now, off) {
            Ok(texts) => Some(texts),
            Err(code) => return code,
        },
    };
    let is_file = files.is_some();
    let is_on = |lint: &'static Lint| arguments.is_on(lint, off);
    let known: Result<_, Stop> = runtime.block_on(async {
        let is_read_only = target.is_read_only;
        let (mut server, mut seen, texts) = match files {
            None => live::objects(target, clock).await?,
            Some(texts) => {
                let (server, namespace) = live::connect(target, clock).await?;
                let mut seen = Seen::new(namespace);
                texts.iter().for_each(|(_, text)| seen.add(text));
                (server, seen, texts)
            }
        };
        live::ask(&server, &texts, &mut seen, now, is_on).await;
        trial::ask(&mut server, &mut seen, is_file, is_read_only).await;
        Ok((texts, seen))
    });
    // A login helper that still runs must not keep the shell waiting.
    runtime.shutdown_background();
    match known {
        Ok((texts, seen)) => {
            for why in seen.unread() {
                tell(&format!("not looked at: {why}"));
            }
            finish(arguments, look(texts, now, is_file, Some(&seen), is_on))
        }
        Err(Stop { message, hint }) => refuse(&message, &hint),
    }
}

/// A text with the name under which it is told of: a file, or an object.
type Named = (String, String);

/// Looks through texts by the rules that are on.
fn look(
    texts: Vec<Named>,
    now: Time,
    is_file: bool,
    seen: Option<&Seen>,
    is_on: impl Fn(&'static Lint) -> bool,
) -> Vec<Looked> {
    let look = |(name, text): Named| {
        let catalogue = Catalogue::built_in();
        let mut linted = match seen {
            Some(seen) => lint_in(&text, catalogue, now, seen, &is_on),
            None => lint_for(&text, catalogue, now, |lint, _| is_on(lint)),
        };
        linted.findings.retain(|finding| is_file || is_for_live(finding.lint));
        Looked { name, is_file, linted }
    };
    let looked: Vec<Looked> = texts.into_iter().map(look).collect();
    if is_file && looked.iter().all(|one| one.linted.objects == 0) {
        tell("there is no Job and no CronJob of batch/v1 to look at; other kinds are left alone");
    }
    looked
}

/// Writes what was found, and says by the exit code what there was: 0 nothing but advice, 1 errors or warnings, 2 something
/// that cannot be read.
fn finish(arguments: &Arguments, looked: Vec<Looked>) -> ExitCode {
    for one in &looked {
        for problem in &one.linted.problems {
            let (line, column) = (problem.place.line + 1, problem.place.column + 1);
            tell(&format!("{}:{line}:{column}: {}", one.name, problem.message));
        }
    }
    let text = match arguments.output {
        Format::Text => print::text(&looked, arguments.all),
        Format::Json => print::json(&looked),
        Format::Sarif => sarif::document(&looked),
    };
    let mut stdout = std::io::stdout().lock();
    for line in text.lines() {
        // JSON is left as it is, but not on a terminal.
        let is_made_safe = arguments.output == Format::Text || stdout.is_terminal();
        let line = if is_made_safe { safe_line(line) } else { line.into() };
        // Nobody may read it any more, which changes nothing about what was found.
        let _ = writeln!(stdout, "{line}");
    }
    drop(stdout);
    let has = |is: fn(&Linted) -> bool| looked.iter().any(|one| is(&one.linted));
    let is_serious = |linted: &Linted| linted.findings.iter().any(|one| one.severity >= Severity::Warning);
    ExitCode::from(match (has(|linted| !linted.problems.is_empty()), has(is_serious)) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    })
}
