//! A real cluster for a test: started once for a test run, one namespace for each test, conditions awaited by watching.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::api::{DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::PATIENCE;

/// Carries the process id of the test run that a namespace belongs to.
const RUN_LABEL: &str = "kubatch-test-run";

/// What a test needs of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// An API server and controllers.
    ControlPlane,
    /// A node that runs containers.
    Node,
    /// The contexts `viewer`, `nobody` and `silent`, as our own cluster has them.
    Users,
    /// Our own cluster for itself alone: it stops components.
    Alone,
}

/// What there is to test on.
pub struct Available {
    pub cluster: Option<Cluster>,
    /// An end-to-end test that cannot run is an error.
    pub must_run_all: bool,
    missing: String,
}

/// A cluster that is up.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub kubeconfig: PathBuf,
    is_ours: bool,
    has_node: bool,
    /// Held for reading by tests that share the cluster, for writing by one that stops parts of it.
    alone: Arc<RwLock<()>>,
}

/// The runtime that all tests share.
pub fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/cluster")
}

/// Runs a verb of the cluster's script; its standard output, or what it said on failure.
pub fn script_says(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(script()).args(arguments).stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

impl Available {
    /// Nothing to test on.
    pub fn no(why: &str) -> Self {
        Self { cluster: None, must_run_all: false, missing: why.to_owned() }
    }

    /// Finds or starts the cluster, as `KUBATCH_E2E_KUBECONFIG` and `KUBATCH_E2E` say.
    pub fn find() -> Self {
        let wanted = std::env::var("KUBATCH_E2E").unwrap_or_default();
        let other = std::env::var_os("KUBATCH_E2E_KUBECONFIG").filter(|path| !path.is_empty());
        let (kubeconfig, is_ours) = match (wanted.as_str(), other) {
            ("off", _) => return Self::no("KUBATCH_E2E=off"),
            (_, Some(path)) => (PathBuf::from(path), false),
            ("on", None) => match script_says(&["up"]) {
                Ok(_) => (PathBuf::from(script_says(&["kubeconfig"]).unwrap()), true),
                Err(why) => panic!("the cluster did not start: {why}"),
            },
            (_, None) => match script_says(&["status"]).and_then(|_| script_says(&["kubeconfig"])) {
                Ok(path) => (PathBuf::from(path), true),
                Err(_) => return Self::no("no cluster; tests/cluster/cluster up starts one"),
            },
        };
        let mut cluster = Cluster { kubeconfig, is_ours, has_node: false, alone: Arc::default() };
        cluster.has_node = runtime().block_on(async {
            if is_ours {
                cluster.sweep().await;
            }
            cluster.has_ready_node().await
        });
        Self { cluster: Some(cluster), must_run_all: wanted == "on", missing: String::new() }
    }

    /// Why a test cannot run here; None where it can.
    pub fn why_not(&self, need: Need) -> Option<&str> {
        let Some(cluster) = &self.cluster else { return Some(&self.missing) };
        match need {
            Need::ControlPlane => None,
            Need::Node if cluster.has_node => None,
            Need::Node => Some("no node"),
            Need::Users if cluster.has_users() => None,
            Need::Users => Some("no contexts viewer, nobody and silent"),
            Need::Alone if cluster.is_ours && cluster.has_node => None,
            Need::Alone if cluster.is_ours => Some("no node"),
            Need::Alone => Some("not our own cluster"),
        }
    }
}

impl Cluster {
    /// Runs a test beside others, or alone where it needs that.
    pub fn run(&self, need: Need, test: fn(&Cluster)) {
        // A test that failed poisons nothing that another could not use.
        if need == Need::Alone {
            let _alone = self.alone.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            test(self);
        } else {
            let _shared = self.alone.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            test(self);
        }
    }

    fn has_users(&self) -> bool {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("the kubeconfig can be read");
        ["viewer", "nobody", "silent"].iter().all(|user| kubeconfig.contexts.iter().any(|one| one.name == *user))
    }

    /// Deletes the namespaces of test runs that were killed.
    async fn sweep(&self) {
        let namespaces: Api<Namespace> = Api::all(self.client("").await);
        let left = namespaces.list(&ListParams::default().labels(RUN_LABEL)).await.expect("namespaces can be listed");
        for namespace in left.items {
            let run = namespace.labels().get(RUN_LABEL).cloned().unwrap_or_default();
            if !Path::new("/proc").join(run).exists() {
                let _ = namespaces.delete(&namespace.name_any(), &DeleteParams::background()).await;
            }
        }
    }

    async fn has_ready_node(&self) -> bool {
        let nodes: Api<Node> = Api::all(self.client("").await);
        let nodes = nodes.list(&ListParams::default()).await.expect("nodes can be listed");
        let is_ready = |node: &Node| {
            let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
            conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
        };
        nodes.items.iter().any(is_ready)
    }

    /// A client of a context; the current one for an empty name.
    pub async fn client(&self, context: &str) -> Client {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("the kubeconfig can be read");
        let context = (!context.is_empty()).then(|| context.to_owned());
        let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        Client::try_from(config).unwrap()
    }

    /// A namespace for a test, deleted when it is dropped.
    pub fn space(&self, name: &str) -> Space {
        /// Two tests may want the same name while the namespace of the one is still being deleted.
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let namespace = format!("e2e-{name}-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        runtime().block_on(async {
            let client = self.client("").await;
            let namespaces: Api<Namespace> = Api::all(client.clone());
            let labels = [(RUN_LABEL.to_owned(), std::process::id().to_string())].into();
            let metadata = ObjectMeta { name: Some(namespace.clone()), labels: Some(labels), ..ObjectMeta::default() };
            let object = Namespace { metadata, ..Namespace::default() };
            namespaces.create(&PostParams::default(), &object).await.expect("a namespace can be created");
            Space::of(client, namespace)
        })
    }
}

