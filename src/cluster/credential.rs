//! Login helpers: the exec credential plugins of a kubeconfig (`client.authentication.k8s.io`), run once for a login.
//!
//! The client would run one several times for each client that is built, wait for it without end, and let it read from
//! the terminal that we draw on. Here a helper runs quietly in the background with a time limit ([`fetch`]), or, when a
//! key asked for it and the screen is put away, with the terminal ([`ask`]).

use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use k8s_openapi::ByteString;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;

use crate::model::clock::Time;
use crate::model::delta::{Cause, Failure};
use crate::model::safe_text::safe_line;

/// How long a helper may take in the background. Those that wait for a browser take longer, and are run with a key.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a helper gave.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// The answer of a helper: an ExecCredential.
#[derive(Deserialize)]
struct Answer {
    status: Option<Credential>,
}

impl Credential {
    /// When it runs out; None where the helper did not say.
    pub fn valid_until(&self) -> Option<Time> {
        self.expiration_timestamp.as_deref().and_then(Time::parse)
    }

    /// Puts it in the place of the helper.
    pub(super) fn enter(self, user: &mut AuthInfo) {
        user.exec = None;
        user.token = self.token.map(Into::into);
        // A kubeconfig has them in base64, a helper writes them plainly.
        if let (Some(certificate), Some(key)) = (self.client_certificate_data, self.client_key_data) {
            user.client_certificate_data = base64(certificate);
            user.client_key_data = base64(key).map(Into::into);
        }
    }
}

fn base64(text: String) -> Option<String> {
    let value = serde_json::to_value(ByteString(text.into_bytes())).ok()?;
    value.as_str().map(str::to_owned)
}

