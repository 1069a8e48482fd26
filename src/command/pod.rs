//! What can be done inside a pod: the commands, and the choice of the container that is meant.
//!
//! Pure. `app` carries it out through effects, `cluster` reaches into the pod.

use super::plan::{Plan, Refusal, Scene, read_only};
use super::{Action, Argument, CommandSpec, PodAction, Scope};
use crate::model::exec::{ContainerKey, DebugContainer};
use crate::model::meta::Object;
use crate::model::mutation::{Change, Mutation, Verb};
use crate::model::pod::{Container, ContainerState, Pod, Role};

const fn pod(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    words: &'static [&'static str],
    argument: &'static str,
    action: PodAction,
) -> CommandSpec {
    let argument = Argument::Text(argument);
    let action = Action::Pod(action);
    CommandSpec { id, title, help, keys: &[], words, scope: Scope::Lists, argument, action, footer: None }
}

/// Commands that reach into pods.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        id: "pod.shell",
        title: "shell",
        help: "Opens a shell in the container under the cursor, or in the pod's main one: bash, else sh.",
        keys: &["s"],
        words: &["shell", "sh"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Pod(PodAction::Shell),
        footer: Some(75),
    },
    pod(
        "pod.run",
        "run",
        "Runs one command in the container and shows what it wrote; quotes keep blanks, and `sh -c '…'` takes pipes.",
        &["run", "exec"],
        "COMMAND…",
        PodAction::Run,
    ),
    pod(
        "pod.copy",
        "copy out",
        "Copies a file, or a folder as a tar archive, out of the container into a new file; without a path stops the copy \
         that runs.",
        &["copy", "cp"],
        "PATH [TO]",
        PodAction::Copy,
    ),
    pod(
        "pod.debug",
        "debug",
        "Puts a debug container into the pod, which sees the processes of the container, and opens its shell; busybox \
         without an image.",
        &["debug"],
        "[IMAGE]",
        PodAction::Debug,
    ),
];

/// The image of a debug container where none is named.
const DEBUG_IMAGE: &str = "busybox:1.36";

const DEBUG: Verb = Verb { plain: "debug", doing: "debugging", done: "put a debug container into" };

/// Plans a container of this image beside another one.
///
/// # Errors
/// Where nothing may be changed.
pub fn debug(pod: &Pod, target: ContainerKey, image: &str, scene: Scene<'_>) -> Result<Plan, Refusal> {
    if scene.is_read_only {
        return Err(read_only());
    }
    let image = if image.is_empty() { DEBUG_IMAGE } else { image }.to_owned();
    let taken = |name: &String| pod.containers.iter().any(|one| one.name == name);
    let name = (1..).map(|number| format!("debug-{number}")).find(|name| !taken(name)).unwrap_or_default();
    let debug = DebugContainer { target, uid: pod.uid(), name: name.into(), image };
    Ok(Plan {
        verb: DEBUG,
        targets: debug.target.pod.to_string(),
        namespaces: vec![debug.target.pod.namespace.to_string()],
        effects: vec![
            format!("container {} of image {} starts in the pod", debug.name, debug.image),
            format!("it sees the processes of container {}, and its shell opens when it runs", debug.target.container),
        ],
        warnings: vec!["it stays in the pod's spec: no container can be taken out of a pod again".to_owned()],
        is_dangerous: false,
        mutations: vec![Mutation {
            verb: DEBUG,
            target: debug.target.pod.clone().into(),
            uid: Some(debug.uid),
            change: Change::Debug(Box::new(debug)),
        }],
    })
}

/// The container that is meant: the one that was chosen; else, of those that run, the one that the pod's annotation
/// `kubectl.kubernetes.io/default-container` names, the first main one, or the first of all.
///
/// # Errors
/// Where it does not run: why.
pub fn container(pod: &Pod, chosen: Option<&str>) -> Result<ContainerKey, Refusal> {
    let meant = match chosen {
        Some(name) => pod.containers.iter().find(|one| one.name == name),
        None => {
            let running = || pod.containers.iter().filter(|one| runs(one));
            let named = running().find(|one| one.name == pod.default_container);
            named.or_else(|| running().find(|one| one.role == Role::Main)).or_else(|| running().next())
        }
    };
    match meant {
        Some(one) if runs(one) => Ok(ContainerKey { pod: pod.key(), container: one.name.clone() }),
        Some(one) => Err(Refusal(format!("container {} does not run: {}", one.name, what_it_does(one)))),
        None => Err(Refusal(format!("no container of {} runs: it is {}", pod.key(), pod.status_word()))),
    }
}

