//! From what the user chose (kubeconfig, context, namespaces) to a client. The one place that knows the embedded
//! cluster too: whatever uses the client cannot tell them apart.

use std::path::PathBuf;
use std::time::Duration;

use compact_str::CompactString;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};

use super::error::explain_kubeconfig;
use crate::demo::Demo;
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

/// The choices that kubectl's flags of the same names make.
#[derive(Debug, Clone, Default)]
pub struct KubeconfigChoice {
    /// `--kubeconfig`: this file alone, instead of `KUBECONFIG` or `~/.kube/config`.
    pub file: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--as`: the user to act as, where the logged-in one may impersonate.
    pub impersonate: Option<String>,
    /// `--as-group`: the groups to act as.
    pub impersonate_groups: Vec<String>,
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
}

/// Finds the way to the cluster. Sends no request: a server that does not answer is told by the watches.
///
/// # Errors
/// Where the kubeconfig cannot be read or used, or a login helper fails.
pub async fn connect(target: &Target) -> Result<Connection, Failure> {
    let (client, context, namespace) = match &target.place {
        Place::Kubeconfig(choice) => kubeconfig_client(choice).await?,
        Place::Demo(demo) => (kube::Client::new(demo.clone(), "default"), "demo".to_owned(), None),
    };
    let client = if target.is_read_only { super::execute::read_only(client) } else { client };
    let chosen = target.namespaces.clone();
    let namespaces =
        chosen.unwrap_or_else(|| namespace.map_or(Namespaces::All, |one| Namespaces::Some(vec![one.into()])));
    Ok(Connection { client, context: context.into(), namespaces })
}

/// The contexts that can be switched to; none where the kubeconfig cannot be read, which [`connect`] tells.
pub fn contexts(target: &Target) -> Vec<CompactString> {
    let Place::Kubeconfig(choice) = &target.place else { return Vec::new() };
    let kubeconfig = read_kubeconfig(choice).ok().flatten().unwrap_or_default();
    kubeconfig.contexts.into_iter().map(|context| context.name.into()).collect()
}

/// The client, the context's name, and the namespace that the context names.
async fn kubeconfig_client(choice: &KubeconfigChoice) -> Result<(kube::Client, String, Option<String>), Failure> {
    let Some(kubeconfig) = read_kubeconfig(choice)? else { return in_cluster_client() };
    let context = choice.context.clone().or_else(|| kubeconfig.current_context.clone()).unwrap_or_default();
    let named = kubeconfig.contexts.iter().find(|one| one.name == context);
    let namespace = named.and_then(|one| one.context.as_ref()).and_then(|one| one.namespace.clone());
    let options = KubeConfigOptions {
        context: choice.context.clone(),
        cluster: choice.cluster.clone(),
        user: choice.user.clone(),
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    let mut config = config.await.map_err(|error| explain_kubeconfig(&error))?;
    if choice.impersonate.is_some() {
        config.auth_info.impersonate = choice.impersonate.clone();
        config.auth_info.impersonate_groups = Some(choice.impersonate_groups.clone());
    }
    Ok((client(config).await?, context, namespace.filter(|one| !one.is_empty())))
}

fn in_cluster_client() -> Result<(kube::Client, String, Option<String>), Failure> {
    let no_way = |_| Failure {
        cause: Cause::Config,
        message: "there is no kubeconfig: KUBECONFIG is not set, and ~/.kube/config does not exist".into(),
        hint: "give one with --kubeconfig FILE or in KUBECONFIG".into(),
    };
    let config = kube::Config::incluster().map_err(no_way)?;
    let namespace = config.default_namespace.clone();
    let client = kube::Client::try_from(tuned(config)).map_err(|error| super::error::explain("connect", &error))?;
    Ok((client, "in-cluster".to_owned(), Some(namespace)))
}

/// Builds the client off the async threads, since login helpers are run while it is built, and waited for.
async fn client(config: kube::Config) -> Result<kube::Client, Failure> {
    let build = tokio::task::spawn_blocking(move || {
        let _in_runtime = tokio::runtime::Handle::current().enter();
        kube::Client::try_from(tuned(config))
    });
    match build.await {
        Ok(built) => built.map_err(|error| super::error::explain("connect", &error)),
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

/// Reads and merges the kubeconfig files as kubectl does: `--kubeconfig` alone, else those of `KUBECONFIG` that exist,
/// else `~/.kube/config`. None where there is none.
fn read_kubeconfig(choice: &KubeconfigChoice) -> Result<Option<Kubeconfig>, Failure> {
    let files = match (&choice.file, std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty())) {
        (Some(file), _) => vec![file.clone()],
        (None, Some(list)) => std::env::split_paths(&list).filter(|file| file.exists()).collect(),
        (None, None) => {
            let home = std::env::home_dir().unwrap_or_default();
            vec![home.join(".kube/config")].into_iter().filter(|file| file.exists()).collect()
        }
    };
    let mut merged: Option<Kubeconfig> = None;
    for file in files {
        let next = Kubeconfig::read_from(&file).map_err(|error| explain_kubeconfig(&error))?;
        merged = Some(match merged {
            None => next,
            Some(before) => before.merge(next).map_err(|error| explain_kubeconfig(&error))?,
        });
    }
    Ok(merged.map(quiet_helpers))
}

/// Login helpers may not ask on the terminal that we draw on; what they say goes into the error.
fn quiet_helpers(mut kubeconfig: Kubeconfig) -> Kubeconfig {
    let infos = kubeconfig.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut());
    for exec in infos.filter_map(|info| info.exec.as_mut()) {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    kubeconfig
}
