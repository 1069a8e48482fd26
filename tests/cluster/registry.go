package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// A registry of one layer: every image it knows is the same busybox, under as many names as the names file has
// lines. The node's containerd asks it in place of every registry in the world, so a pull is a real pull
// (Pulling, Pulled; ErrImagePull for an unknown name), is over at once, and never leaves the machine. The file
// is read anew for each request: `cluster load postgres` adds a line.

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

type blob struct {
	digest, mediaType string
	body              []byte
}

func newBlob(mediaType string, body []byte) blob {
	return blob{fmt.Sprintf("sha256:%x", sha256.Sum256(body)), mediaType, body}
}

func (b blob) descriptor() map[string]any {
	return map[string]any{"mediaType": b.mediaType, "digest": b.digest, "size": len(b.body)}
}

// newImage wraps the layer in a configuration and a manifest.
func newImage(layer blob, config map[string]any) (manifest, cfg blob, err error) {
	config["Env"] = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	body, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      "1970-01-01T00:00:00Z",
		"config":       config,
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{layer.digest}},
		"history":      []map[string]any{{"created": "1970-01-01T00:00:00Z", "created_by": "busybox"}},
	})
	if err != nil {
		return blob{}, blob{}, err
	}
	cfg = newBlob(configType, body)
	body, err = json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     manifestType,
		"config":        cfg.descriptor(),
		"layers":        []any{layer.descriptor()},
	})
	return newBlob(manifestType, body), cfg, err
}

type registry struct {
	names string          // file: one full image name a line, tag included
	pause blob            // manifest of the image that holds a pod's namespaces
	plain blob            // manifest of every other image
	blobs map[string]blob // by digest
}

func newRegistry(layerFile, names string) (*registry, error) {
	body, err := os.ReadFile(layerFile)
	if err != nil {
		return nil, err
	}
	layer := newBlob(layerType, body)
	pause, pauseConfig, err := newImage(layer, map[string]any{"Entrypoint": []string{"/bin/sleep", "infinity"}})
	if err != nil {
		return nil, err
	}
	plain, plainConfig, err := newImage(layer, map[string]any{"Cmd": []string{"sh"}})
	if err != nil {
		return nil, err
	}
	r := &registry{names: names, pause: pause, plain: plain, blobs: map[string]blob{}}
	for _, b := range []blob{layer, pause, pauseConfig, plain, plainConfig} {
		r.blobs[b.digest] = b
	}
	return r, nil
}

// knows tells whether an image name is in the names file; for a digest the tag does not matter.
func (r *registry) knows(name, tag string) (bool, error) {
	file, err := os.Open(r.names)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if line == name+":"+tag || strings.HasPrefix(tag, "sha256:") && strings.HasPrefix(line, name+":") {
			return true, nil
		}
	}
	return false, lines.Err()
}

var path = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs)/([^/]+)$`)

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/v2/" || req.URL.Path == "/v2" {
		return
	}
	fail := func(status int, code, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": code, "message": message}}})
	}
	parts := path.FindStringSubmatch(req.URL.Path)
	if parts == nil || req.Method != http.MethodGet && req.Method != http.MethodHead {
		fail(http.StatusNotFound, "UNSUPPORTED", "not a read of a manifest or blob")
		return
	}
	var found blob
	var ok bool
	if parts[2] == "blobs" {
		found, ok = r.blobs[parts[3]]
	} else {
		host := req.URL.Query().Get("ns") // which registry containerd believes to ask
		if host == "" {
			host = req.Host
		}
		name := host + "/" + parts[1]
		known, err := r.knows(name, parts[3])
		if err != nil {
			fail(http.StatusInternalServerError, "UNKNOWN", err.Error())
			return
		}
		switch {
		case !known:
		case strings.HasPrefix(parts[3], "sha256:"):
			found, ok = r.blobs[parts[3]]
		case strings.HasSuffix(parts[1], "pause"):
			found, ok = r.pause, true
		default:
			found, ok = r.plain, true
		}
	}
	if !ok {
		fail(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	w.Header().Set("Content-Type", found.mediaType)
	w.Header().Set("Docker-Content-Digest", found.digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(found.body)))
	if req.Method == http.MethodGet {
		_, _ = w.Write(found.body)
	}
}

func registryCommand() *cobra.Command {
	var port int
	var layer, names string
	c := &cobra.Command{
		Use:          "registry",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			handler, err := newRegistry(layer, names)
			if err != nil {
				return err
			}
			server := &http.Server{
				Addr:              fmt.Sprintf("127.0.0.1:%d", port),
				Handler:           handler,
				ReadHeaderTimeout: 10 * time.Second,
			}
			return server.ListenAndServe()
		},
	}
	c.Flags().IntVar(&port, "port", 0, "port on 127.0.0.1")
	c.Flags().StringVar(&layer, "layer", "", "tar file of the only layer")
	c.Flags().StringVar(&names, "names", "", "file of the image names it answers for, one a line")
	return c
}
