//! Programs that are there and yet cannot be executed: scripts whose first line is wrong or missing, files that may not be
//! executed, a whole line that stands where a program's name belongs. The kernel's words for them mislead ("no such file",
//! "exec format error"), so it is looked at what the file is, where it comes from a ConfigMap. [`super::start`] calls it for
//! what the runtime says, `ending::log` for what stands in the log.

use super::super::Case;
use crate::model::pod::{Container, Pod};
use crate::triage::case::of_field;
use crate::triage::container::{blank, called, cut, remake, rerun};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::near;
use crate::triage::mend::{Changes, POD, mend, of_container};

/// Ends of names by which scripts are known.
const SCRIPTS: [&str; 7] = [".sh", ".bash", ".py", ".pl", ".rb", ".js", ".php"];

/// What only a shell understands.
const FOR_A_SHELL: [char; 9] = ['|', '&', ';', '<', '>', '$', '`', '*', '"'];

/// How the kernel refused a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::triage) enum Refusal {
    /// ENOENT for a file that is there: its interpreter is not.
    NoInterpreter,
    /// ENOEXEC.
    NoFormat,
    /// EACCES.
    NotExecutable,
}

impl Refusal {
    /// The kernel's words, as runtimes repeat them.
    pub(in crate::triage) fn of(words: &str) -> Option<Self> {
        Some(match words {
            "no such file or directory" => Self::NoInterpreter,
            "exec format error" => Self::NoFormat,
            "permission denied" => Self::NotExecutable,
            _ => return None,
        })
    }
}

/// A file of a ConfigMap, as a container sees it.
struct File<'a> {
    volume: &'a str,
    map: &'a str,
    key: String,
    /// None before it is known, or where it is not there.
    text: Option<&'a str>,
}

impl<'a> File<'a> {
    fn of(case: &Case<'a>, container: &Container, path: &str) -> Option<Self> {
        let (mount, volume) = case.volume_at(&container.name, path)?;
        let map = volume["configMap"]["name"].as_str()?;
        let below = path.strip_prefix(mount["mountPath"].as_str()?)?.trim_start_matches('/');
        let below = mount["subPath"].as_str().unwrap_or(below);
        let mut items = volume["configMap"]["items"].as_array().into_iter().flatten();
        let key = items.find(|item| item["path"] == below).and_then(|item| item["key"].as_str()).unwrap_or(below);
        let text = case.found("v1", "ConfigMap", &case.key.namespace, map).and_then(|map| map["data"][key].as_str());
        Some(Self { volume: volume["name"].as_str()?, map, key: key.to_owned(), text })
    }
}

/// A file that was refused.
struct Refused<'c, 'a> {
    case: &'c Case<'a>,
    path: &'c str,
    file: Option<File<'a>>,
    /// The file and where it comes from, for a sentence.
    name: String,
}

/// Why it was: for the verdict, for a row, and what helps.
pub(in crate::triage) type Told = (String, String, Vec<Fix>);

/// T054: why the file at this path was refused. None where it may as well be a program for another machine.
pub(in crate::triage) fn refused(
    case: &Case<'_>,
    pod: &Pod,
    container: &Container,
    path: &str,
    refusal: Refusal,
    mut evidence: Vec<Evidence>,
) -> Option<Finding> {
    let file = File::of(case, container, path);
    let name = match &file {
        Some(file) => format!("{path} (key {} of ConfigMap {})", file.key, file.map),
        None => path.to_owned(),
    };
    if let Some(file) = &file {
        let field = format!("spec.volumes[{}].configMap", file.volume);
        evidence.push(of_field(pod, field, format!("ConfigMap {}", file.map)));
    }
    let refused = Refused { case, path, file, name };
    let (why, short, mut fixes) = match refusal {
        Refusal::NoInterpreter => refused.without_interpreter(),
        Refusal::NoFormat => refused.without_format()?,
        Refusal::NotExecutable => refused.not_executable()?,
    };
    if refusal != Refusal::NoInterpreter {
        fixes.extend(through_a_shell(case, container, path));
    }
    Some(Finding {
        verdict: format!("{} cannot start: {why}.", called(pod, container)),
        short,
        evidence,
        fixes,
        group: format!("T054/{}/{path}", container.name),
        ..blank(case, "T054", Severity::Critical, Confidence::Likely)
    })
}