fn runs(container: &Container) -> bool {
    matches!(container.state, ContainerState::Running(_))
}

fn what_it_does(container: &Container) -> String {
    match &container.state {
        ContainerState::Running(_) => "it runs".to_owned(),
        ContainerState::Waiting { reason, .. } if reason.is_empty() => "it has not started yet".to_owned(),
        ContainerState::Waiting { reason, .. } => format!("it waits ({reason})"),
        ContainerState::Ended(end) => format!("it ended with exit code {} ({})", end.exit_code, end.word()),
    }
}

/// A command line as a shell splits it, quotes and backslashes included, without anything else that shells do.
///
/// # Errors
/// Where a quote is not closed.
pub fn split(line: &str) -> Result<Vec<String>, Refusal> {
    shlex::split(line).ok_or_else(|| Refusal("a quote is not closed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::pod as fixture;

    fn named(pod: &Pod, chosen: Option<&str>) -> Result<String, String> {
        container(pod, chosen).map(|key| key.container.to_string()).map_err(|why| why.0)
    }

    /// A pod with these containers, each of which runs where the flag says so.
    fn of(containers: &[(&str, Role, bool)]) -> Pod {
        let mut pod = fixture("pod-running");
        let model = pod.containers[0].clone();
        pod.containers = containers
            .iter()
            .map(|(name, role, is_running)| {
                let waiting = ContainerState::Waiting { reason: "PodInitializing".into(), message: "".into() };
                let state = if *is_running { ContainerState::Running(None) } else { waiting };
                Container { name: (*name).into(), role: *role, state, ..model.clone() }
            })
            .collect();
        pod
    }

    #[test]
    fn the_chosen_one_is_meant_and_must_run() {
        let pod = of(&[("main", Role::Main, true), ("side", Role::Main, false)]);
        assert_eq!(named(&pod, Some("main")), Ok("main".into()));
        let why = "container side does not run: it waits (PodInitializing)";
        assert_eq!(named(&pod, Some("side")), Err(why.into()));
        let ended = fixture("pod-failed");
        let why = named(&ended, Some(&ended.containers[0].name)).unwrap_err();
        assert!(why.contains("it ended with exit code 3"), "{why}");
    }

    #[test]
    fn else_the_annotated_one_the_first_main_one_or_whatever_runs() {
        let mut pod = of(&[
            ("wait", Role::Init, false),
            ("proxy", Role::Sidecar, true),
            ("main", Role::Main, true),
            ("other", Role::Main, true),
        ]);
        assert_eq!(named(&pod, None), Ok("main".into()));
        pod.default_container = "other".into();
        assert_eq!(named(&pod, None), Ok("other".into()));
        pod.default_container = "no such".into();
        assert_eq!(named(&pod, None), Ok("main".into()));
        let starting = of(&[("wait", Role::Init, true), ("main", Role::Main, false)]);
        assert_eq!(named(&starting, None), Ok("wait".into()));
    }

    #[test]
    fn a_pod_in_which_nothing_runs_is_refused_with_its_state() {
        let pod = fixture("pod-failed");
        let why = named(&pod, None).unwrap_err();
        assert!(why.starts_with("no container of pod/") && why.ends_with("runs: it is Error"), "{why}");
    }

    #[test]
    fn debug_containers_get_names_that_are_free() {
        let mut pod = of(&[("main", Role::Main, true), ("debug-1", Role::Ephemeral, false)]);
        pod.meta = crate::model::fixtures::renamed(&pod.meta, "etl-x");
        let snapshot = crate::model::snapshot::Snapshot::default();
        let scene = Scene { snapshot: &snapshot, now: crate::model::fixtures::now(), is_read_only: false };
        let plan = debug(&pod, container(&pod, None).unwrap(), "", scene).unwrap();
        let [Mutation { change: Change::Debug(planned), .. }] = &plan.mutations[..] else { panic!("{plan:?}") };
        assert_eq!((planned.name.as_str(), planned.image.as_str(), planned.uid), ("debug-2", DEBUG_IMAGE, pod.uid()));
        assert!(plan.targets == "pod/etl-x" && plan.effects[1].contains("container main"), "{plan:?}");
        let refused = debug(&pod, container(&pod, None).unwrap(), "", Scene { is_read_only: true, ..scene });
        assert!(refused.is_err());
    }

    #[test]
    fn command_lines_are_split_as_a_shell_does() {
        assert_eq!(split("sh -c 'ls | wc -l' a\\ b").unwrap(), ["sh", "-c", "ls | wc -l", "a b"]);
        assert_eq!(split("echo 'open").unwrap_err().0, "a quote is not closed");
    }
}
