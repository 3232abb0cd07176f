package fleet

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gatewarden/gatewarden/config"
)

const (
	secret = `"cluster": "ratelimit", "secret": "0123456789abcdef0123456789abcdef"`
	one    = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/"}]}], "fleet": {` + secret + `}}`
	// two is a second instance, behind the first.
	two = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/"}], "lockout": {"mode": "off"}}],
		"quotas": [{"name": "api", "per": ["client"], "limits": {"free": 20, "Größe 3*": 300, "default": 60}, "window": "5m"}],
		"fleet": {` + secret + `, "rules": [{"rule": "quotas"}]}}`
)

func configs(t *testing.T, texts ...string) (list []*config.Config) {
	t.Helper()
	for _, text := range texts {
		c, err := config.Parse([]byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// file has the keys that the service reads.
type file struct {
	Domain      string
	Descriptors []descriptor
}

type descriptor struct {
	Key, Value  string
	Descriptors []descriptor
	RateLimit   *struct {
		Unit            string
		RequestsPerUnit uint32 `yaml:"requests_per_unit"`
	} `yaml:"rate_limit"`
}

// TestWrite: the file has every limit under the two entries of a request, and nothing else.
func TestWrite(t *testing.T) {
	d, err := New(configs(t, one, `{}`, two))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := d.Write(&out, "envoy.yaml"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "# ") || !strings.Contains(out.String(), `
domain: gatewarden
descriptors:
  - key: rule
    value: lockout/rest
    descriptors:
      - key: key
        rate_limit: {unit: minute, requests_per_unit: 19}
  - key: rule
`) {
		t.Errorf("got:\n%s", out.String())
	}
	var got []config.FleetLimit
	lengths := map[string]int64{"second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
	for _, r := range read(t, out.Bytes()).Descriptors {
		if r.Key != "rule" || r.RateLimit != nil || len(r.Descriptors) != 1 || r.Descriptors[0].Key != "key" || r.Descriptors[0].Value != "" || r.Descriptors[0].RateLimit == nil {
			t.Fatalf("got %+v", r)
		}
		limit := r.Descriptors[0].RateLimit
		got = append(got, config.FleetLimit{Rule: r.Value, Limit: limit.RequestsPerUnit, Unit: lengths[limit.Unit]})
	}
	want := []config.FleetLimit{
		{Rule: "lockout/rest", Limit: 19, Unit: 60_000}, {Rule: "unlock", Limit: 4294967295, Unit: 86_400_000},
		{Rule: "quota/api", Limit: 60, Unit: 3_600_000}, {Rule: "quota/api/Gr%C3%B6%C3%9Fe%203%2A", Limit: 300, Unit: 3_600_000},
		{Rule: "quota/api/free", Limit: 20, Unit: 3_600_000},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func read(t *testing.T, text []byte) (f file) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return f
}

// TestDomains: no domain is read as anything but a text.
func TestDomains(t *testing.T) {
	for _, name := range []string{"gatewarden", "1", "0x1F", "1e3", "1_000", "true", "no", "Off", "null", "-", "--", "2026-01-02"} {
		var out bytes.Buffer
		if err := (Domain{Name: name}).Write(&out, "x"); err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := yaml.Unmarshal(out.Bytes(), &tree); err != nil || tree["domain"] != name {
			t.Errorf("%s: got %v (%v)", name, tree["domain"], err)
		}
	}
}

func TestDomainsDiffer(t *testing.T) {
	other := strings.Replace(one, `"fleet": {`, `"fleet": {"domain": "other", `, 1)
	stricter := strings.Replace(one, `[{"prefix": "/"}]`, `[{"prefix": "/"}], "lockout": {"failures": 5}`, 1)
	for _, row := range []struct {
		texts []string
		want  string
	}{
		{[]string{one, other}, "has the domains gatewarden and other, which are a file each: say with --instance for which of its instances"},
		{[]string{one, stricter}, "has two limits for lockout/rest in the domain gatewarden: give the instances the same limit, or a fleet.domain each"},
		{[]string{one, one, two}, ""},
	} {
		if _, err := New(configs(t, row.texts...)); err == nil && row.want != "" || err != nil && err.Error() != row.want {
			t.Errorf("%s: got %v", row.texts, err)
		}
	}
	if _, err := New(configs(t, `{}`)); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
}