impl Refused<'_, '_> {
    /// The first line, where it is known.
    fn first_line(&self) -> Option<&str> {
        self.file.as_ref()?.text?.split('\n').next()
    }

    /// To mend the file where it is kept.
    fn mended(&self, words: &str) -> Fix {
        match &self.file {
            Some(file) => Fix::outside(format!("{words} in configmap/{}, key {}; then rerun", file.map, file.key)),
            None => Fix::outside(format!("{words}, and build the image anew")),
        }
    }

    fn without_interpreter(&self) -> Told {
        let (path, name) = (self.path, &self.name);
        let first = self.first_line();
        let interpreter = first.and_then(|line| line.strip_prefix("#!")).map(str::trim_end);
        match interpreter {
            Some(interpreter) if first.is_some_and(|line| line.ends_with('\r')) => (
                format!(
                    "{name} has Windows line ends (CRLF), so its first line names \"{interpreter}\" with a carriage return \
                     behind it as its interpreter, and there is no such program"
                ),
                format!("{path} has Windows line ends"),
                vec![self.mended("save it with Unix line ends")],
            ),
            Some(interpreter) => (
                format!("the first line of {name} names {interpreter} as its interpreter, which the image does not have"),
                format!("no {interpreter} for {path}"),
                rerun(self.case, "rerun with an image that has it")
                    .into_iter()
                    .chain([self.mended("name one that the image has")])
                    .collect(),
            ),
            None => (
                format!(
                    "{name} is there, but not what it needs to run: the interpreter that its first line names (also where \
                     that line ends as on Windows, with CRLF), or the loader that it was built for"
                ),
                format!("{path} lacks its interpreter"),
                std::iter::once(Fix::outside(format!(
                    "look at the first line of {path}: `head -1 {path} | od -c` shows the name, and \\r where it ends so"
                )))
                .chain(rerun(self.case, "rerun with an image that has what it needs"))
                .collect(),
            ),
        }
    }

    fn without_format(&self) -> Option<Told> {
        let is_script = self.file.is_some() || SCRIPTS.iter().any(|end| self.path.ends_with(end));
        let has_first_line = self.first_line().is_some_and(|line| line.starts_with("#!"));
        (is_script && !has_first_line).then(|| {
            (
                format!(
                    "{} is a script without a first line such as #!/bin/sh, which names its interpreter",
                    self.name
                ),
                format!("{} has no #! line", self.path),
                vec![self.mended("begin it with #!/bin/sh, or what it is written for,")],
            )
        })
    }

    fn not_executable(&self) -> Option<Told> {
        let file = self.file.as_ref()?;
        let mode = Changes::set(format!("{POD}.volumes[name={}].configMap.defaultMode", file.volume), 0o755);
        Some((
            format!(
                "{} may not be executed: files of a ConfigMap are for reading, unless its volume says otherwise",
                self.name
            ),
            format!("{} may not be executed", self.path),
            mend(self.case, "let its volume's files be executed (defaultMode 0755) in a new Job", &mode),
        ))
    }
}

/// Folders in which programs are looked for by their names (`PATH` of most images), and those around them.
const PROGRAMS: [&str; 8] =
    ["/bin", "/sbin", "/usr", "/usr/bin", "/usr/sbin", "/usr/local", "/usr/local/bin", "/usr/local/sbin"];

