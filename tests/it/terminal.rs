//! The binary in a pseudo-terminal without a cluster: start, resize, and the terminal given back whatever ends it.

use portable_pty::CommandBuilder;

use kubatch::demo::{Demo, serve};

use crate::Local;
use crate::scenarios;
use crate::support::cluster::runtime;
use crate::support::terminal::{BINARY, Terminal};

pub const TESTS: &[Local] = &[
    Local { name: "terminal::without_kubeconfig_says_the_next_step", run: without_kubeconfig_says_the_next_step },
    Local { name: "terminal::any_size_is_drawn", run: any_size_is_drawn },
    Local { name: "terminal::quit_restores_the_terminal", run: quit_restores_the_terminal },
    Local { name: "terminal::sigterm_restores_the_terminal", run: sigterm_restores_the_terminal },
    Local { name: "terminal::sighup_restores_the_terminal", run: sighup_restores_the_terminal },
    Local { name: "terminal::panic_restores_the_terminal", run: panic_restores_the_terminal },
    Local { name: "terminal::panic_of_a_task_is_told_on_the_screen", run: panic_of_a_task_is_told_on_the_screen },
    Local { name: "terminal::ctrl_z_gives_the_shell_and_fg_comes_back", run: ctrl_z_gives_the_shell_and_fg_comes_back },
    Local { name: "terminal::mouse_is_taken_in_the_editor_alone", run: mouse_is_taken_in_the_editor_alone },
    Local { name: "terminal::mouse_is_left_whatever_ends_the_editor", run: mouse_is_left_whatever_ends_the_editor },
    Local { name: "terminal::editor_at_rest_writes_nothing", run: editor_at_rest_writes_nothing },
    Local { name: "terminal::log_cannot_reach_the_terminal", run: log_cannot_reach_the_terminal },
    Local { name: "terminal::demo_lives_and_writes_nothing", run: demo_lives_and_writes_nothing },
];

const NO_KUBECONFIG: &str = "there is no kubeconfig";

fn without_kubeconfig_says_the_next_step() {
    let terminal = Terminal::kubatch((80, 24), None, &[]);
    let screen = terminal.shows(NO_KUBECONFIG);
    assert!(screen.contains("--kubeconfig FILE"), "{screen}");
}

fn any_size_is_drawn() {
    let mut terminal = Terminal::kubatch((80, 24), None, &[]);
    terminal.shows(NO_KUBECONFIG);
    for size in [(1, 1), (39, 9), (40, 10), (200, 60), (80, 24)] {
        terminal.resize(size.0, size.1);
    }
    terminal.shows(NO_KUBECONFIG);
    terminal.resize(30, 8);
    terminal.shows("kubatch needs 40x10");
    terminal.resize(200, 60);
    terminal.shows(NO_KUBECONFIG);
}

/// kubatch under a shell that tells its exit code and the terminal's state after it.
fn under_a_shell() -> Terminal {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "\"$0\"; echo \"ended with $?\"; stty -a | tr '\\n' ' '", BINARY]);
    let terminal = Terminal::start((160, 48), command, None);
    terminal.shows(NO_KUBECONFIG);
    assert!(terminal.is_full_screen());
    terminal
}

fn is_restored(terminal: &Terminal, code: u32) {
    let screen = terminal.shows("opost");
    assert!(screen.contains(&format!("ended with {code}")), "{screen}");
    // stty writes a minus before what is off.
    for mode in [" icanon", " echo ", " isig"] {
        assert!(screen.contains(mode), "{mode} is off:\n{screen}");
    }
    assert!(!terminal.is_full_screen(), "{screen}");
}

fn signal(terminal: &Terminal, name: &str) {
    let shell = terminal.process();
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    let kubatch = children.split_whitespace().next().expect("the shell has a child");
    assert!(std::process::Command::new("kill").args(["-s", name, kubatch]).status().unwrap().success());
}

fn quit_restores_the_terminal() {
    let mut terminal = under_a_shell();
    terminal.press("\x03");
    is_restored(&terminal, 0);
    let mut terminal = under_a_shell();
    terminal.press(":q\r");
    is_restored(&terminal, 0);
}

