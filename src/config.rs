//! What a person chose once for all: `$XDG_CONFIG_HOME/kubatch/config.yaml`. Defaults stand where the file says nothing;
//! what the environment and the flags say stands above both and is put in by `cli`.
//!
//! A file that cannot be used is an error, so that nobody works with other settings than they think. Keys that are not
//! known are warnings: the file may be shared with another version.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What the linter leaves out.
    pub lint: Lint,
    /// What logs may take.
    pub logs: Logs,
    /// How a person is called when what was waited for has happened.
    pub notify: Notify,
    /// Contexts in which a change needs the context's name typed; `*` stands for any characters.
    pub protected: Vec<String>,
    /// Nothing may be changed.
    pub readonly: bool,
    /// The background that the colours are chosen for.
    pub theme: Background,
}

/// What the linter leaves out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lint {
    /// Rules that do not speak, by number or name.
    pub off: Vec<String>,
}

/// What logs may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logs {
    /// Memory for lines; what is more is written to a file without a name.
    pub memory: Size,
    /// What that file may hold; what is more is dropped, oldest first.
    pub disk: Size,
    /// Logs that are followed at once.
    pub streams: NonZeroU16,
}

impl Default for Logs {
    fn default() -> Self {
        Self { memory: Size(256 << 20), disk: Size(2 << 30), streams: NonZeroU16::MIN.saturating_add(63) }
    }
}

/// How a person is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// A bell, and the sequence that the terminal is known to have for notifications.
    #[default]
    Auto,
    /// A bell alone.
    Bell,
    /// A bell and `OSC 9`, as iTerm2 has it.
    Osc9,
    /// A bell and `OSC 99`, as kitty has it.
    Osc99,
    /// A bell and `OSC 777`, as urxvt has it.
    Osc777,
    /// Words on the screen alone.
    None,
}

/// The background that the colours are chosen for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Background {
    /// Bright text.
    Dark,
    /// Dark text.
    Light,
    /// As `COLORFGBG` says, else dark.
    #[default]
    Auto,
}

/// Bytes, written as a Kubernetes quantity: `256Mi`, `1.5G`, `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Bytes in each unit, the largest first; those that fit a size with whole numbers write it.
const UNITS: [(&str, u64); 9] = [
    ("Ti", 1 << 40),
    ("T", 1_000_000_000_000),
    ("Gi", 1 << 30),
    ("G", 1_000_000_000),
    ("Mi", 1 << 20),
    ("M", 1_000_000),
    ("Ki", 1 << 10),
    ("k", 1_000),
    ("", 1),
];

impl Size {
    /// The same where it is a size of memory, of which there is no more than addresses.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn parse(text: &str) -> Option<Self> {
        let number_ends = text.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(number_ends);
        let (_, bytes) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        let number: f64 = number.parse().ok()?;
        // Far beyond any disk a fraction is rounded.
        Some(Self((number * bytes as f64) as u64))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes) =
            UNITS.into_iter().find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes)).unwrap_or(("", 1));
        write!(f, "{}{name}", self.0 / bytes)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // YAML has numbers without a unit as numbers; this engine gives them as text too.
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is no size such as 256Mi or 2G")))
    }
}

impl Config {
    /// Reads the file that was named, or else the one in its usual place, where there may be none. With it comes what a
    /// person must be told; nothing where that is empty.
    ///
    /// # Errors
    /// Where the file cannot be read or is wrong: the file, the line and why, in words.
    pub fn load(named: Option<&Path>) -> Result<(Self, String), String> {
        let named = named.filter(|path| !path.as_os_str().is_empty());
        let Some(path) = named.map(Path::to_owned).or_else(usual_path) else { return Ok(Default::default()) };
        match read(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(why) if named.is_none() && why.kind() == ErrorKind::NotFound => Ok(Default::default()),
            Err(why) => {
                let words = why.to_string();
                let words = words.split(" (os error").next().unwrap_or_default().to_lowercase();
                Err(format!("cannot read the configuration {}: {words}", path.display()))
            }
        }
    }