/// Why a program is not there: the volume that should have it does not, or one lies over what the image has. None where
/// no volume has to do with it.
pub(in crate::triage) fn not_there(case: &Case<'_>, container: &Container, program: &str) -> Option<Told> {
    let spec = case.container_spec(&container.name)?;
    let (mount, volume) = match program.contains('/') {
        true => {
            let folder = spec["workingDir"].as_str().unwrap_or("/").trim_end_matches('/');
            let relative = program.strip_prefix("./").unwrap_or(program);
            let path = if program.starts_with('/') { program.to_owned() } else { format!("{folder}/{relative}") };
            let found = case.volume_at(&container.name, &path)?;
            // Where images have their programs nobody means to put one of a ConfigMap.
            let is_over_programs = PROGRAMS.iter().any(|folder| found.0["mountPath"] == *folder);
            if let Some(told) = key_missing(case, container, &path).filter(|_| !is_over_programs) {
                return Some(told);
            }
            found
        }
        // Which of the folders had it is not known.
        false => PROGRAMS.iter().find_map(|folder| {
            case.volume_at(&container.name, folder).filter(|(mount, _)| mount["mountPath"] == *folder)
        })?,
    };
    let (name, at) = (volume["name"].as_str()?, mount["mountPath"].as_str()?);
    let cure = remake(case, format!("mount volume {name} elsewhere, or single files of it by subPath, in a new Job"));
    Some((
        format!("volume {name} is mounted at {at} and hides what the image has there, {program} probably too"),
        format!("volume {name} at {at} hides {program}"),
        cure.into_iter().collect(),
    ))
}

/// Why a volume cannot be mounted at a path: one of the two is a single file, and the other a folder.
pub(super) fn mounted_over(case: &Case<'_>, container: &Container, at: &str, text: &str) -> Option<Told> {
    let mounts = case.container_spec(&container.name)?["volumeMounts"].as_array()?;
    let mount = mounts.iter().find(|mount| mount["mountPath"] == at).filter(|_| text.contains("not a directory"))?;
    let name = mount["name"].as_str()?;
    let volume = case.pod_spec()?["volumes"].as_array()?.iter().find(|volume| volume["name"] == name)?;
    let (kind, object) = [("ConfigMap", &volume["configMap"]["name"]), ("Secret", &volume["secret"]["secretName"])]
        .into_iter()
        .find_map(|(kind, name)| Some((kind, name.as_str()?)))
        .map_or(("", ""), |found| found);
    let made = if object.is_empty() { String::new() } else { format!(" ({kind} {object})") };
    let mount_path = of_container(container, &format!("volumeMounts[mountPath={at}]"));
    let short = format!("volume {name} cannot be mounted at {at}");
    if let Some(file) = mount["subPath"].as_str() {
        let last = file.rsplit('/').next().unwrap_or(file);
        let inside = format!("{}/{last}", at.trim_end_matches('/'));
        let why = format!(
            "subPath {file} of volume {name}{made} is a single file, and {at} in its image is a folder: a file is mounted at a \
             path of its own"
        );
        let changes = Changes::set(format!("{mount_path}.mountPath"), inside.as_str());
        return Some((why, short, mend(case, format!("rerun with it mounted at {inside}"), &changes)));
    }
    let why = format!(
        "volume {name}{made} is a folder, and {at} in its image is a file: a single key is mounted by its subPath"
    );
    let key = at.rsplit('/').next()?;
    let data = case.found("v1", "ConfigMap", &case.key.namespace, object).filter(|_| kind == "ConfigMap");
    let has_key = data.is_some_and(|map| !map["data"][key].is_null());
    let fixes = match has_key {
        true => {
            let changes = Changes::set(format!("{mount_path}.subPath"), key);
            mend(case, format!("rerun with its key {key} alone mounted there (subPath)"), &changes)
        }
        false => remake(case, "correct the mountPath, or name the file by subPath, in a new Job").into_iter().collect(),
    };
    Some((why, short, fixes))
}

