package frameworks

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// What ends the names of the variants of a configuration.
const (
	counts  = "-counts"
	cookies = "-no-cookies"
)

// variants are what the tests make of each configuration of the page. Their surfaces have
// names, and so counters, of their own.
var variants = map[string]func(configuration map[string]any){
	counts: func(c map[string]any) {
		for _, s := range c["surfaces"].([]any) {
			delete(s.(map[string]any)["lockout"].(map[string]any), "repeats")
		}
	},
	cookies: func(c map[string]any) { delete(c, "credentials") },
}

// listeners are the framework and those of its variants that tests need.
func (f framework) listeners() []framework {
	all := []framework{f, f.counting()}
	if f.session {
		all = append(all, f.withoutCookies())
	}
	return all
}

// counting is the same framework, where each failure counts.
func (f framework) counting() framework {
	f.id += counts
	return f
}

// withoutCookies returns the same framework, but sessions are not credentials.
func (f framework) withoutCookies() framework {
	f.id += cookies
	return f
}

// configurations are those of the page, by framework, and their variants.
var configurations = sync.OnceValues(func() (map[string]string, error) {
	page, err := os.ReadFile(pageFile())
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, b := range docs.Blocks(string(page)) {
		id := b.Attributes["for"]
		if id == "" {
			continue
		}
		found[id] = b.Text
		for suffix, change := range variants {
			if found[id+suffix], err = variant(b.Text, suffix, change); err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
		}
	}
	return found, nil
})

func variant(configuration, suffix string, change func(map[string]any)) (string, error) {
	var c map[string]any
	if err := json.Unmarshal([]byte(configuration), &c); err != nil {
		return "", err
	}
	for _, s := range c["surfaces"].([]any) {
		surface := s.(map[string]any)
		surface["name"] = surface["name"].(string) + suffix
	}
	change(c)
	text, err := json.Marshal(c)
	return string(text), err
}
