package envoy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// resourceFile has the listeners or the clusters of an Envoy, which takes them from the
// file (LDS and CDS with path_config_source) whenever the file is replaced.
type resourceFile struct {
	path string
	// typeURL is the type of the resources, and stats begins the names of the
	// counters that say what became of a file.
	typeURL, stats string
	version        int
	resources      []byte // as last written, in JSON
}

// dynamic are the two files of a process whose Options say Dynamic.
type dynamic struct{ clusters, listeners resourceFile }

// newDynamic makes the files in dir, each in a folder of its own, because Envoy reads a
// file when anything is moved to its folder.
func newDynamic(dir string, b *Bootstrap) (*dynamic, error) {
	d := &dynamic{
		clusters: resourceFile{path: filepath.Join(dir, "clusters", "clusters.json"),
			typeURL: "type.googleapis.com/envoy.config.cluster.v3.Cluster", stats: "cluster_manager.cds."},
		listeners: resourceFile{path: filepath.Join(dir, "listeners", "listeners.json"),
			typeURL: "type.googleapis.com/envoy.config.listener.v3.Listener", stats: "listener_manager.lds."},
	}
	for _, f := range []*resourceFile{&d.clusters, &d.listeners} {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return nil, err
		}
	}
	return d, errors.Join(d.clusters.write(b.resources("clusters")), d.listeners.write(b.resources("listeners")))
}

// bootstrap is what Envoy starts with in order to take listeners and clusters from the
// files: b without its own.
func (d *dynamic) bootstrap(b *Bootstrap) *Bootstrap {
	tree := maps.Clone(b.tree)
	delete(tree, "static_resources")
	tree["node"] = Object{"id": "e2e", "cluster": "e2e"}
	tree["dynamic_resources"] = Object{"cds_config": d.clusters.source(), "lds_config": d.listeners.source()}
	return &Bootstrap{tree: tree}
}

func (f *resourceFile) source() Object {
	return Object{
		"resource_api_version": "V3",
		"path_config_source":   Object{"path": f.path, "watched_directory": Object{"path": filepath.Dir(f.path)}},
	}
}

// write replaces the file by renaming: Envoy looks when a file is moved to the
// path, and never sees half of it.
func (f *resourceFile) write(resources []any) (err error) {
	if f.resources, err = json.Marshal(resources); err != nil {
		return err
	}
	f.version++
	typed := make([]any, 0, len(resources))
	for _, r := range resources {
		resource := Object{"@type": f.typeURL}
		object, _ := r.(Object)
		maps.Copy(resource, object)
		typed = append(typed, resource)
	}
	text, err := json.MarshalIndent(Object{
		"version_info": strconv.Itoa(f.version),
		"resources":    typed,
	}, "", "  ")
	if err != nil {
		return err
	}
	temp := f.path + ".next"
	if err := os.WriteFile(temp, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, f.path)
}

// has tells whether the file has these resources already.
func (f *resourceFile) has(resources []any) bool {
	text, err := json.Marshal(resources)
	return err == nil && bytes.Equal(text, f.resources)
}

// Rejected is the answer of Push to listeners or clusters that Envoy did not take.
type Rejected struct {
	// Details are Envoy's own words.
	Details string
}

func (r *Rejected) Error() string { return "Envoy refused: " + r.Details }

// Push gives a running Envoy the listeners and clusters of b in place of those that it
// has. Its Options must say Dynamic. It returns a *Rejected if Envoy refused them, and
// otherwise when the main thread has accepted them: workers take them over a moment
// later.
func (p *Process) Push(ctx context.Context, b *Bootstrap) error {
	if clusters := b.resources("clusters"); !p.dynamic.clusters.has(clusters) {
		if err := p.replace(ctx, &p.dynamic.clusters, clusters); err != nil {
			return err
		}
	}
	return p.replace(ctx, &p.dynamic.listeners, b.resources("listeners"))
}

// replace writes a file and waits for what Envoy makes of it.
func (p *Process) replace(ctx context.Context, f *resourceFile, resources []any) error {
	// How Envoy counts what came of a file: taken, refused, not even understood.
	success, rejected, failure := f.stats+"update_success", f.stats+"update_rejected", f.stats+"update_failure"
	before, err := p.Stats(ctx, success, rejected, failure)
	if err != nil {
		return err
	}
	if err := f.write(resources); err != nil {
		return err
	}
	var now map[string]uint64
	err = wait.Until(ctx, "Envoy to read "+f.path, func() (bool, error) {
		// While Envoy compiles a module, its admin endpoint does not answer.
		stats, err := p.Stats(ctx, success, rejected, failure)
		if err != nil {
			return false, nil
		}
		now = stats
		return !maps.Equal(now, before), nil
	})
	switch {
	case err != nil:
		return err
	case now[failure] > before[failure]:
		return &Rejected{Details: p.Log.Tail(1)}
	case now[rejected] > before[rejected]:
		details, err := p.ListenerErrors(ctx)
		if err != nil {
			return err
		}
		return &Rejected{Details: strings.Join(details, "; ")}
	}
	return nil
}
