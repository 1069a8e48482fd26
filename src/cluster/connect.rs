//! From what the user chose (kubeconfig, context, namespaces) to a client. The one place that knows the embedded
//! cluster too: whatever uses the client cannot tell them apart.

use std::collections::BTreeMap;
use std::time::Duration;

use compact_str::CompactString;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::{ExecConfig, KubeConfigOptions};

use super::credential::{self, Credential};
use super::error::{explain, explain_kubeconfig};
use super::kubeconfig::{self, IN_CLUSTER, KubeconfigChoice, choose};
use super::scope::Scope;
use crate::demo::Demo;
use crate::model::clock::Time;
use crate::model::delta::{Cause, Failure};
use crate::model::key::Namespaces;

/// How long a connection may take, TLS included. A server that has not answered by then is told as unreachable; the
/// watches try again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which cluster, and what of it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the cluster is.
    pub place: Place,
    /// The namespaces to watch; None leaves the choice to the context.
    pub namespaces: Option<Namespaces>,
    /// What of them is watched.
    pub scope: Scope,
    /// The namespaces that worked before, by context: candidates where not all may be looked at.
    pub remembered: BTreeMap<String, Vec<CompactString>>,
    /// Nothing may be changed: requests that do more than read are not sent.
    pub is_read_only: bool,
}

/// Where a cluster is.
#[derive(Debug, Clone)]
pub enum Place {
    /// What a kubeconfig says, or the service account of the pod we run in where there is no kubeconfig.
    Kubeconfig(KubeconfigChoice),
    /// The embedded cluster.
    Demo(Demo),
}

/// A way to a cluster.
#[derive(Clone)]
pub struct Connection {
    /// The client.
    pub client: kube::Client,
    /// The context's name.
    pub context: CompactString,
    /// The namespaces to watch.
    pub namespaces: Namespaces,
    /// The namespace that the context names.
    pub own_namespace: Option<CompactString>,
    /// The server's address, which tells one cluster from another; empty for the embedded one.
    pub server: String,
    /// When the login runs out; None where that is not known.
    pub valid_until: Option<Time>,
}

/// Finds the way to the cluster. Sends no request: a server that does not answer is told by the watches. The credential
/// of a login helper that was asked already is used instead of running it.
///
/// # Errors
/// Where the kubeconfig cannot be read or used, or a login helper fails.
pub async fn connect(target: &Target, credential: Option<Credential>) -> Result<Connection, Failure> {
    let mut connection = match &target.place {
        Place::Kubeconfig(choice) => connect_by_kubeconfig(choice, credential).await?,
        Place::Demo(demo) => Connection {
            client: kube::Client::new(demo.clone(), "default"),
            context: "demo".into(),
            namespaces: Namespaces::All,
            own_namespace: None,
            server: String::new(),
            valid_until: None,
        },
    };
    if target.is_read_only {
        connection.client = super::execute::read_only(connection.client);
    }
    if let Some(chosen) = &target.namespaces {
        connection.namespaces = chosen.clone();
    } else if target.scope != Scope::Everything {
        // One object is in one namespace: kubectl's, where the context names none.
        let own = connection.own_namespace.clone().unwrap_or_else(|| "default".into());
        connection.namespaces = Namespaces::Some(vec![own]);
    }
    Ok(connection)
}

/// The contexts that can be switched to, and the one that is meant; none where the kubeconfig cannot be used, which
/// [`connect`] tells.
pub fn contexts(target: &Target) -> (Vec<CompactString>, Option<CompactString>) {
    let Place::Kubeconfig(choice) = &target.place else { return Default::default() };
    let kubeconfig = kubeconfig::read(choice).ok().flatten().unwrap_or_default();
    let chosen = choose(&kubeconfig, choice).ok().map(|chosen| chosen.context.into());
    (kubeconfig.contexts.into_iter().map(|context| context.name.into()).collect(), chosen)
}

