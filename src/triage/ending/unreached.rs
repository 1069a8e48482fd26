//! Other services that did not answer a program, or not as it needs: databases, stores, the network between. What the end
//! of its log says of them is sorted by what is to be done. [`super::log`] asks.

use super::super::Case;
use super::killed::{after, of_end};
use super::log::near_end;
use super::{Run, files, name, slip};
use crate::model::pod::{Container, Pod, Role};
use crate::triage::container::{blank, called, rerun, sentences};
use crate::triage::finding::{Confidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::last_words::{LastWords, is_epilogue, of_line};
use crate::triage::mend::{Changes, for_next_runs};

/// What a service did, or did not do.
struct Trouble {
    /// How programs say it.
    says: Pattern,
    /// In a few words.
    what: &'static str,
    /// What to check.
    check: &'static str,
    /// It answered: nothing is to be waited for, but something to be set right.
    is_answered: bool,
}

const fn trouble(is_answered: bool, says: &'static str, what: &'static str, check: &'static str) -> Trouble {
    Trouble { says: Pattern::new(says), what, check, is_answered }
}

const NOT_NAMED: &str = "the name is not known";

/// What is known, in the order in which it is looked for: clients put `could not connect` around whatever the server said.
static TROUBLES: [Trouble; 17] = [
    trouble(
        true,
        concat!(
            r"(?i)password authentication failed|authentication failed|invalid username/password|access denied for user",
            r"|login failed|login was refused|invalid credentials|must be logged in|\(unauthorized\)",
            r"|\b(?:noauth|wrongpass)\b|bad credentials|\b401\b.{0,20}\bunauthorized\b|returned error: 401\b",
            r"|unauthorized: |invalidaccesskeyid|access key id you provided does not exist|expiredtoken",
            r"|signaturedoesnotmatch|no pg_hba\.conf entry|permission denied \([a-z,-]*(?:publickey|password)",
            r"|account is locked|response 407|proxy authentication required",
        ),
        "it refuses the login",
        "check user and password or token, mostly in a Secret, whose change a pod sees when it starts anew",
    ),
    trouble(
        true,
        concat!(
            r"(?i)unable to locate credentials|nocredentialproviders|no valid credential sources",
            r"|default credentials were not found|could not automatically determine credentials",
            r"|could not load the default credentials|defaultazurecredential failed|could not read username for",
            r"|credentials could not be loaded",
        ),
        "it is given no credentials for it",
        "give it some: a Secret as variables or as a file, or a service account that the cloud trusts",
    ),
    trouble(
        true,
        concat!(
            r"(?i)\(access ?denied\)|\baccessdenied(?:exception)?\b|\b403\b.{0,20}\bforbidden\b|returned error: 403\b",
            r"|permission denied for (?:table|schema|database|relation|sequence|function)|\bpermissiondenied\b",
            r"|access denied; you need",
        ),
        "it denies access",
        "have the right given to the account that the program uses there",
    ),
    trouble(
        true,
        concat!(
            r"(?i)hostname mismatch|certificate is (?:not )?valid for |no alternative certificate subject name matches",
            r"|no subject alternative (?:dns )?names? |doesn't match certificate|altname.*not in the cert",
        ),
        "its certificate is for another name",
        "use the name that the certificate has, or have one made for this name",
    ),
    trouble(
        false,
        r"(?i)certificate (?:has )?expired|certificateexpiredexception|\bcert_has_expired\b",
        "its certificate has expired",
        "renew the certificate; where it is still good, check the node's clock",
    ),
    trouble(
        false,
        concat!(
            r"(?i)certificate verify failed|certificate signed by unknown authority|self.signed certificate",
            r"|pkix path building failed|unable to (?:get local issuer certificate|verify the first certificate)",
        ),
        "its certificate is not trusted",
        "check the certificate, and the authorities in the image",
    ),
    trouble(
        true,
        r"(?i)gave http response to https client|wrong version number|unrecognized ssl message, plaintext",
        "it speaks plain HTTP, and the program TLS",
        "use http:// in its address, or the port on which it speaks TLS",
    ),
    trouble(
        true,
        r"(?i)requesttimetooskewed|clock skew",
        "it sees another time of day",
        "set the clock of the node right",
    ),
    trouble(
        false,
        r"(?i)database system is (?:starting up|shutting down|in recovery mode)|not yet accepting connections",
        "it is not up yet",
        "look at that service: it starts, stops or recovers",
    ),
    trouble(
        false,
        r"(?i)too many connections|too many clients already|remaining connection slots",
        "it takes no more connections",
        "run fewer pods at once, or let the service take more connections",
    ),
    trouble(
        true,
        r"(?i)could not extend file|unable to extend (?:table|index)|\bthe table '[^']+' is full|got error 28 ",
        "its disk is full",
        "give that database more room: it is its own disk, and none of this pod",
    ),
    trouble(
        false,
        r"(?i)\b429\b.{0,30}\btoo many requests|returned error: 429\b|too many requests|rate limit exceeded|\bslowdown\b",
        "it wants fewer requests",
        "run fewer pods at once, or have the program wait between its requests",
    ),
    trouble(
        false,
        r"(?i)\b50[234]\b.{0,25}(?:bad gateway|unavailable|gateway time-?out)|returned error: 50[234]\b",
        "it is not available (an error of its own, or nothing behind it)",
        "look at that service, and whether its pods are ready",
    ),
    trouble(
        false,
        concat!(
            r"(?i)no such host|name or service not known|(?:temporary failure|try again|failure) in name resolution",
            r"|\benotfound\b|\beai_again\b|bad address|could not (?:resolve|translate) host|failed to resolve",
            r"|unknownhostexception|nodename nor servname|name does not resolve|could not connect to the endpoint url",
        ),
        NOT_NAMED,
        "check the name and its namespace, and the cluster's DNS",
    ),
    trouble(
        false,
        r"(?i)no route to host|network is unreachable|\behostunreach\b|\benetunreach\b",
        "no route leads there",
        "check the address, and from where it can be reached: the pods' network, the node's, a firewall",
    ),
    trouble(
        false,
        concat!(
            r"(?i)i/o timeout|connection timed out|\betimedout\b|connect(?:ion)? ?timeout|context deadline exceeded",
            r"|login timeout expired|curl: \(28\)",
        ),
        "no answer comes in time",
        "check the service, and network policies between the two",
    ),
    trouble(
        false,
        concat!(
            r"(?i)connection refused|\beconnrefused\b|could not connect to server|couldn't connect to server",
            r"|connection to .{0,80}could not be established",
        ),
        "the connection is refused",
        "nothing listens there: check that the service runs and that the port is right",
    ),
];

/// Whom a line names, what tells most exactly first.
static WHOM: [Pattern; 5] = [
    // Python's urllib3, Node, PHP, ssh, curl, git.
    Pattern::new(concat!(
        r"(?i)host='(?<host>[\w.-]+)', port=(?<port>\d+)|failed to resolve '(?<name>[\w.-]+)'",
        r"|getaddrinfo (?:for |enotfound |eai_again )?(?<node>[\w.-]+)|connect to host (?<ssh>[\w.-]+)",
        r"|failed to connect to (?<curl>[\w.-]+) port (?<at>\d+)|@(?<login>[\w-]+(?:\.[\w-]+)+): permission denied",
    )),
    Pattern::new(concat!(
        r"(?i)lookup (?<name>[\w.-]+)|https?://(?<url>[\w.-]+(?::\d+)?)",
        r#"|(?:host|server at) \\?"(?<host>[\w.-]+)\\?""#,
        r"|resolve host:? '?(?<curl>[\w.-]+)|enotfound (?<node>[\w.-]+)|bad address '(?<busy>[\w.-]+)'",
    )),
    Pattern::new(r#"(?i)(?:^|[\s"'(/@=\[<,])(?<pair>(?:[a-z][\w-]*(?:\.[\w-]+)*|\d{1,3}(?:\.\d{1,3}){3}):\d{2,5})\b"#),
    Pattern::new(r"(?i)^(?<head>[a-z][\w-]*(?:\.[\w-]+)+): (?:connection|connect|operation|no route)"),
    Pattern::new(r"(?i)(?:host|connect to|address) \(?(?<bare>\d{1,3}(?:\.\d{1,3}){3})\b"),
];

/// Clients of HTTP tell whom they ask before what they were answered.
static ASKS: Pattern = Pattern::new(r"^Connecting to (?<host>[\w.-]+)");

/// T073: another service did not answer, or refused.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    if files::explains_refusal(words) {
        return None;
    }
    let of_trouble = |line| Some((line, TROUBLES.iter().find(|one| one.says.captures(line).is_some())?));
    let (line, trouble) = near_end(words).chain(words.warnings.iter().rev().copied()).find_map(of_trouble)?;
    let Trouble { what, check, is_answered, .. } = *trouble;
    // Some say whom in the line below, or long before.
    let at = words.lines.iter().position(|one| *one == line);
    let below = at.and_then(|at| words.lines.get(at + 1)).copied().filter(|below| !is_epilogue(below));
    let known = [Some(line), below].into_iter().flatten().find_map(whom);
    let known = known.or_else(|| words.telling.iter().rev().find_map(|line| whom(line))).or_else(|| asked(words));
    let target = known.as_deref().unwrap_or("another service");
    let unnamed = if what == NOT_NAMED { name::find(case, run.pod, target) } else { None };
    let (unnamed, cures) = unnamed.map_or_else(Default::default, |unnamed| (unnamed.words, unnamed.fixes));
    let fixes = match is_answered {
        true => [
            Some(Fix::outside(check)),
            rerun(case, "rerun with other credentials, or another address, where it names the wrong ones"),
            for_next_runs(case, &Changes::NONE),
        ],
        false => [
            Some(Fix::outside(check)),
            Some(Fix::outside("rerun when it answers again; waiting for it with a time limit saves tries")),
            rerun(case, "rerun with another address, where it is wrong"),
        ],
    };
    let short = if is_answered { format!("{target}: {what}") } else { format!("cannot reach {target}") };
    let tells_more = is_answered || known.is_none();
    Some(Finding {
        verdict: sentences([
            format!("{} could not use {target}: {what}.", called(run.pod, run.container)),
            unnamed,
            if is_answered { String::new() } else { at_home(run, target) },
            format!("It ended with exit code {}{}.", run.end.exit_code, after(run)),
            if tells_more { words.sentence() } else { String::new() },
        ]),
        short,
        evidence: vec![of_line(run.pod, run.container, line), of_end(run)],
        fixes: cures.into_iter().chain(fixes.into_iter().flatten()).collect(),
        group: format!("T073/{target}"),
        ..blank(case, "T073", if is_answered { Severity::Error } else { Severity::Warning }, Confidence::Guess)
    })
}