/// A file that a volume made of a ConfigMap does not have, since the ConfigMap has no such key.
pub(in crate::triage) fn key_missing(case: &Case<'_>, container: &Container, path: &str) -> Option<Told> {
    let File { volume, map, key, .. } = File::of(case, container, path)?;
    let object = case.found("v1", "ConfigMap", &case.key.namespace, map)?;
    let has = object["data"].as_object()?;
    let (mount, _) = case.volume_at(&container.name, path)?;
    let at = mount["mountPath"].as_str()?;
    if key.is_empty() || has.contains_key(&key) || !object["binaryData"][&key].is_null() {
        return None;
    }
    let keys: Vec<&str> = has.keys().map(String::as_str).collect();
    // Where a single key is mounted, its name stands in the mount; else the command may name the file.
    let meant = near(&key, keys.iter().copied());
    let command = case.container_spec(&container.name)?["command"].as_array();
    let word = command.and_then(|words| words.iter().position(|word| word == path));
    let changes = meant.as_ref().and_then(|near| match (mount["subPath"].is_string(), word) {
        (true, _) => {
            Some(Changes::set(of_container(container, &format!("volumeMounts[mountPath={at}].subPath")), near.as_str()))
        }
        (_, Some(word)) => {
            let other = format!("{}{near}", path.strip_suffix(key.as_str())?);
            Some(Changes::set(of_container(container, &format!("command[{word}]")), other))
        }
        _ => None,
    });
    let mut fixes = match (&meant, changes) {
        (Some(near), Some(changes)) => mend(case, format!("rerun with {near} in place of {key}"), &changes),
        _ => Vec::new(),
    };
    fixes.push(Fix::outside(format!("put the key {key} into configmap/{map}; then rerun")));
    Some((
        format!(
            "ConfigMap {map}, of which volume {volume} at {at} is made, has no key {key} (it has {})",
            cut(&keys.join(", "), 120)
        ),
        format!("no key {key} in configmap/{map}"),
        fixes,
    ))
}

/// A script of a ConfigMap that has the line ends of Windows, which whoever runs it may be told to read.
pub(in crate::triage) fn windows_script(case: &Case<'_>, container: &Container, path: &str) -> Option<Told> {
    let file = File::of(case, container, path)?;
    file.text.filter(|text| text.contains("\r\n"))?;
    Some((
        format!("runs {path} (key {} of ConfigMap {}), which has Windows line ends (CRLF)", file.key, file.map),
        format!("{path} has Windows line ends"),
        vec![Fix::outside(format!(
            "save it with Unix line ends in configmap/{}, key {}; then rerun",
            file.map, file.key
        ))],
    ))
}

/// To have a shell read the script, which needs neither a first line nor a right to execute it.
fn through_a_shell(case: &Case<'_>, container: &Container, path: &str) -> Vec<Fix> {
    let Some(command) = case.container_spec(&container.name).and_then(|spec| spec["command"].as_array()) else {
        return Vec::new();
    };
    // Another ending says that it is written for another interpreter.
    let is_for_a_shell = path.ends_with(".sh") || !path.contains('.');
    if !is_for_a_shell || command.first().is_none_or(|program| program != path) {
        return Vec::new();
    }
    let command = [vec!["sh".into()], command.clone()].concat();
    let changes = Changes::set(of_container(container, "command"), command);
    mend(case, format!("or have a shell read it (command: sh {path}) in a new Job"), &changes)
}

/// To take a line apart that stands where the name of a program belongs, so that it is looked for under that name. Empty
/// where it is none.
pub(super) fn taken_apart(case: &Case<'_>, container: &Container, program: &str) -> Vec<Fix> {
    let Some(spec) = case.container_spec(&container.name).filter(|_| program.contains(' ')) else { return Vec::new() };
    // Without a command the arguments stand for all of it, where the image has none of its own.
    let field = if spec["command"].is_array() { "command" } else { "args" };
    let written: Vec<&str> = spec[field].as_array().into_iter().flatten().filter_map(|word| word.as_str()).collect();
    let Some((first, rest)) = written.split_first().filter(|(first, _)| **first == program) else { return Vec::new() };
    let words: Vec<&str> = match rest.is_empty() && first.contains(FOR_A_SHELL) {
        true => vec!["sh", "-c", program],
        false => first.split_whitespace().chain(rest.iter().copied()).collect(),
    };
    let changes = Changes::set(of_container(container, field), words);
    mend(case, "rerun with each word of it as an entry of its own", &changes)
}
