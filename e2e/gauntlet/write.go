package gauntlet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

const introduction = `# The gauntlet

How many guesses get through. ` + "`make gauntlet`" + ` plays these attacks and writes this file.

Each attack is played on Gatewarden in Envoy and on what would be taken in its place, each in front of the demo service. All of them get the same limit: **%d failures of a client in %s**, over %d windows; that the window is short only makes the run short. Attacks on the table meet a system that was just started, the others one that has had the time to forget the attack before. When a system has started, it is made sure that it lets an honest client pass and limits one address that guesses in sequence.

- **Sent**: guesses that the attacker sent.
- **Reached**: guesses whose credential the service has looked at, by its own count.
- **Bound**: the most that can reach it by the way the system counts.
- **Honest**: requests with a right credential, sent meanwhile by somebody else: one client with three requests a second, where nothing else is said.
- **Refused**: how many of those did not get their answer.

| system | counts | keeps to |
|---|---|---|
| Gatewarden | failures, from the first in a window, and refuses until the window ends; each worker holds back guesses beyond the failures that are left | the address, IPv6 by /64 |
| Envoy local_ratelimit | all requests, in a token bucket for each client (dynamic descriptors) | the address, IPv6 by /64 |
| nginx limit_req | all requests, in a leaky bucket for each client | the address |
| HAProxy stick table | answers with 401, over a sliding window | the address, IPv6 by /64 |
| HAProxy stick table, searching bodies | the same, and bodies of gRPC-Web and Connect in which an error stands; only where that matters | the address, IPv6 by /64 |

Two of them count requests and cannot know which are guesses. Their limit has to be as low as the others' to let as few guesses through, and then it is in the way of honest clients that work faster; a higher limit would refuse fewer and let more guesses through. They limit all paths, so that no path leads around them.
`

// Write writes the tables as Markdown.
func Write(w io.Writer, g Game, results []Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, g.Sizes.Limit.Failures, words(g.Sizes), g.Sizes.Windows)
	writeMissing(&b, g.Tools)
	for _, r := range results {
		writeResult(&b, r)
	}
	if err := writeConfigurations(&b, g); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func words(s Sizes) string { return fmt.Sprintf("%g seconds", s.Limit.Window.Seconds()) }

// Missing names the programs that are not installed.
func Missing(t Tools) []string {
	var missing []string
	if t.Nginx.Path == "" {
		missing = append(missing, "nginx")
	}
	if t.HAProxy.Path == "" {
		missing = append(missing, "haproxy")
	}
	return missing
}

func writeMissing(b *strings.Builder, t Tools) {
	if missing := Missing(t); len(missing) > 0 {
		fmt.Fprintf(b, "\nNot installed where this was made, and so left out: %s.\n", strings.Join(missing, ", "))
	}
}

func writeResult(b *strings.Builder, r Result) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", r.Attack.Name, r.Attack.What)
	fmt.Fprintf(b, "| system | sent | reached | bound | honest | refused |%s\n|---|--:|--:|---|--:|--:|%s\n",
		cells(r.Attack.Pages), strings.Repeat("---|", len(r.Attack.Pages)))
	for _, row := range r.Rows {
		name := row.System
		if row.Variant != "" {
			name += ", " + row.Variant
		}
		if row.NotInBuild {
			fmt.Fprintf(b, "| %s | not in this build | | %s | | |%s\n", name, row.Bound, strings.Repeat(" |", len(r.Attack.Pages)))
			continue
		}
		reached := thousands(row.Reached)
		if row.Over() {
			reached = "**" + reached + "**, over the bound"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |%s\n", name, thousands(row.Sent), reached, row.Bound,
			thousands(row.Honest), thousands(row.Refused), cells(row.Pages))
	}
	fmt.Fprintf(b, "\n%s %s\n", measured(r.Rows), r.Attack.Teaches)
}

// cells are further cells of a row.
func cells[T any](values []T) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, " %v |", v)
	}
	return b.String()
}

