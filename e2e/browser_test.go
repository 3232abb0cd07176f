package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// browser is a Chromium of the test's own, with one tab.
type browser struct {
	ctx context.Context
	mu  sync.Mutex
	// complaints are what the console and the content security policy said.
	complaints []string
}

// patience is how long the browser may take for one thing.
const patience = 20 * time.Second

// browsers are the names of programs that will do.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// openBrowser starts Chromium with a window of the given width.
func openBrowser(t *testing.T, width, height int64, dark bool) *browser {
	t.Helper()
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	require.NotEmpty(t, path, "there is no Chromium to look at the page with; on Debian: apt-get install chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &browser{ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.listen)) // which starts it
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(t, err)
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{log.Enable, runtime.Enable} {
		_, err = chromedp.Call(ctx, domain, cdp.Empty{})
		require.NoError(t, err)
	}
	b.do(t, chromedp.EmulateViewport(width, height))
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, event.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, event.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console."+string(event.Type))
	case *page.EventJavascriptDialogOpening:
		b.complaints = append(b.complaints, "a dialog: "+event.Message)
	}
}

// said returns the complaints so far, and forgets them.
func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.complaints
	b.complaints = nil
	return said
}

// do acts in the tab, and fails the test if it cannot in time.
func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, actions...))
}

// run runs an expression in the page, as its user's own console would.
func (b *browser) run(expression string) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](expression))
}

// eval is what an expression is in the page.
func eval[T any](t *testing.T, b *browser, expression string) (value T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err, expression)
	return value
}

// await waits until an expression holds in the page.
func (b *browser) await(t *testing.T, limit time.Duration, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, fmt.Errorf("%s are over", limit))
	defer cancel()
	err := wait.Until(ctx, expression, func() (bool, error) { return eval[bool](t, b, "!!("+expression+")"), nil })
	if err != nil {
		t.Fatalf("%v; the page says:\n%s", err, eval[string](t, b, "document.body.innerText.slice(0, 2000)"))
	}
}

// picture writes what the window shows to build/operations, for people to look at.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	folder := filepath.Join(root, "build", "operations")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), image, 0o644))
}