/// Whom a container that runs waits for, by what it said last or by its command, where there is no such Service: as a
/// sentence, and what mends it.
pub(in crate::triage) fn waits_for(
    case: &Case<'_>,
    pod: &Pod,
    container: &Container,
    said: Option<&str>,
) -> Option<(String, Vec<Fix>)> {
    let command = case.container_spec(&container.name).map(|spec| slip::words_of(spec).join(" ")).unwrap_or_default();
    let by_command = || {
        let found = WAITS.captures(&command);
        let host =
            found.and_then(|found| found.name("nc").or_else(|| found.name("host")).map(|one| one.as_str().to_owned()));
        host.or_else(|| whom(&command))
    };
    let target = said.and_then(whom).or_else(by_command)?;
    let unnamed = name::find(case, pod, &target)?;
    Some((format!("It seems to wait for {target}. {}", unnamed.words), unnamed.fixes))
}

/// Commands that ask whether a service is there.
static WAITS: Pattern = Pattern::new(concat!(
    r"\bnc(?: -\w+(?: ?\d+)?)* (?<nc>[a-z][\w.-]*) \d+",
    r"|\b(?:nslookup|getent hosts|ping(?: -\w+(?: \d+)?)*|pg_isready(?: -\w \w+)*? -h|mysqladmin ping -h|redis-cli -h) ?(?<host>[a-z][\w.-]*)",
));

