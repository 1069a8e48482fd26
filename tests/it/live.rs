//! End to end: the binary in a pseudo-terminal on the real cluster, the screen read back.

use k8s_openapi::api::batch::v1::Job;
use kube::api::DeleteParams;

use crate::EndToEnd;
use crate::cluster::{has_condition, job};
use crate::support::cluster::{Cluster, Need, runtime, script_says};
use crate::support::terminal::Terminal;

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "live::panes_follow_the_cluster_without_a_key",
        need: Need::Node,
        run: panes_follow_the_cluster_without_a_key,
    },
    EndToEnd {
        name: "live::cronjob_opens_to_its_jobs_pods_and_log",
        need: Need::Node,
        run: cronjob_opens_to_its_jobs_pods_and_log,
    },
    EndToEnd {
        name: "live::failure_appears_and_the_cursor_stays",
        need: Need::Node,
        run: failure_appears_and_the_cursor_stays,
    },
    EndToEnd { name: "live::api_server_goes_and_comes_back", need: Need::Alone, run: api_server_goes_and_comes_back },
    EndToEnd { name: "live::viewer_works_in_its_namespace", need: Need::Users, run: viewer_works_in_its_namespace },
    EndToEnd {
        name: "live::viewer_gets_the_namespaces_that_work",
        need: Need::Users,
        run: viewer_gets_the_namespaces_that_work,
    },
    EndToEnd { name: "live::nobody_is_told_what_is_missing", need: Need::Users, run: nobody_is_told_what_is_missing },
    EndToEnd { name: "live::acting_as_another_user", need: Need::Users, run: acting_as_another_user },
    EndToEnd { name: "live::context_switch_starts_anew", need: Need::Users, run: context_switch_starts_anew },
    EndToEnd { name: "live::silent_server_is_told", need: Need::Users, run: silent_server_is_told },
    EndToEnd { name: "live::yaml_shows_the_object", need: Need::ControlPlane, run: yaml_shows_the_object },
];

/// A large terminal on one namespace.
fn open(cluster: &Cluster, namespace: &str) -> Terminal {
    Terminal::kubatch((160, 48), Some(&cluster.kubeconfig), &["-n", namespace])
}

/// The row of a list at the left that begins with this name contains the word. Events say the same words elsewhere.
pub fn row_says(screen: &str, name: &str, word: &str) -> bool {
    // Border, cursor mark, sign and a blank stand before the name.
    let is_row = |line: &&str| line.chars().skip(4).collect::<String>().starts_with(name);
    screen.lines().find(is_row).is_some_and(|line| line.contains(word))
}

fn panes_follow_the_cluster_without_a_key(cluster: &Cluster) {
    let space = cluster.space("live");
    let terminal = open(cluster, &space.namespace);
    terminal.shows("● live");
    terminal.shows("no Jobs here");
    space.apply(
        "apiVersion: batch/v1
kind: CronJob
metadata: { name: yearly }
spec:
  schedule: '0 0 1 1 *'
  jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: 'busybox:1.35' }] } } } }
",
    );
    terminal.shows("yearly");
    // It ends when it is told to, so that the test sees it run for as long as it needs.
    let command = "echo first line; while [ ! -e /tmp/end ]; do sleep 0.2; done; echo last line";
    space.apply(&job("counter", command, "backoffLimit: 0", ""));
    terminal.wait("the Job running", |screen| row_says(screen, "counter", "Running"));
    terminal.shows("Pods of job/counter  1");
    terminal.shows("SuccessfulCreate");
    terminal.shows("first line");
    let pod = space.wait_any::<k8s_openapi::api::core::v1::Pod>("there", |_| true).metadata.name.unwrap();
    runtime().block_on(async {
        let attach = kube::api::AttachParams::default().stderr(false);
        let pods = space.api::<k8s_openapi::api::core::v1::Pod>();
        let mut touch = pods.exec(&pod, ["touch", "/tmp/end"], &attach).await.unwrap();
        let status = touch.take_status().unwrap().await.unwrap();
        assert_eq!(status.status.as_deref(), Some("Success"), "{status:?}");
    });
    terminal.wait("the Job complete", |screen| row_says(screen, "counter", "Complete"));
    let screen = terminal.shows("last line");
    for pane in [
        "[1] CronJobs  1",
        "[2] Jobs  1",
        "[3] Pods of job/counter  1",
        "[5] Events of job/counter",
        "[6] Logs of job/counter",
    ] {
        assert!(screen.contains(pane), "{pane} is missing:\n{screen}");
    }
    runtime().block_on(space.api::<Job>().delete("counter", &DeleteParams::background())).unwrap();
    terminal.hides("counter");
    terminal.shows("no Jobs here");
}