    fn parse(text: &str, path: &Path) -> Result<(Self, String), String> {
        let told = |error: &serde_yaml::Error| {
            let line = error.location().map(|place| format!(":{}", place.line())).unwrap_or_default();
            // What follows the first line repeats the file's text.
            let words = error.without_snippet().to_string();
            let words = words.lines().next().unwrap_or_default();
            format!("cannot use the configuration {}{line}: {words}", path.display())
        };
        // A file of comments alone.
        let value: Option<Value> = serde_yaml::from_str(text).map_err(|error| told(&error))?;
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Default::default()) };
        let config = serde_yaml::from_str(text).map_err(|error| told(&error))?;
        let known = serde_json::to_value(Self::default()).unwrap_or_default();
        let unknown = unknown_keys(&value, &known, "");
        if unknown.is_empty() {
            return Ok((config, String::new()));
        }
        let noun = if unknown.len() == 1 { "a key" } else { "keys" };
        Ok((config, format!("{} has {noun} that nothing is known of: {}", path.display(), unknown.join(", "))))
    }
}

/// Keys that the second value lacks, with those above them: `logs.memry`.
fn unknown_keys(given: &Value, known: &Value, above: &str) -> Vec<String> {
    let (Value::Object(given), Value::Object(known)) = (given, known) else { return Vec::new() };
    let found = given.iter().map(|(key, value)| match known.get(key) {
        Some(known) => unknown_keys(value, known, &format!("{above}{key}.")),
        None => vec![format!("{above}{}", key.escape_debug())],
    });
    found.flatten().collect()
}

/// Where the file is, as the XDG base directory specification has it; None where there is no home either.
fn usual_path() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = given.or_else(|| std::env::home_dir().map(|home| home.join(".config")))?;
    Some(folder.join("kubatch/config.yaml"))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than a megabyte"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Config, String), String> {
        Config::parse(text, Path::new("config.yaml"))
    }

    #[test]
    fn what_the_file_does_not_say_is_as_by_default() {
        for text in ["", "# nothing\n", "---\n", "{}"] {
            assert_eq!(parse(text), Ok(Default::default()), "{text:?}");
        }
        let (config, warning) = parse("logs: {memory: 1.5Mi, disk: 4096}\ntheme: light\n").unwrap();
        assert_eq!((config.logs.memory, config.logs.disk, config.logs.streams.get()), (Size(3 << 19), Size(4096), 64));
        assert_eq!((config.theme, config.readonly, warning.as_str()), (Background::Light, false, ""));
    }

    #[test]
    fn keys_that_are_not_known_are_warnings() {
        let (config, warning) = parse("readonly: true\nlogs: {memry: 1Gi}\n\"a\\x1b\": 1\n").unwrap();
        assert!(config.readonly);
        assert!(warning.contains("logs.memry") && warning.contains("a\\u{1b}"), "{warning}");
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        let cases = [
            ("theme: dark\nlogs:\n  memory: lots\n", ":3: ", "\"lots\" is no size"),
            ("logs:\n  streams: 0\n", ":2: ", "nonzero"),
            ("\nreadonly: perhaps\n", ":2: ", "bool"),
            ("theme: blue\n", ":1: ", "blue"),
            ("logs: 3\n", ":1: ", ""),
            ("- a list\n", ":1: ", ""),
            ("a: [\n", ":", ""),
        ];
        for (text, line, expected) in cases {
            let told = parse(text).unwrap_err();
            assert!(told.contains(&format!("config.yaml{line}")) && told.contains(expected), "{text:?}: {told}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }

    #[test]
    fn sizes_are_written_as_they_are_read() {
        for text in ["0", "1", "1000Ki", "256Mi", "2Gi", "7", "3Ti", "5G", "12k"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "Mi", "1.2.3", "-1", "1 Mi", "1mi", "1e400"] {
            assert_eq!(Size::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn file_that_was_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        assert!(Config::load(Some(&path)).unwrap_err().contains("no such file or directory"));
        std::fs::write(&path, "readonly: true").unwrap();
        assert!(Config::load(Some(&path)).unwrap().0.readonly);
        assert!(Config::load(Some(folder.path())).unwrap_err().contains("is a directory"));
        std::fs::write(&path, "#".repeat(2 << 20)).unwrap();
        assert!(Config::load(Some(&path)).unwrap_err().contains("larger than a megabyte"));
    }
}