/// That an address is the one of the pod itself, where mostly nothing listens.
fn at_home(run: &Run<'_>, target: &str) -> String {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    if host != "localhost" && !host.starts_with("127.") {
        return String::new();
    }
    let is_other = |one: &&Container| one.name != run.container.name && one.role != Role::Ephemeral;
    let others: Vec<&str> = run.pod.containers.iter().filter(is_other).map(|one| one.name.as_str()).collect();
    match others.is_empty() {
        true => format!("{host} is the pod itself, which has no other container: a Service is reached by its name."),
        false => format!(
            "{host} is the pod itself: {} would have to listen there, and may have been too late.",
            others.join(" or ")
        ),
    }
}

/// Whom a line above asks.
fn asked(words: &LastWords<'_>) -> Option<String> {
    let host = |line: &&str| Some(ASKS.captures(line)?["host"].to_owned());
    words.lines.iter().rev().find_map(host)
}

/// Whom a line names, with the port where it stands apart.
fn whom(line: &str) -> Option<String> {
    WHOM.iter().find_map(|pattern| whom_by(pattern, line))
}

fn whom_by(pattern: &Pattern, mut line: &str) -> Option<String> {
    /// Loggers name the place in the source before the message, which looks like a host and a port.
    const SOURCES: [&str; 16] = [
        ".go", ".py", ".java", ".js", ".ts", ".rs", ".rb", ".cc", ".cpp", ".c", ".cs", ".php", ".kt", ".scala", ".pl",
        ".sql",
    ];
    /// Exceptions have names like hosts.
    const EXCEPTIONS: [&str; 2] = ["Error", "Exception"];
    const GROUPS: [&str; 13] =
        ["host", "name", "node", "ssh", "curl", "login", "url", "pair", "head", "bare", "busy", "port", "at"];
    while let Some(found) = pattern.captures(line) {
        let group = |name: &str| found.name(name);
        let one = GROUPS.into_iter().find_map(group)?;
        let name = one.as_str().split(':').next().unwrap_or_default();
        let is_none = SOURCES.iter().any(|end| name.ends_with(end)) || EXCEPTIONS.iter().any(|end| name.ends_with(end));
        if !is_none {
            let port = group("port").or_else(|| group("at")).map(|port| format!(":{}", port.as_str()));
            return Some(format!("{}{}", one.as_str(), port.unwrap_or_default()));
        }
        line = &line[one.end()..];
    }
    None
}