/// A namespace of a test's own, with objects of the whole cluster that go with it.
pub struct Space {
    pub client: Client,
    pub namespace: String,
    wide: Mutex<Vec<(ApiResource, String)>>,
}

/// Kinds of which objects may be applied that are in no namespace.
const CLUSTER_WIDE: [&str; 10] = [
    "DeviceClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

impl Drop for Space {
    fn drop(&mut self) {
        for (resource, name) in self.wide.lock().unwrap_or_else(std::sync::PoisonError::into_inner).drain(..) {
            let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
            if let Err(error) = runtime().block_on(api.delete(&name, &DeleteParams::background())) {
                println!("{name} was not deleted: {error}");
            }
        }
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let deleted = runtime().block_on(namespaces.delete(&self.namespace, &DeleteParams::background()));
        if let Err(error) = deleted {
            println!("namespace {} was not deleted: {error}", self.namespace);
        }
    }
}

impl Space {
    /// A namespace that is there.
    pub fn of(client: Client, namespace: String) -> Self {
        Self { client, namespace, wide: Mutex::default() }
    }

    /// Applies the objects of a YAML text to the namespace.
    pub fn apply(&self, yaml: &str) {
        let documents: Vec<Value> = serde_yaml::from_multiple(yaml).expect("the manifest is YAML");
        runtime().block_on(async {
            for document in documents {
                let object: DynamicObject = serde_json::from_value(document).expect("the manifest is an object");
                let types = object.types.clone().expect("apiVersion and kind");
                let kind = GroupVersionKind::try_from(&types).unwrap();
                let (client, resource) = (self.client.clone(), ApiResource::from_gvk(&kind));
                let name = object.metadata.name.clone().expect("a name");
                let api: Api<DynamicObject> = match CLUSTER_WIDE.contains(&types.kind.as_str()) {
                    true => {
                        self.wide.lock().expect("no test failed here").push((resource.clone(), name.clone()));
                        Api::all_with(client, &resource)
                    }
                    false => Api::namespaced_with(client, &self.namespace, &resource),
                };
                let parameters = PatchParams::apply("kubatch-tests").force();
                api.patch(&name, &parameters, &Patch::Apply(&object)).await.expect("the object is accepted");
            }
        });
    }

    /// Waits until the API server takes no pod here: policies and webhooks count a moment after they were made.
    pub fn wait_for_refusal(&self) {
        let containers = json!([{ "name": "main", "image": "busybox:1.35" }]);
        let pod: Pod =
            serde_json::from_value(json!({ "metadata": { "name": "trial" }, "spec": { "containers": containers } }))
                .unwrap();
        let trial = PostParams { dry_run: true, ..PostParams::default() };
        let deadline = Instant::now() + PATIENCE;
        while runtime().block_on(self.api().create(&trial, &pod)).is_ok() {
            assert!(Instant::now() < deadline, "pods are taken in {}", self.namespace);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The objects of a type in the namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Waits, by watching, until an object is as wanted; fails with what it was instead.
    pub fn wait<K>(&self, name: &str, what: &str, is_met: impl Fn(&K) -> bool + Send + Clone) -> K
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Send + Sync + DeserializeOwned + 'static,
    {
        let api = self.api::<K>();
        runtime().block_on(async {
            let met = Met(is_met);
            match tokio::time::timeout(PATIENCE, await_condition(api.clone(), name, met)).await {
                Ok(met) => met.expect("the object can be watched").expect("the object exists"),
                Err(_) => panic!("{name} never was {what}; it is {:#?}", api.get_opt(name).await),
            }
        })
    }

    /// Waits until some object of a type is as wanted.
    pub fn wait_any<K>(&self, what: &str, is_met: impl Fn(&K) -> bool) -> K
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Send + Sync + DeserializeOwned + 'static,
    {
        use futures::{StreamExt, TryStreamExt};
        use kube::runtime::{WatchStreamExt, watcher};
        let api = self.api::<K>();
        runtime().block_on(async {
            let objects = watcher(api.clone(), watcher::Config::default()).default_backoff().applied_objects();
            let mut objects = std::pin::pin!(objects.try_filter(|object| std::future::ready(is_met(object))));
            match tokio::time::timeout(PATIENCE, objects.next()).await {
                Ok(found) => found.expect("the watch goes on").expect("the objects can be watched"),
                Err(_) => panic!("no object ever was {what}; there are {:#?}", api.list(&ListParams::default()).await),
            }
        })
    }
}

#[derive(Clone)]
struct Met<F>(F);

impl<K, F: Fn(&K) -> bool> Condition<K> for Met<F> {
    fn matches_object(&self, object: Option<&K>) -> bool {
        object.is_some_and(&self.0)
    }
}