/// Runs a helper in the background, where it can ask nothing.
///
/// # Errors
/// Where it must ask, cannot be run, fails, or takes longer than a minute.
pub async fn fetch(exec: &ExecConfig) -> Result<Credential, Failure> {
    let name = name(exec);
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(failure(format!("cannot log in: {name} has to ask on the terminal")));
    }
    let mut command = command(exec, false)?;
    // In a process group of its own it cannot read the keys that are meant for us.
    command.stdin(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut command = tokio::process::Command::from(command);
    let run = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output());
    match run.await {
        Ok(output) => credential(exec, output),
        Err(_) => Err(failure(format!("cannot log in: {name} gave no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Runs a helper with the terminal, as its `interactiveMode` allows, and waits for it: the caller has put the screen
/// away.
///
/// # Errors
/// Where it cannot be run or fails.
pub fn ask(exec: &ExecConfig) -> Result<Credential, Failure> {
    let may_ask = exec.interactive_mode != Some(ExecInteractiveMode::Never);
    let mut command = command(exec, may_ask)?;
    command.stdin(if may_ask { Stdio::inherit() } else { Stdio::null() }).stderr(Stdio::inherit());
    credential(exec, command.output())
}

/// The helper with its arguments and what it is told of the cluster.
fn command(exec: &ExecConfig, may_ask: bool) -> Result<Command, Failure> {
    let Some(program) = &exec.command else {
        return Err(failure("cannot log in: the kubeconfig names a login helper without a command".into()));
    };
    let mut command = Command::new(program);
    command.args(exec.args.iter().flatten()).stdout(Stdio::piped());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let mut info = json!({
        "apiVersion": exec.api_version, "kind": "ExecCredential", "spec": { "interactive": may_ask },
    });
    if let Some(cluster) = &exec.cluster {
        info["spec"]["cluster"] = serde_json::to_value(cluster).unwrap_or_default();
    }
    command.env("KUBERNETES_EXEC_INFO", info.to_string());
    Ok(command)
}

fn credential(exec: &ExecConfig, output: std::io::Result<Output>) -> Result<Credential, Failure> {
    let name = name(exec);
    let output = output.map_err(|error| {
        let mut failure = failure(format!("cannot log in: {name} cannot be run: {error}"));
        if let Some(hint) = &exec.install_hint {
            failure.hint = safe_line(hint).into_owned();
        }
        failure
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let told = last.map_or_else(|| output.status.to_string(), |line| safe_line(line.trim()).into_owned());
        return Err(failure(format!("cannot log in: {name} failed: {told}")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // Its answer is never repeated in an error: it holds the secret.
    let answer: Option<Answer> = serde_yaml::from_str(&text).ok();
    let credential = answer.and_then(|answer| answer.status);
    credential.ok_or_else(|| failure(format!("cannot log in: what {name} wrote is no ExecCredential with a status")))
}

/// The helper's name without its folder, safe to be shown.
pub fn name(exec: &ExecConfig) -> String {
    let command = exec.command.as_deref().unwrap_or("the login helper");
    safe_line(command.rsplit('/').next().unwrap_or(command)).into_owned()
}

fn failure(message: String) -> Failure {
    Failure { cause: Cause::Unauthorized, message, hint: super::error::LOG_IN.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> ExecConfig {
        ExecConfig {
            api_version: Some("client.authentication.k8s.io/v1".into()),
            command: Some("/bin/sh".into()),
            args: Some(vec!["-c".into(), script.into()]),
            ..ExecConfig::default()
        }
    }

    const TOKEN: &str =
        r#"echo '{"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2026-11-21T03:00:00Z"}}'"#;

    #[tokio::test]
    async fn helper_gives_a_token_and_its_end() {
        let credential = fetch(&shell(TOKEN)).await.ok().unwrap();
        assert_eq!(credential.valid_until(), Time::parse("2026-11-21T03:00:00Z"));
        let mut user = AuthInfo { exec: Some(shell("")), ..AuthInfo::default() };
        credential.enter(&mut user);
        assert!(user.exec.is_none() && user.token.is_some());
    }

    #[tokio::test]
    async fn helper_is_told_that_it_cannot_ask() {
        let script = r#"case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) "#;
        let answer = fetch(&shell(&format!("{script} {TOKEN};; *) exit 1;; esac"))).await;
        assert!(answer.is_ok());
    }

    #[tokio::test]
    async fn certificate_of_a_helper_is_encoded_as_a_kubeconfig_has_it() {
        let script = r#"echo '{"status":{"clientCertificateData":"PEM","clientKeyData":"KEY"}}'"#;
        let mut user = AuthInfo::default();
        fetch(&shell(script)).await.ok().unwrap().enter(&mut user);
        assert_eq!(user.client_certificate_data.as_deref(), Some("UEVN"));
    }

    #[tokio::test]
    async fn last_words_of_a_failed_helper_are_told_and_never_its_answer() {
        let cases = [
            ("echo secret; echo first >&2; echo session expired >&2; exit 1", "sh failed: session expired"),
            ("exit 3", "sh failed: exit status: 3"),
            ("echo secret", "what sh wrote is no ExecCredential"),
        ];
        for (script, expected) in cases {
            let failure = fetch(&shell(script)).await.err().unwrap();
            assert!(failure.message.contains(expected), "{}", failure.message);
            assert!(!failure.message.contains("secret"), "{}", failure.message);
            assert!(failure.hint.contains("press L"), "{}", failure.hint);
        }
    }

    #[tokio::test]
    async fn helper_that_must_ask_is_not_run_in_the_background() {
        let exec = ExecConfig { interactive_mode: Some(ExecInteractiveMode::Always), ..shell(TOKEN) };
        assert!(fetch(&exec).await.err().unwrap().message.contains("has to ask on the terminal"));
    }

    #[tokio::test]
    async fn missing_helper_is_told_with_its_install_hint() {
        let exec = ExecConfig {
            command: Some("/nowhere/helper".into()),
            install_hint: Some("install the helper first".into()),
            ..ExecConfig::default()
        };
        let failure = fetch(&exec).await.err().unwrap();
        assert!(failure.message.contains("helper cannot be run"), "{}", failure.message);
        assert_eq!(failure.hint, "install the helper first");
    }
}