fn sigterm_restores_the_terminal() {
    let terminal = under_a_shell();
    signal(&terminal, "TERM");
    is_restored(&terminal, 0);
}

fn sighup_restores_the_terminal() {
    let terminal = under_a_shell();
    signal(&terminal, "HUP");
    is_restored(&terminal, 0);
}

fn panic_restores_the_terminal() {
    let mut terminal = under_a_shell();
    terminal.press("\x1b[24~");
    is_restored(&terminal, 101);
    terminal.shows("asked to panic");
}

fn panic_of_a_task_is_told_on_the_screen() {
    let mut terminal = under_a_shell();
    terminal.press("\x1b[23~");
    terminal.shows("a background task died");
    terminal.shows("a task asked to panic");
    assert!(terminal.is_full_screen());
    terminal.press("\x03");
    is_restored(&terminal, 0);
}

fn ctrl_z_gives_the_shell_and_fg_comes_back() {
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    let mut terminal = Terminal::start((120, 40), command, None);
    terminal.press(&format!("PS1='shell> '; '{BINARY}'\n"));
    terminal.shows(NO_KUBECONFIG);
    terminal.press("\x1a");
    terminal.wait("the shell", |screen| screen.contains("Stopped") && screen.trim_end().ends_with("shell>"));
    assert!(!terminal.is_full_screen());
    terminal.press("stty -a | tr '\\n' ' '\n");
    let screen = terminal.shows("opost");
    assert!(screen.contains(" icanon"), "{screen}");
    terminal.press("fg\n");
    terminal.shows(NO_KUBECONFIG);
    assert!(terminal.is_full_screen());
    terminal.press("?");
    terminal.shows("Keys and commands");
    terminal.press("\x03");
    terminal.wait("the shell", |screen| screen.trim_end().ends_with("shell>"));
}

/// The embedded cluster under a shell that tells what the program ended with, the editor open on a CronJob.
fn editing(environment: &str) -> Terminal {
    let mut command = CommandBuilder::new("sh");
    let line = format!("{environment} \"$0\" --demo; echo \"ended with $?\"; stty -a | tr '\\n' ' '");
    command.args(["-c", line.as_str(), BINARY]);
    let mut terminal = Terminal::start((120, 24), command, None);
    terminal.shows("● live");
    assert!(!terminal.tells_mouse(), "the dashboard leaves it to the terminal");
    terminal.press("1e");
    terminal.shows("kind: CronJob");
    terminal.mouse_is_told(true);
    terminal
}

fn mouse_is_taken_in_the_editor_alone() {
    let mut terminal = editing("");
    // The text begins in column 7 and row 3 as a terminal counts, from 1.
    terminal.press("\x1b[<0;13;4M\x1b[<0;13;4m");
    terminal.shows(" 2:7 ");
    terminal.press("\x1b[<0;13;4M\x1b[<32;20;4M\x1b[<0;20;4m");
    terminal.shows(" 2:14 ");
    terminal.press("Thing");
    terminal.shows("kind: Thing");
    terminal.press("\x1b[<65;20;5M");
    terminal.hides("apiVersion: batch/v1");
    terminal.press("\x1b[<64;20;5M");
    terminal.shows("apiVersion: batch/v1");
    terminal.press("\x1b");
    terminal.shows("d discards it");
    terminal.press("d");
    terminal.mouse_is_told(false);
    terminal.press("\x03");
    is_restored(&terminal, 0);
}

fn mouse_is_left_whatever_ends_the_editor() {
    // While the user's own editor runs the terminal is not told of the mouse; afterwards it is again.
    let mut terminal = editing("EDITOR='sh -c \"echo it is outside; read key\"'");
    terminal.press("\x05");
    terminal.shows("it is outside");
    assert!(!terminal.tells_mouse());
    terminal.press("\n");
    terminal.shows("kind: CronJob");
    terminal.mouse_is_told(true);
    terminal.press("\x1b[24~");
    is_restored(&terminal, 101);
    assert!(!terminal.tells_mouse(), "a panic leaves it");
    let terminal = editing("");
    signal(&terminal, "TERM");
    is_restored(&terminal, 0);
    assert!(!terminal.tells_mouse(), "a signal leaves it");
}