#[cfg(test)]
pub(super) fn patterns() -> Vec<&'static Pattern> {
    TROUBLES.iter().map(|one| &one.says).chain(&WHOM).chain([&ASKS, &WAITS]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::triage::scene_of_pod::Scene;

    /// What is said of a program that ended with these last lines.
    fn told(lines: &[&str]) -> String {
        let found = Scene::ended(1, "Error").tail("etl-a", lines).find().remove(0);
        format!("{} {}", found.rule.0, found.verdict.split(" It ended with").next().unwrap_or_default())
    }

    #[test]
    fn what_the_server_says_counts_more_than_that_the_client_could_not_connect() {
        for (line, wanted) in [
            (
                "Failed: can't create session: could not connect to server: (AuthenticationFailed) Authentication failed.",
                "another service: it refuses the login",
            ),
            (
                "psycopg2.OperationalError: connection to server at \"db\" (10.0.0.7), port 5432 failed: Connection refused",
                "db: the connection is refused",
            ),
            (
                "psql: error: connection to server at \"db\" (10.0.0.7), port 5432 failed: FATAL:  the database system is starting up",
                "db: it is not up yet",
            ),
            (
                "requests.exceptions.ConnectionError: HTTPConnectionPool(host='rates', port=8080): Max retries exceeded (Caused by NewConnectionError('[Errno 111] Connection refused'))",
                "rates:8080: the connection is refused",
            ),
            (
                "requests.exceptions.SSLError: HTTPSConnectionPool(host='rates.internal', port=443): (\"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'rates.internal'. (_ssl.c:1000)\")",
                "rates.internal:443: its certificate is for another name",
            ),
            (
                "ssl.SSLError: certificate verify failed (_ssl.c:1000)",
                "another service: its certificate is not trusted",
            ),
            ("Error: getaddrinfo EAI_AGAIN rates", "rates: the name is not known"),
            (
                "PHP Fatal error:  Uncaught PDOException: getaddrinfo for mysqll failed: Name or service not known in /app/Connector.php:65",
                "mysqll: the name is not known",
            ),
            (
                "curl: (7) Failed to connect to rates port 8080 after 1 ms: Couldn't connect to server",
                "rates:8080: the connection is refused",
            ),
            (
                "ssh: connect to host backup.internal port 22: Connection timed out",
                "backup.internal: no answer comes in time",
            ),
            ("git@github.com: Permission denied (publickey).", "github.com: it refuses the login"),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                "another service: it is given no credentials for it",
            ),
            (
                "psql:/sql/load.sql:12: ERROR:  could not extend file \"base/1\": No space left on device",
                "another service: its disk is full",
            ),
            (
                "Error: connect ECONNREFUSED 127.0.0.1:5432",
                "127.0.0.1:5432: the connection is refused. 127.0.0.1 is the pod itself",
            ),
        ] {
            let told = told(&["start", line]);
            assert!(told.starts_with("T073") && told.contains(&format!("could not use {wanted}")), "{line}: {told}");
        }
        let told = told(&["Connecting to rates (10.0.0.9:80)", "wget: server returned error: HTTP/1.1 403 Forbidden"]);
        assert!(told.contains("could not use rates: it denies access"), "{told}");
    }

    #[test]
    fn warnings_right_before_the_end_tell_what_it_ended_of() {
        let warning = "WARN Connection to node -1 (kafka/10.43.2.2:9092) could not be established.";
        let told_ = told(&["INFO start", warning, "ERROR Timed out waiting for a node assignment"]);
        assert!(told_.contains("could not use 10.43.2.2:9092: the connection is refused"), "{told_}");
        let got_over = told(&[warning, "INFO 12 rows read", "ERROR tenant 7 has no plan"]);
        assert!(got_over.starts_with("T060"), "{got_over}");
    }

    #[test]
    fn what_the_program_did_without_is_no_cause() {
        let cache = "ERROR cannot reach cache:6379: connection refused, going on without it";
        let told_ = told(&[cache, "reading input", "12 rows read", "tenant 7 has no plan, giving up"]);
        assert!(told_.starts_with("T060"), "{told_}");
        assert!(
            told(&["start", "ERROR cache:6379: connection refused, retrying"]).starts_with("T073"),
            "the last word"
        );
    }

    #[test]
    fn neighbour_that_should_listen_is_named() {
        let mut scene = Scene::ended(1, "Error").tail("etl-a", &["Error: connect ECONNREFUSED 127.0.0.1:5432"]);
        scene.pod()["spec"]["containers"] = json!([{ "name": "worker" }, { "name": "sql-proxy" }]);
        let proxy = json!({ "name": "sql-proxy", "state": { "running": { "startedAt": "2026-05-04T11:49:00Z" } } });
        scene.pod()["status"]["containerStatuses"].as_array_mut().unwrap().push(proxy);
        let found = scene.find_of_pod().remove(0);
        assert!(found.verdict.contains("sql-proxy would have to listen there"), "{}", found.verdict);
    }
}
