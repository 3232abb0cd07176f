package deploy

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// panel is what the tests look at of a dashboard's panel.
type panel struct {
	ID      int
	Title   string
	Type    string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr string }
}

func panels(t *testing.T) []panel {
	t.Helper()
	text, err := os.ReadFile("dashboards/gatewarden.json")
	require.NoError(t, err)
	var dashboard struct{ Panels []panel }
	require.NoError(t, json.Unmarshal(text, &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	return dashboard.Panels
}

// Every documented metric is on the dashboard, and nothing is asked for that is not
// documented.
func TestDashboardShowsEveryMetric(t *testing.T) {
	missing := documented(t)
	known := documented(t)
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			for _, name := range metricsIn(target.Expr) {
				delete(missing, name)
				assert.True(t, known[name] || foreign[name], "%s asks for %s", p.Title, name)
			}
		}
	}
	assert.Empty(t, missing, "not on the dashboard")
}

func TestPanelsDoNotOverlap(t *testing.T) {
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range panels(t) {
		assert.False(t, ids[p.ID], "%s has the number of another", p.Title)
		ids[p.ID] = true
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				assert.Empty(t, taken[at], "%s lies upon it", p.Title)
				taken[at] = p.Title
			}
		}
	}
}
