//! The binary in a pseudo-terminal without a cluster: start, resize, and the terminal given back whatever ends it.

use portable_pty::CommandBuilder;

use crate::Local;
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