/// The login helper of the target's user; None where it has none.
///
/// # Errors
/// Where the kubeconfig cannot be used.
pub async fn helper(target: &Target) -> Result<Option<ExecConfig>, Failure> {
    let Place::Kubeconfig(choice) = &target.place else { return Ok(None) };
    let Some((config, _)) = kubeconfig_config(choice).await? else { return Ok(None) };
    Ok(config.auth_info.exec)
}

/// What the kubeconfig says, with the flags; None where there is no kubeconfig.
async fn kubeconfig_config(choice: &KubeconfigChoice) -> Result<Option<(kube::Config, kubeconfig::Chosen)>, Failure> {
    let Some(kubeconfig) = kubeconfig::read(choice)? else { return Ok(None) };
    let chosen = choose(&kubeconfig, choice)?;
    let options = KubeConfigOptions {
        context: Some(chosen.context.clone()),
        cluster: choice.cluster.clone(),
        user: choice.user.clone(),
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    let mut config = config.await.map_err(|error| explain_kubeconfig(&error))?;
    if choice.impersonate.is_some() {
        config.auth_info.impersonate = choice.impersonate.clone();
        config.auth_info.impersonate_groups = Some(choice.impersonate_groups.clone());
    }
    if !chosen.has_proxy {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let either = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase()));
        config.proxy_url = environment_proxy(&config.cluster_url, &either)?;
    }
    Ok(Some((config, chosen)))
}

async fn connect_by_kubeconfig(choice: &KubeconfigChoice, asked: Option<Credential>) -> Result<Connection, Failure> {
    let (mut config, context, namespace) = match kubeconfig_config(choice).await? {
        Some((config, chosen)) => (config, chosen.context, chosen.namespace),
        None => {
            if choice.context.as_ref().is_some_and(|name| name != IN_CLUSTER) {
                return Err(kubeconfig::missing());
            }
            let config = kube::Config::incluster().map_err(|_| kubeconfig::missing())?;
            let namespace = config.default_namespace.clone();
            (config, IN_CLUSTER.to_owned(), Some(namespace))
        }
    };
    let credential = match (asked, &config.auth_info.exec) {
        (Some(credential), _) => Some(credential),
        (None, Some(exec)) => Some(credential::fetch(exec).await?),
        (None, None) => None,
    };
    let valid_until = credential.as_ref().and_then(Credential::valid_until);
    if let Some(credential) = credential {
        credential.enter(&mut config.auth_info);
    }
    let server = config.cluster_url.to_string();
    let own_namespace: Option<CompactString> = namespace.map(Into::into);
    let namespaces = own_namespace.clone().map_or(Namespaces::All, |one| Namespaces::Some(vec![one]));
    let client = client(config).await?;
    Ok(Connection { client, context: context.into(), namespaces, own_namespace, server, valid_until })
}

/// Builds the client off the async threads, since providers other than helpers may be run while it is built.
async fn client(config: kube::Config) -> Result<kube::Client, Failure> {
    let build = tokio::task::spawn_blocking(move || {
        let _in_runtime = tokio::runtime::Handle::current().enter();
        kube::Client::try_from(tuned(config))
    });
    match build.await {
        Ok(built) => built.map_err(|error| explain("connect", &error)),
        Err(panic) => Err(Failure {
            cause: Cause::Other,
            message: format!("cannot connect: the client could not be built ({panic})"),
            hint: String::new(),
        }),
    }
}

/// Our own time limits instead of the client's: no silent retries behind our back, no half-minute of silence.
fn tuned(mut config: kube::Config) -> kube::Config {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.default_retry = false;
    config
}

