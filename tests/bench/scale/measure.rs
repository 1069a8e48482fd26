//! Measures kubatch from outside: its screen in a pseudo-terminal, its process in /proc, and curl beside it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kube::Client;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::Size;
use crate::fill::{job_name, namespace, send};
use crate::terminal::Terminal;

/// Runs of which the median is told.
const RUNS: usize = 5;
/// No CPU time for so long: everything was taken in.
const QUIET: Duration = Duration::from_millis(300);
/// How long rest and change are watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Changes a second.
const CHANGES: u64 = 100;
/// The time between two keys; no multiple of the time between two changes.
const KEYS: Duration = Duration::from_millis(73);

pub async fn measure(client: &Client, config: &kube::Config, kubeconfig: &Path, size: Size) {
    let mut curl = Vec::new();
    let mut loads = Vec::new();
    for _ in 0..RUNS {
        curl.push(curl_all(config).await);
        loads.push(load(kubeconfig, size));
    }
    let median = |of: fn(&Load) -> f64| {
        let mut values: Vec<f64> = loads.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    curl.sort();
    println!("curl, the same lists as compact JSON, in parallel   {:8.2} s", curl[RUNS / 2].as_secs_f64());
    println!("first Job on screen after the start                 {:8.2} s", median(|load| load.first.as_secs_f64()));
    println!("all Jobs counted on screen                          {:8.2} s", median(|load| load.jobs.as_secs_f64()));
    println!("everything loaded (no more CPU used)                {:8.2} s", median(|load| load.all.as_secs_f64()));
    println!("CPU until then                                      {:8.2} s", median(|load| load.cpu.as_secs_f64()));
    println!("resident memory then                                {:8.1} MB", median(|load| load.resident));
    println!("resident memory at most                             {:8.1} MB", median(|load| load.peak));
    let mut terminal = start(kubeconfig, size);
    let (cpu, bytes) = (cpu(terminal.process()), terminal.written());
    tokio::time::sleep(WATCHED).await;
    told("at rest", &terminal, cpu, bytes);
    under_change(client, &mut terminal, size).await;
}

/// What starting and loading took.
struct Load {
    first: Duration,
    jobs: Duration,
    all: Duration,
    cpu: Duration,
    resident: f64,
    peak: f64,
}

fn load(kubeconfig: &Path, size: Size) -> Load {
    let started = Instant::now();
    let mut terminal = Terminal::kubatch((200, 60), Some(kubeconfig), &["-A"]);
    terminal.shows("nightly-report-");
    let first = started.elapsed();
    shows_all(&terminal, size);
    let jobs = started.elapsed();
    let all = quiet(&terminal).duration_since(started);
    let process = terminal.process();
    let memory = |name: &str| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    let load = Load { first, jobs, all, cpu: cpu(process), resident: memory("VmRSS"), peak: memory("VmHWM") };
    terminal.press("\x03");
    terminal.end();
    load
}

fn start(kubeconfig: &Path, size: Size) -> Terminal {
    let terminal = Terminal::kubatch((200, 60), Some(kubeconfig), &["-A"]);
    shows_all(&terminal, size);
    quiet(&terminal);
    terminal
}

fn shows_all(terminal: &Terminal, size: Size) {
    let count = format!("Jobs  {}", size.jobs);
    terminal.wait("all Jobs", |screen| screen.contains(&count) && !screen.contains("loading"));
}

/// The moment from which on the process used no CPU.
fn quiet(terminal: &Terminal) -> Instant {
    let (mut since, mut used) = (Instant::now(), cpu(terminal.process()));
    while since.elapsed() < QUIET {
        std::thread::sleep(Duration::from_millis(10));
        let now = cpu(terminal.process());
        if now > used + Duration::from_millis(2) {
            (since, used) = (Instant::now(), now);
        }
    }
    since
}

/// The CPU time of all threads of a process.
fn cpu(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let spent = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

fn told(what: &str, terminal: &Terminal, cpu_before: Duration, bytes_before: u64) {
    let spent = cpu(terminal.process()).saturating_sub(cpu_before).as_secs_f64() / WATCHED.as_secs_f64() * 100.0;
    let bytes = (terminal.written() - bytes_before) as f64 / WATCHED.as_secs_f64();
    println!("{what:24} CPU                        {spent:8.2} % of a core");
    println!("{what:24} to the terminal            {bytes:8.0} bytes/s");
}

/// Changes Jobs, and meanwhile moves the cursor and times the answers.
async fn under_change(client: &Client, terminal: &mut Terminal, size: Size) {
    let client = client.clone();
    let changing = tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_nanos(1_000_000_000 / CHANGES));
        let end = Instant::now() + WATCHED + Duration::from_secs(2);
        let sent = futures::stream::FuturesUnordered::new();
        for number in 0_usize.. {
            beat.tick().await;
            if Instant::now() > end {
                break;
            }
            let client = client.clone();
            sent.push(tokio::spawn(async move {
                // Those that run: a change of their counters is shown.
                let number = (number * 7 % (size.jobs / 20)) * 20 + 2;
                let path =
                    format!("/apis/batch/v1/namespaces/{}/jobs/{}/status", namespace(number, size), job_name(number));
                let ready = json!({ "status": { "ready": number % 2, "active": 1 + number % 3 } });
                send(&client, "PATCH", "application/merge-patch+json", &path, &ready).await;
                let back = json!({ "status": { "ready": 1, "active": 1 } });
                send(&client, "PATCH", "application/merge-patch+json", &path, &back).await;
            }));
            // Each sends two changes.
            beat.tick().await;
        }
        for task in sent {
            task.await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (cpu, bytes) = (cpu(terminal.process()), terminal.written());
    let started = Instant::now();
    let mut waits = Vec::new();
    while started.elapsed() < WATCHED {
        let key = if waits.len() % 20 < 10 { "j" } else { "k" };
        waits.push(terminal.answer(key));
        tokio::time::sleep(KEYS).await;
    }
    told(&format!("{CHANGES} changes a second"), terminal, cpu, bytes);
    changing.await.unwrap();
    waits.sort();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "a key answered meanwhile ({} keys)                  {:6.1} ms median, {:.1} ms at 99 %, {:.1} ms at most",
        waits.len(),
        at(50),
        at(99),
        at(100)
    );
}

/// The time that curl needs for all lists at once.
async fn curl_all(config: &kube::Config) -> Duration {
    let token = config.auth_info.token.as_ref().unwrap().expose_secret().to_owned();
    let started = Instant::now();
    let lists = ["/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs", "/api/v1/pods", "/apis/events.k8s.io/v1/events"];
    let fetches: Vec<Child> = lists
        .iter()
        .map(|path| {
            let url = format!("{}{path}", config.cluster_url.to_string().trim_end_matches('/'));
            // Without an agent of its own curl is answered with indented JSON, twice the size.
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--fail", "--insecure", "--noproxy", "*", "-A", "kubatch-bench", "-o", "/dev/null"]);
            curl.args(["-H", &format!("Authorization: Bearer {token}"), &url]);
            curl.stdin(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut fetch in fetches {
        assert!(fetch.wait().unwrap().success(), "curl failed");
    }
    started.elapsed()
}