fn cronjob_opens_to_its_jobs_pods_and_log(cluster: &Cluster) {
    let space = cluster.space("drill");
    space.apply(
        "apiVersion: batch/v1
kind: CronJob
metadata: { name: ticker }
spec:
  schedule: '* * * * *'
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{ name: main, image: 'busybox:1.35', command: [sh, -c, 'echo tick'] }]
",
    );
    space.wait_any::<Job>("a complete run", |job| has_condition(job, "Complete"));
    space.apply(&job("stranger", "echo strange", "", ""));
    space.wait::<Job>("stranger", "complete", |job| has_condition(job, "Complete"));
    let mut terminal = Terminal::kubatch((80, 24), Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    terminal.shows("stranger");
    terminal.press("1");
    terminal.shows("[1 CronJobs 1]");
    terminal.press("\r");
    terminal.shows("Jobs of cronjob/ticker");
    terminal.hides("stranger");
    terminal.press("\r");
    terminal.shows("Pods of job/ticker-");
    terminal.wait("the pod's row", |screen| row_says(screen, "ticker-", "Completed"));
    terminal.press("\r");
    terminal.shows("[3 Containers");
    terminal.press("\r");
    terminal.shows("[6 Logs]");
    terminal.shows("tick");
    for pane in ["[3 Containers", "[3 Pods", "[2 Jobs", "[1 CronJobs"] {
        terminal.press("\x1b");
        terminal.shows(pane);
    }
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

fn failure_appears_and_the_cursor_stays(cluster: &Cluster) {
    let space = cluster.space("cursor");
    for name in ["first", "second", "third"] {
        space.apply(&job(name, "true", "suspend: true", ""));
    }
    let mut terminal = open(cluster, &space.namespace);
    terminal.shows("[2] Jobs  3");
    let names = ["first", "second", "third"];
    let chosen = |screen: &str| names.into_iter().find(|name| screen.contains(&format!("Pods of job/{name}")));
    let before = chosen(&terminal.shows("Pods of job/"));
    terminal.press("j");
    let screen = terminal.wait("the next Job chosen", |screen| chosen(screen) != before);
    let chosen = chosen(&screen).unwrap();
    space.apply(&job("faulty", "exit 3", "backoffLimit: 0", ""));
    terminal.wait("the failure", |screen| {
        row_says(screen, "faulty", "Failed") && row_says(screen, "faulty", "exit code 3")
    });
    let screen = terminal.wait("what is broken first", |screen| {
        let row =
            |name: &str| screen.lines().position(|line| line.chars().skip(4).collect::<String>().starts_with(name));
        row("faulty") < row("first") && row("faulty") < row("third")
    });
    assert!(screen.contains(&format!("Pods of job/{chosen}")), "the cursor left {chosen}:\n{screen}");
    runtime().block_on(space.api::<Job>().delete("faulty", &DeleteParams::background())).unwrap();
    terminal.hides("faulty");
    terminal.shows(&format!("Pods of job/{chosen}"));
}

fn api_server_goes_and_comes_back(cluster: &Cluster) {
    let space = cluster.space("restart");
    space.apply(&job("before", "true", "backoffLimit: 0", ""));
    let terminal = open(cluster, &space.namespace);
    terminal.wait("the Job", |screen| row_says(screen, "before", "Complete"));
    script_says(&["stop", "kube-apiserver"]).unwrap();
    let screen = terminal.shows("stale for");
    assert!(row_says(&screen, "before", "Complete"), "what was known is gone:\n{screen}");
    terminal.shows("retrying");
    script_says(&["start", "kube-apiserver"]).unwrap();
    terminal.shows("● live");
    terminal.hides("stale for");
    space.apply(&job("after", "true", "backoffLimit: 0", ""));
    terminal.wait("a Job of after the restart", |screen| row_says(screen, "after", "Complete"));
}

fn viewer_works_in_its_namespace(cluster: &Cluster) {
    let terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["--context", "viewer"]);
    terminal.shows("team-a");
    terminal.shows("● live");
    terminal.hides("denied");
}