/// The proxy that the environment names for a server, as kubectl takes it: `HTTPS_PROXY` (`HTTP_PROXY` for plain
/// HTTP), unless `NO_PROXY` names the server or it is this machine. The client's own reading of `NO_PROXY` asks about
/// the proxy's name instead of the server's, so it is not used.
fn environment_proxy(
    server: &http::Uri,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<http::Uri>, Failure> {
    let name = if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" };
    let Some(proxy) = variable(name) else { return Ok(None) };
    // What it would be does not matter: only whether one is to be used.
    let without = variable("NO_PROXY").unwrap_or_default() + ",localhost,127.0.0.0/8,::1";
    let is_used = Matcher::builder().all("http://proxy").no(without).build().intercept(server).is_some();
    if !is_used {
        return Ok(None);
    }
    let full = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    full.parse().map(Some).map_err(|_| Failure {
        cause: Cause::Config,
        // It is not repeated: a password may stand in it.
        message: format!("cannot use the proxy in {name}: it is no address"),
        hint: format!("write {name} as http://HOST:PORT"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        environment_proxy(&server.parse().unwrap(), &variable).unwrap().map(|uri| uri.to_string())
    }

    const PROXY: (&str, &str) = ("HTTPS_PROXY", "http://proxy.corp:3128");

    #[test]
    fn no_proxy_is_about_the_server_and_not_about_the_proxy() {
        let used = Some("http://proxy.corp:3128/".to_owned());
        let cases = [
            ("https://api.cloud:6443", "", used.clone()),
            ("https://api.cloud:6443", "other,.corp", used.clone()),
            ("https://api.corp:6443", ".corp", None),
            ("https://api.corp:6443", "corp", None),
            ("https://10.1.2.3:6443", "10.0.0.0/8", None),
            ("https://10.1.2.3:6443", "10.1.2.3", None),
            ("https://11.1.2.3:6443", "10.0.0.0/8", used),
            ("https://api.cloud", "*", None),
            ("https://127.0.0.1:6443", "", None),
            ("https://localhost:6443", "", None),
        ];
        for (server, without, expected) in cases {
            assert_eq!(proxy(server, &[PROXY, ("NO_PROXY", without)]), expected, "{server} without {without}");
        }
    }

    #[test]
    fn proxy_suits_the_servers_scheme() {
        assert_eq!(proxy("http://api.cloud", &[PROXY]), None);
        assert_eq!(proxy("http://api.cloud", &[("HTTP_PROXY", "p:1")]).as_deref(), Some("http://p:1/"));
    }

    /// The configuration that a kubeconfig with everything in it leads to.
    async fn config(choice: KubeconfigChoice) -> kube::Config {
        let text = "
contexts: [{name: one, context: {cluster: a, user: token}}]
current-context: one
clusters:
- {name: a, cluster: {server: 'https://a.example', proxy-url: 'socks5://own:1080'}}
- {name: b, cluster: {server: 'https://b.example', tls-server-name: other}}
users:
- {name: token, user: {token: t}}
- {name: certificate, user: {client-certificate: /c.crt, client-key: /c.key}}
";
        let file = std::path::PathBuf::from("/dev/null");
        let choice = KubeconfigChoice { piped: [(file.clone(), text.into())].into(), file: Some(file), ..choice };
        kubeconfig_config(&choice).await.unwrap().unwrap().0
    }

    #[tokio::test]
    async fn flags_choose_cluster_user_and_whom_to_act_as() {
        let plain = config(KubeconfigChoice::default()).await;
        assert_eq!(plain.cluster_url, "https://a.example");
        assert!(plain.auth_info.token.is_some() && plain.auth_info.impersonate.is_none());
        assert_eq!(plain.proxy_url.unwrap(), "socks5://own:1080");
        let flags = KubeconfigChoice {
            cluster: Some("b".into()),
            user: Some("certificate".into()),
            impersonate: Some("jane".into()),
            impersonate_groups: vec!["ops".into(), "dev".into()],
            ..KubeconfigChoice::default()
        };
        let chosen = config(flags).await;
        assert_eq!(chosen.cluster_url, "https://b.example");
        assert_eq!(chosen.tls_server_name.as_deref(), Some("other"));
        assert_eq!(chosen.auth_info.client_certificate.as_deref(), Some("/c.crt"));
        assert_eq!(chosen.auth_info.impersonate.as_deref(), Some("jane"));
        assert_eq!(chosen.auth_info.impersonate_groups, Some(vec!["ops".into(), "dev".into()]));
    }
}
