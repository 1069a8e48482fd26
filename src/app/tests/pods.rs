//! Reaching into pods: which container is meant, what is asked of the outside, and what is told of it.

use super::*;
use crate::model::exec::{CommandEnd, CommandOutput, ContainerKey, CopyProgress, Join};
use crate::model::mutation::{self, Written};
use crate::model::pod::{Container, ContainerState, Role};

/// The pod that runs is under the cursor.
fn on_a_pod() -> App {
    let mut app = app(&[Row::Job(job("job-indexed")), Row::Pod(pod("pod-running"))]);
    press(&mut app, &["3"]);
    app
}

fn main_container() -> ContainerKey {
    let pod = pod("pod-running");
    ContainerKey { pod: pod.key(), container: pod.containers[0].name.clone() }
}

fn palette(app: &mut App, words: &str) -> Vec<Effect> {
    press(app, &[":"]);
    app.update(Msg::Paste(words.to_owned()));
    press(app, &["enter"])
}

fn told(app: &App) -> &str {
    app.notice.as_deref().unwrap_or_default()
}

#[test]
fn s_opens_a_shell_on_pods_and_suspends_jobs() {
    let mut app = on_a_pod();
    assert!(app.footer().iter().any(|spec| spec.id == "pod.shell"));
    let shell = Effect::Join { session: app.session, to: main_container(), join: Join::Shell };
    for keys in [&["s"][..], &["enter", "s"]] {
        assert_eq!(press(&mut app, keys), std::slice::from_ref(&shell), "{keys:?}");
    }
    press(&mut app, &["2", "s"]);
    assert!(matches!(app.overlay, Some(Overlay::Review(_))), "{:?}", app.notice);
}

#[test]
fn what_does_not_run_is_refused_with_its_state() {
    let mut app = app(&[Row::Job(job("job-indexed")), Row::Pod(pod("pod-failed"))]);
    let owner = pod("pod-failed").meta.owner_uid();
    assert!(owner.is_some());
    press(&mut app, &["3"]);
    if app.pods.cursor.is_some() {
        assert_eq!(press(&mut app, &["s"]), []);
        assert!(told(&app).contains("runs: it is Error"), "{}", told(&app));
    }
    app.is_read_only = true;
    press(&mut app, &["s"]);
    assert!(told(&app).contains("read-only"), "{}", told(&app));
}

#[test]
fn how_a_shell_ended_is_told() {
    let mut app = on_a_pod();
    let cases = [(0, ""), (3, "exit code 3"), (137, "killed"), (143, "signal 15")];
    for (code, words) in cases {
        app.update(Msg::Joined { to: main_container(), ended: Ok(code) });
        assert!(told(&app).starts_with("left pod/") && told(&app).contains(words), "{}", told(&app));
    }
}

#[test]
fn a_command_is_split_run_and_shown_made_safe() {
    let mut app = on_a_pod();
    let effects = palette(&mut app, "run sh -c 'ls | wc'");
    let command = ["sh", "-c", "ls | wc"].map(str::to_owned).to_vec();
    assert_eq!(effects, [Effect::RunCommand { session: app.session, run: 1, to: main_container(), command }]);
    assert_eq!(app.recent[0], "pod.run", "what is typed may hold a password");
    let output = CommandOutput { stdout: b"one\x1b[2J\n".into(), stderr: b"two\n".into(), end: CommandEnd::Exit(7) };
    app.update(Msg::CommandEnded { session: app.session, run: 2, output: Ok(output.clone()) });
    app.update(Msg::CommandEnded { session: app.session, run: 1, output: Ok(output) });
    let Some(Overlay::Page(page)) = &app.overlay else { panic!("no page") };
    assert!(page.text.starts_with("exit code 7\none") && page.text.contains("Standard error\ntwo"), "{}", page.text);
    assert!(!page.text.contains('\x1b'));
    press(&mut app, &["esc"]);
    assert_eq!(palette(&mut app, "run 'open"), []);
    assert_eq!(told(&app), "run: a quote is not closed");
}

#[test]
fn one_copy_runs_at_a_time_and_the_word_alone_stops_it() {
    let mut app = on_a_pod();
    let effects = palette(&mut app, "copy /tmp/a 'my file'");
    let (path, to) = ("/tmp/a".to_owned(), Some("my file".into()));
    assert_eq!(effects, [Effect::CopyOut { session: app.session, from: main_container(), path, to }]);
    app.update(Msg::Copied(CopyProgress::Bytes(1_234_567)));
    assert!(told(&app).contains("1,234,567 bytes so far"), "{}", told(&app));
    assert_eq!(palette(&mut app, "copy /tmp/b"), []);
    assert!(told(&app).contains("/tmp/a is being copied"), "{}", told(&app));
    assert_eq!(palette(&mut app, "copy"), [Effect::StopCopy]);
    app.update(Msg::Copied(CopyProgress::Failed("not saved".into())));
    assert_eq!(palette(&mut app, "copy /tmp/b").len(), 1);
}

#[test]
fn a_debug_container_is_asked_for_and_joined_when_the_watch_shows_that_it_runs() {
    let mut app = on_a_pod();
    let asked = palette(&mut app, "debug busybox:1.35");
    let [Effect::Prepare { mutations, .. }] = &asked[..] else { panic!("{asked:?}; {:?}", app.notice) };
    let mutation = mutations[0].clone();
    let mutation::Change::Debug(debug) = mutation.change.clone() else { panic!("{mutation:?}") };
    assert_eq!((debug.image.as_str(), &debug.target), ("busybox:1.35", &main_container()));
    let session = app.session;
    app.overlay = None;
    app.update(Msg::EffectDone { session, mutation, outcome: Ok(Written::default()) });
    let tell = |app: &mut App, state: ContainerState| {
        let mut pod = pod("pod-running");
        let model = pod.containers[0].clone();
        pod.containers.push(Container { name: debug.name.clone(), role: Role::Ephemeral, state, ..model });
        let mut delta = delta(Kind::Pod, vec![Change::Upsert(Row::Pod(pod))]);
        delta.session = app.session;
        app.update(Msg::Changed(delta));
        let is_join = |effect: &Effect| matches!(effect, Effect::Join { .. });
        app.settle().into_iter().filter(is_join).collect::<Vec<_>>()
    };
    let waiting = ContainerState::Waiting { reason: "ContainerCreating".into(), message: "".into() };
    assert_eq!(tell(&mut app, waiting), []);
    let joined = Effect::Join { session, to: debug.key(), join: Join::Attach };
    assert_eq!(tell(&mut app, ContainerState::Running(None)), [joined]);
    assert_eq!(tell(&mut app, ContainerState::Running(None)), [], "once");
}