fn viewer_gets_the_namespaces_that_work(cluster: &Cluster) {
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["--context", "viewer", "-A"]);
    terminal.shows("viewer  team-a ");
    terminal.shows("● live");
    terminal.hides("denied");
    // All namespaces are asked for again, and are the same ones.
    terminal.press("0");
    terminal.shows("viewer  team-a ");
    terminal.shows("● live");
    // One that may not be looked at says so, and there is a way back.
    terminal.press(":ns kube-system\r");
    terminal.shows("denied");
    terminal.press(":ns team-a\r");
    terminal.shows("● live");
}

fn nobody_is_told_what_is_missing(cluster: &Cluster) {
    let terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["--context", "nobody", "-A"]);
    terminal.shows("denied");
    let screen = terminal.shows("jobs.batch is forbidden");
    assert!(screen.contains("cannot watch jobs in all"), "{screen}");
    terminal.shows(":ns NAME");
}

fn acting_as_another_user(cluster: &Cluster) {
    let arguments = ["-A", "--as", "somebody", "--as-group", "strangers"];
    let terminal = Terminal::kubatch((200, 60), Some(&cluster.kubeconfig), &arguments);
    terminal.shows("User \"somebody\" cannot list resource");
}

fn context_switch_starts_anew(cluster: &Cluster) {
    let space = cluster.space("switch");
    space.apply(&job("hidden-from-viewers", "true", "suspend: true", ""));
    let mut terminal = open(cluster, &space.namespace);
    terminal.wait("the Job", |screen| row_says(screen, "hidden-from-viewers", "Suspended"));
    terminal.press(":ctx viewer\r");
    terminal.shows("viewer  team-a");
    terminal.shows("● live");
    terminal.hides("hidden-from-viewers");
    // From a context that does not answer there is a way back.
    terminal.press(":ctx silent\r");
    terminal.shows("retrying");
    terminal.press(":ctx admin\r");
    terminal.shows("admin  default");
    terminal.press(&format!(":ns {}\r", space.namespace));
    terminal.wait("the Job again", |screen| row_says(screen, "hidden-from-viewers", "Suspended"));
}

fn silent_server_is_told(cluster: &Cluster) {
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["--context", "silent"]);
    terminal.shows("connecting");
    terminal.shows("retrying");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

fn yaml_shows_the_object(cluster: &Cluster) {
    let space = cluster.space("yaml");
    space.apply(&job("shown", "true", "suspend: true", ""));
    let mut terminal = open(cluster, &space.namespace);
    terminal.wait("the Job", |screen| row_says(screen, "shown", "Suspended"));
    terminal.press("y");
    let screen = terminal.shows("kind: Job");
    assert!(!screen.contains("managedFields"), "{screen}");
    terminal.press("\x1b");
    terminal.wait("the list again", |screen| row_says(screen, "shown", "Suspended"));
}
