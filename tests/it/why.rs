//! End to end: what is wrong is said on screen without a key, listed by cause, and kept when its object is gone.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::DeleteParams;

use crate::EndToEnd;
use crate::cluster::job;
use crate::live::row_says;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::terminal::Terminal;

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "why::first_screen_names_the_worst_with_no_key_pressed",
        need: Need::Node,
        run: first_screen_names_the_worst,
    },
    EndToEnd {
        name: "why::problems_are_listed_by_cause_and_kept_when_they_are_gone",
        need: Need::Node,
        run: problems_are_listed_by_cause,
    },
];

/// A quota of 100m CPU, and a Job whose pod asks for 500m.
fn refused(space: &Space) {
    space.apply(
        "apiVersion: v1
kind: ResourceQuota
metadata: { name: compute }
spec: { hard: { requests.cpu: 100m } }
",
    );
    // A quota that is not counted yet refuses nothing.
    let is_counted = |quota: &ResourceQuota| quota.status.as_ref().is_some_and(|status| status.hard.is_some());
    space.wait::<ResourceQuota>("compute", "counted", is_counted);
    space.apply(
        "apiVersion: batch/v1
kind: Job
metadata: { name: settle }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: main, image: 'busybox:1.35', command: ['true'], resources: { requests: { cpu: 500m } } }]
",
    );
}

fn first_screen_names_the_worst(cluster: &Cluster) {
    let space = cluster.space("first-screen");
    refused(&space);
    for size in [(80, 24), (120, 40), (200, 60)] {
        let terminal = Terminal::kubatch(size, Some(&cluster.kubeconfig), &["-n", &space.namespace]);
        let screen = terminal.wait("the cause", |screen| {
            screen.contains("[4] Why of") && screen.contains("Quota compute in") && screen.contains("● live")
        });
        assert!(row_says(&screen, "settle", "Waiting") && screen.contains("▌✗ settle"), "{screen}");
        assert!(screen.contains("✗ 1 problem"), "{screen}");
    }
}

fn problems_are_listed_by_cause(cluster: &Cluster) {
    let space = cluster.space("problems");
    for name in ["one", "two"] {
        let broken = job(name, "true", "backoffLimit: 0", "").replace("busybox:1.35", "busybox:1.99");
        space.apply(&broken);
    }
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    terminal.wait("both in one cause", |screen| {
        ["one", "two"].into_iter().all(|name| row_says(screen, name, "image not found"))
            && screen.contains("✗ 1 problem")
    });
    terminal.press("i");
    terminal.wait("the inbox", |screen| {
        let row = screen.lines().find(|line| line.contains("image not found: busybox:1.99"));
        screen.contains("Problems  1") && row.is_some_and(|row| row.contains("  2  "))
    });
    terminal.press("a");
    terminal.shows("1 quiet");
    terminal.press("a");
    terminal.hides("1 quiet");
    terminal.press("\r");
    terminal.shows("only: image not found");
    runtime().block_on(async {
        let jobs = space.api::<Job>();
        jobs.delete("two", &DeleteParams::background()).await.unwrap();
    });
    terminal.wait("one Job less", |screen| !row_says(screen, "two", "image not found"));
    terminal.press("i");
    terminal.shows("Gone; what was known of them is kept");
    terminal.press("G");
    terminal.press("\r");
    terminal.wait("what was known", |screen| {
        screen.contains("It is gone since") && screen.contains("busybox:1.99 does not exist")
    });
}
