package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// What `cluster reset` keeps. Everything else that can be deleted is deleted.
var (
	// Namespaces whose content belongs to the cluster.
	systemNamespaces = []string{"kube-node-lease", "kube-public", "kube-system"}
	// Namespaces that stay, emptied.
	emptiedNamespaces = []string{"default", "team-a"}
	// Kinds that the API server or a controller maintains by itself.
	skippedResources = []string{
		"componentstatuses", "csinodes", "flowschemas", "ipaddresses", "prioritylevelconfigurations", "servicecidrs",
	}
	// Objects that a controller would make again at once, by resource.
	maintained = map[string][]string{
		"configmaps":      {"kube-root-ca.crt"},
		"serviceaccounts": {"default"},
		"services":        {"kubernetes"},
		"endpoints":       {"kubernetes"},
		"endpointslices":  {"kubernetes"},
		"nodes":           {"node-1"},
	}
	// What can refuse or delay other deletions goes first.
	firstGroups = []string{"admissionregistration.k8s.io", "apiregistration.k8s.io"}
)

const keepLabel = "kubatch.cluster/keep" // on what `cluster up` itself creates

func kept(resource string, object *metav1.PartialObjectMetadata) bool {
	if _, ours := object.Labels[keepLabel]; ours {
		return true
	}
	if slices.Contains(maintained[resource], object.Name) {
		return object.Namespace == "" || resource == "configmaps" || resource == "serviceaccounts" || object.Namespace == "default"
	}
	switch resource {
	case "namespaces":
		return slices.Contains(systemNamespaces, object.Name) || slices.Contains(emptiedNamespaces, object.Name)
	case "priorityclasses":
		return strings.HasPrefix(object.Name, "system-")
	case "clusterroles", "clusterrolebindings":
		return object.Labels["kubernetes.io/bootstrapping"] != "" || strings.HasPrefix(object.Name, "system:")
	case "apiservices":
		return object.Labels["kube-aggregator.kubernetes.io/automanaged"] != ""
	}
	return slices.Contains(systemNamespaces, object.Namespace)
}

type resetter struct {
	discovery discovery.DiscoveryInterface
	metadata  metadata.Interface
	dynamic   dynamic.Interface
	mu        sync.Mutex
	dying     map[types.UID]int // rounds that an object was seen with a deletion time
	removed   map[types.UID]bool
}

// resources lists what can be listed and deleted. Groups whose server does not answer are left out: their
// APIService is deleted in the first step of a round.
func (r *resetter) resources() (first, others []schema.GroupVersionResource, err error) {
	lists, err := r.discovery.ServerPreferredResources()
	if err != nil && len(lists) == 0 {
		return nil, nil, err
	}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, nil, err
		}
		for _, res := range list.APIResources {
			able := slices.Contains(res.Verbs, "list") && slices.Contains(res.Verbs, "delete")
			sameAsCore := gv.Group == "events.k8s.io"
			if !able || sameAsCore || slices.Contains(skippedResources, res.Name) {
				continue
			}
			if slices.Contains(firstGroups, gv.Group) {
				first = append(first, gv.WithResource(res.Name))
			} else {
				others = append(others, gv.WithResource(res.Name))
			}
		}
	}
	return first, others, nil
}

// clear deletes the objects of one resource that are to go, and says how many were still there.
func (r *resetter) clear(ctx context.Context, gvr schema.GroupVersionResource) (left []string, err error) {
	client := r.metadata.Resource(gvr)
	list, err := client.List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		return nil, nil // the CustomResourceDefinition went away meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", gvr.Resource, err)
	}
	background, now := metav1.DeletePropagationBackground, int64(0)
	options := metav1.DeleteOptions{PropagationPolicy: &background, GracePeriodSeconds: &now}
	gone := func(err error) bool { return err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) }
	fresh := map[string]int{}
	for i := range list.Items {
		object := &list.Items[i]
		if kept(gvr.Resource, object) {
			continue
		}
		left = append(left, strings.TrimPrefix(object.Namespace+"/"+object.Name, "/"))
		r.mu.Lock()
		r.removed[object.UID] = true
		if object.DeletionTimestamp != nil {
			r.dying[object.UID]++
		}
		rounds := r.dying[object.UID]
		r.mu.Unlock()
		switch {
		case object.DeletionTimestamp == nil && object.Namespace != "":
			fresh[object.Namespace]++
		case object.DeletionTimestamp == nil:
			if err := client.Delete(ctx, object.Name, options); !gone(err) {
				return left, fmt.Errorf("delete %s %s: %w", gvr.Resource, object.Name, err)
			}
		// Its controller had its time, or there is none: a finalizer must not hold up the emptying.
		case len(object.Finalizers) > 0 && rounds > 2:
			patch := []byte(`{"metadata":{"finalizers":null}}`)
			_, err := client.Namespace(object.Namespace).Patch(ctx, object.Name, types.MergePatchType, patch, metav1.PatchOptions{})
			if !gone(err) {
				return left, fmt.Errorf("finalizers of %s %s: %w", gvr.Resource, object.Name, err)
			}
		// A pod that was deleted with patience before is deleted once more without.
		case len(object.Finalizers) == 0 && gvr.Resource == "pods":
			if err := client.Namespace(object.Namespace).Delete(ctx, object.Name, options); !gone(err) {
				return left, fmt.Errorf("delete %s %s: %w", gvr.Resource, object.Name, err)
			}
		}
	}
	for namespace := range fresh {
		var but []string
		for _, name := range maintained[gvr.Resource] {
			but = append(but, "metadata.name!="+name)
		}
		what := metav1.ListOptions{FieldSelector: strings.Join(but, ","), LabelSelector: "!" + keepLabel}
		err := client.Namespace(namespace).DeleteCollection(ctx, options, what)
		if apierrors.IsMethodNotSupported(err) { // services have no deletecollection in older servers
			err = r.deleteEach(ctx, gvr, namespace, options)
		}
		if !gone(err) {
			return left, fmt.Errorf("delete %s in %s: %w", gvr.Resource, namespace, err)
		}
	}
	return left, nil
}

