package envoy

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// ListenerFile is a listener that Envoy takes from a file (LDS with
// path_config_source) and takes again whenever the file is replaced.
type ListenerFile struct {
	path    string
	version int
}

// Detach moves the static listener into a file in dir. The bootstrap's views
// (HCM, Plugin) still show the listener: change them and Push it again.
func (b *Bootstrap) Detach(dir string) (*ListenerFile, error) {
	resources, err := lookup(b.tree, "static_resources")
	if err != nil {
		return nil, err
	}
	delete(resources, "listeners")
	file := &ListenerFile{path: filepath.Join(dir, "listener.json")}
	b.tree["node"] = Object{"id": "e2e", "cluster": "e2e"}
	b.tree["dynamic_resources"] = Object{"lds_config": Object{
		"resource_api_version": "V3",
		"path_config_source":   Object{"path": file.path, "watched_directory": Object{"path": dir}},
	}}
	return file, file.write(b.Listener)
}

// write replaces the file by renaming: Envoy looks when a file is moved to the
// path, and never sees half of it.
func (f *ListenerFile) write(listener Object) error {
	f.version++
	resource := Object{"@type": "type.googleapis.com/envoy.config.listener.v3.Listener"}
	for key, value := range listener {
		resource[key] = value
	}
	text, err := json.MarshalIndent(Object{
		"version_info": strconv.Itoa(f.version),
		"resources":    []any{resource},
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

// Rejected is the answer of Push to a listener that Envoy did not take.
type Rejected struct {
	// Details are Envoy's own words.
	Details string
}

func (r *Rejected) Error() string { return "Envoy refused the listener: " + r.Details }

// How Envoy counts what came of a file: taken, refused, not even understood.
const (
	ldsSuccess  = "listener_manager.lds.update_success"
	ldsRejected = "listener_manager.lds.update_rejected"
	ldsFailure  = "listener_manager.lds.update_failure"
)

// Push gives the running Envoy a listener in place of the one it has. It
// returns a *Rejected if Envoy refused it, and otherwise when the main thread
// has accepted it: workers take it over a moment later.
func (f *ListenerFile) Push(ctx context.Context, p *Process, listener Object) error {
	before, err := p.Stats(ctx, ldsSuccess, ldsRejected, ldsFailure)
	if err != nil {
		return err
	}
	if err := f.write(listener); err != nil {
		return err
	}
	var now map[string]uint64
	err = wait.Until(ctx, "Envoy to read "+f.path, func() (bool, error) {
		// While Envoy compiles a module, its admin endpoint does not answer.
		stats, err := p.Stats(ctx, ldsSuccess, ldsRejected, ldsFailure)
		if err != nil {
			return false, nil
		}
		now = stats
		return !maps.Equal(now, before), nil
	})
	switch {
	case err != nil:
		return err
	case now[ldsFailure] > before[ldsFailure]:
		return &Rejected{Details: p.Log.Tail(1)}
	case now[ldsRejected] > before[ldsRejected]:
		details, err := p.ListenerErrors(ctx)
		if err != nil {
			return err
		}
		return &Rejected{Details: strings.Join(details, "; ")}
	}
	return nil
}