// measured says what the figures say.
func measured(rows []Row) string {
	played := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.NotInBuild })
	if len(played) == 1 {
		return fmt.Sprintf("%s let %s of %s through.", names(played), thousands(played[0].Reached), thousands(played[0].Sent))
	}
	least := slices.MinFunc(played, func(a, b Row) int { return a.Reached - b.Reached })
	most := slices.MaxFunc(played, func(a, b Row) int { return a.Reached - b.Reached })
	text := "All let the same number through."
	if least.Reached != most.Reached {
		text = fmt.Sprintf("Fewest got through %s (%s), most through %s (%s).",
			names(with(played, func(r Row) bool { return r.Reached == least.Reached })), thousands(least.Reached),
			names(with(played, func(r Row) bool { return r.Reached == most.Reached })), thousands(most.Reached))
	}
	if spotless := with(played, func(r Row) bool { return r.Refused == 0 }); len(spotless) == len(played) {
		return text + " None refused an honest request."
	} else if len(spotless) > 0 {
		return text + " No honest request was refused by " + names(spotless) + "."
	}
	return text + " All refused honest requests."
}

func with(rows []Row, keep func(Row) bool) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !keep(r) })
}

func names(rows []Row) string {
	var list []string
	for _, r := range rows {
		name := r.System
		if r.Variant == hardened().Name {
			name = "hardened " + name
		} else if r.Variant != "" {
			name += " with " + r.Variant
		}
		list = append(list, name)
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}

// writeConfigurations shows what each system was told.
func writeConfigurations(b *strings.Builder, g Game) error {
	s := Setup{Limit: g.Sizes.Limit, Table: usualTable, Service: "SERVICE"}
	plugin, err := pluginConfig(s)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, plugin, "", "  "); err != nil {
		return err
	}
	local, err := json.MarshalIndent(localRateLimitFilter(s)["typed_config"], "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## Configurations\n\nWhat stands behind \"Gatewarden\" is `envoy.yaml` with this configuration of the filter. The others hold as many clients. "+
		"Attacks that need another window, a smaller table or another source of the address change only that.\n\n```json\n%s\n```\n", indented.String())
	writeVariants(b, g)
	fmt.Fprintf(b, "\nEnvoy %s, %s in the place of the filter:\n\n```json\n%s\n```\n", envoy.Version, "`local_ratelimit`", local)
	if g.Tools.Nginx.Path != "" {
		fmt.Fprintf(b, "\nnginx %s:\n\n```nginx\n%s```\n", g.Tools.Nginx.Version, nginxConfig(s, "ADDRESS", "ADDRESS_H2"))
	}
	if g.Tools.HAProxy.Path != "" {
		fmt.Fprintf(b, "\nHAProxy %s:\n\n```haproxy\n%s```\n", g.Tools.HAProxy.Version, haproxyConfig(s, "ADDRESS", "ADDRESS_H2"))
		fmt.Fprintf(b, "\nWhere it searches bodies, also for base64:\n\n```haproxy\n%s```\n", haproxySearches())
	}
	return nil
}

func writeVariants(b *strings.Builder, g Game) {
	b.WriteString("\nWhat the named variants add to each lockout (or to the whole configuration, to Envoy's connection manager, or to its command line):\n\n| variant | adds |\n|---|---|\n")
	seen := map[string]bool{}
	for _, a := range All(g.Sizes) {
		for _, v := range variants(a) {
			if seen[v.Name] {
				continue
			}
			seen[v.Name] = true
			if v.Workers != 0 {
				fmt.Fprintf(b, "| %s | `--concurrency %d` |\n", v.Name, v.Workers)
			}
			for _, part := range []map[string]any{v.Lockout, v.Plugin, v.HCM} {
				if text, err := json.Marshal(part); err == nil && len(part) > 0 {
					fmt.Fprintf(b, "| %s | `%s` |\n", v.Name, text)
				}
			}
		}
	}
}