func (r *resetter) deleteEach(ctx context.Context, gvr schema.GroupVersionResource, namespace string, options metav1.DeleteOptions) error {
	list, err := r.metadata.Resource(gvr).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		if kept(gvr.Resource, &list.Items[i]) {
			continue
		}
		if err := r.metadata.Resource(gvr).Namespace(namespace).Delete(ctx, list.Items[i].Name, options); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// clearAll clears many resources at once.
func (r *resetter) clearAll(ctx context.Context, all []schema.GroupVersionResource) (left []string, err error) {
	var wait sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, 8)
	for _, gvr := range all {
		wait.Add(1)
		go func() {
			defer wait.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			names, failed := r.clear(ctx, gvr)
			mu.Lock()
			defer mu.Unlock()
			for _, name := range names {
				left = append(left, gvr.Resource+" "+name)
			}
			if failed != nil {
				err = errors.Join(err, failed)
			}
		}()
	}
	wait.Wait()
	return left, err
}

// freeNode takes back what a test may have done to the node: a cordon, taints of its own.
func (r *resetter) freeNode(ctx context.Context) error {
	nodes := r.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "nodes"})
	node, err := nodes.Get(ctx, "node-1", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	spec, _ := node.Object["spec"].(map[string]any)
	taints, _ := spec["taints"].([]any)
	var stay []any
	for _, taint := range taints {
		fields, _ := taint.(map[string]any)
		key, _ := fields["key"].(string)
		if strings.HasPrefix(key, "node.") && key != "node.kubernetes.io/unschedulable" {
			stay = append(stay, taint)
		}
	}
	if spec["unschedulable"] == nil && len(stay) == len(taints) {
		return nil
	}
	delete(spec, "unschedulable")
	spec["taints"] = stay
	_, err = nodes.Update(ctx, node, metav1.UpdateOptions{})
	return err
}

// counts tells what must be gone in the end. Events written about the deletions themselves would keep us for no use.
func counts(left string) bool { return !strings.HasPrefix(left, "events ") }

// finalizeNamespaces lets go of namespaces in which nothing is left. Their controller would do the same, but looks
// again only after seconds where it found something to wait for the first time.
func (r *resetter) finalizeNamespaces(ctx context.Context, left []string) error {
	namespaces := r.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"})
	for _, entry := range left {
		name, isNamespace := strings.CutPrefix(entry, "namespaces ")
		inside := func(other string) bool { return strings.Contains(other, " "+name+"/") }
		if !isNamespace || slices.ContainsFunc(left, inside) {
			continue
		}
		object, err := namespaces.Get(ctx, name, metav1.GetOptions{})
		if err == nil && object.GetDeletionTimestamp() != nil {
			unstructured.RemoveNestedField(object.Object, "spec", "finalizers")
			_, err = namespaces.Update(ctx, object, metav1.UpdateOptions{}, "finalize")
		}
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("finalize namespace %s: %w", name, err)
		}
	}
	return nil
}

func (r *resetter) run(ctx context.Context) error {
	for {
		first, others, err := r.resources()
		if err != nil {
			return err
		}
		left, err := r.clearAll(ctx, first)
		if err == nil {
			// Owners before pods, so that no controller replaces the pods meanwhile; definitions after their
			// objects, whose finalizers nobody could take off later.
			var owners, pods, definitions []schema.GroupVersionResource
			for _, gvr := range others {
				switch gvr.Resource {
				case "pods":
					pods = append(pods, gvr)
				case "customresourcedefinitions":
					definitions = append(definitions, gvr)
				default:
					owners = append(owners, gvr)
				}
			}
			for _, step := range [][]schema.GroupVersionResource{owners, pods} {
				more, failed := r.clearAll(ctx, step)
				left, err = append(left, more...), errors.Join(err, failed)
			}
			if err == nil && !slices.ContainsFunc(left, counts) {
				left, err = r.clearAll(ctx, definitions)
			}
		}
		if err == nil && !slices.ContainsFunc(left, counts) {
			return r.freeNode(ctx)
		}
		if err == nil {
			err = r.finalizeNamespaces(ctx, left)
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = fmt.Errorf("still there: %s", strings.Join(left[:min(len(left), 8)], ", "))
			}
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// resetCommand empties the cluster without a restart.
func resetCommand() *cobra.Command {
	var kubeconfig string
	var patience time.Duration
	c := &cobra.Command{
		Use:          "reset",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			config.QPS, config.Burst = 1000, 1000
			config.WarningHandler = rest.NoWarnings{} // every deprecated kind is listed, on purpose
			r := &resetter{dying: map[types.UID]int{}, removed: map[types.UID]bool{}}
			if r.discovery, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
				return err
			}
			if r.metadata, err = metadata.NewForConfig(config); err != nil {
				return err
			}
			if r.dynamic, err = dynamic.NewForConfig(config); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			began := time.Now()
			if err := r.run(ctx); err != nil {
				return err
			}
			fmt.Printf("%d objects removed in %.1f s\n", len(r.removed), time.Since(began).Seconds())
			return nil
		},
	}
	c.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of an administrator")
	c.Flags().DurationVar(&patience, "timeout", time.Minute, "give up after")
	return c
}