fn editor_at_rest_writes_nothing() {
    let mut terminal = editing("");
    // Help for the field under the cursor comes from the server.
    terminal.press("\x1b[B");
    terminal.shows(" 2:1 ");
    let is_quiet = |_| {
        let before = terminal.written();
        std::thread::sleep(std::time::Duration::from_millis(2500));
        terminal.written() == before
    };
    // The header may tell of the cluster meanwhile, but not every second.
    assert!((0..4).any(is_quiet), "something was written each second");
}

/// What a log line can ask of a terminal: title, clipboard, cursor, screen, mouse, answers, keys, reset, a device string.
const HOSTILE: [&str; 18] = [
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1b]8;;http://owned\x1b\\",
    "\x1b[17;23H",
    "\x1b[5A",
    "\x1b[2J",
    "\x1b[?1003h",
    "\x1b[?1049l",
    "\x1b[?25h",
    "\x1b[6n",
    "\x1b[c",
    "\x1b[>4;2m",
    "\x1bc",
    "\x1bP$q\"p\x1b\\",
    "\u{9b}2J\u{9d}0;owned\u{9c}",
    "\x07\x08\x0b\x0c\x0e\x7f\0",
    "\u{202e}\u{2066}\u{200f}",
];

/// The bytes that reach the terminal while hostile lines come and while one scrolls through them: cursor places, styles
/// and whole frames, nothing else, and none of what the lines ask for; their colours alone arrive.
fn log_cannot_reach_the_terminal() {
    let demo = Demo::default();
    scenarios::running(&demo, "rude");
    let say = |text: &str| demo.write_log("data", "rude-abcde", "main", &format!("2026-11-21T03:00:01Z {text}"));
    say("calm");
    let listener = runtime().block_on(serve::listen(([127, 0, 0, 1], 0).into())).unwrap();
    let kubeconfig = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-log.yaml");
    std::fs::write(&kubeconfig, serve::kubeconfig(listener.local_addr().unwrap())).unwrap();
    let server = runtime().spawn(serve::serve(demo.clone(), listener));
    let mut terminal = Terminal::kubatch((160, 48), Some(&kubeconfig), &[]);
    terminal.shows("calm");
    let before = terminal.written();
    HOSTILE.iter().for_each(|hostile| say(&format!("before {hostile} behind")));
    say("\x1b[4mcolours\x1b[0m arrive");
    terminal.shows("colours arrive");
    terminal.press("6z");
    terminal.press("gG");
    let screen = terminal.shows("␛]52;c;b3duZWQ=␇ behind");
    assert!(screen.contains("\\u{9b}2J"), "{screen}");
    let written = String::from_utf8(terminal.written_since(before)).expect("only text is written");
    server.abort();
    for hostile in HOSTILE {
        assert!(!written.contains(hostile), "{hostile:?} is in {written:?}");
    }
    assert!(written.contains("\x1b[4m"), "the underline is lost");
    // A cursor place, a style, the hidden cursor, the begin and the end of a frame.
    let allowed = regex::Regex::new(r"\x1b\[(\d+;\d+H|[\d;]*m|\?25l|\?2026[hl])").unwrap();
    let rest = allowed.replace_all(&written, "");
    let bad = rest.chars().find(|one| one.is_control() || matches!(one, '\u{200f}' | '\u{202e}' | '\u{2066}'));
    assert_eq!(bad, None, "{rest:?}");
}

/// The embedded cluster needs no kubeconfig, its Jobs go on while one looks, and no file is left behind.
fn demo_lives_and_writes_nothing() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-home");
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "HOME=$PWD TMPDIR=$PWD \"$0\" --demo --demo-speed 600; echo \"ended with $?\"", BINARY]);
    command.cwd(&home);
    let mut terminal = Terminal::start((160, 48), command, None);
    terminal.shows("● live");
    terminal.press("/settle-2990\r");
    // At first the quota refuses its pods; within the hour others end and leave room.
    terminal.wait("the Job complete", |screen| screen.contains("Complete") && screen.contains("4/4"));
    terminal.press("\x03");
    terminal.shows("ended with 0");
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "something was written");
}
