// Command gatewarden-fleet-plan simulates fleets of proxies that count together, and writes
// the tables of the plan in docs/fleet.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gatewarden/gatewarden/e2e/fleetplan"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintf(os.Stderr, "gatewarden-fleet-plan: %v\n", err)
		os.Exit(1)
	}
}

// run simulates what the flags say, or, without any, the fleets of the page.
func run(args []string) error {
	p := fleetplan.Default()
	flags := flag.NewFlagSet("gatewarden-fleet-plan", flag.ContinueOnError)
	page := flags.String("out", "", "`page` whose tables are written")
	one := flags.Bool("one", false, "simulate one fleet, that of the other flags")
	flags.Uint64Var(&p.Seed, "seed", p.Seed, "of the random numbers")
	flags.IntVar(&p.Proxies, "proxies", p.Proxies, "number of Envoys")
	flags.IntVar(&p.Workers, "workers", p.Workers, "threads of each")
	flags.Float64Var(&p.Seconds, "seconds", p.Seconds, "simulated time; the first window does not count")
	flags.BoolVar(&p.Cold, "cold", p.Cold, "the first window counts, too: proxies that have just started")
	flags.IntVar(&p.Limit, "limit", p.Limit, "failures that lock out")
	flags.Float64Var(&p.Window, "window", p.Window, "seconds in which they do")
	flags.Float64Var(&p.Refresh, "refresh", p.Refresh, "fleet.refresh, in seconds")
	flags.StringVar((*string)(&p.Mode), "mode", string(p.Mode), "which requests wait for the service: async, first or sync")
	flags.Float64Var(&p.Honest.PerSecond, "requests", p.Honest.PerSecond, "honest requests with a credential, by second")
	flags.IntVar(&p.Honest.Clients, "clients", p.Honest.Clients, "addresses that they come from")
	flags.IntVar(&p.Honest.PerConnection, "per-connection", p.Honest.PerConnection, "how many come over a connection")
	flags.IntVar(&p.Attack.Addresses, "addresses", p.Attack.Addresses, "addresses that guess")
	flags.Float64Var(&p.Attack.Guesses, "guesses", p.Attack.Guesses, "guesses of each by second")
	flags.IntVar(&p.Attack.PerConnection, "guesses-per-connection", p.Attack.PerConnection, "how many come over a connection")
	flags.Float64Var(&p.Call.Least, "call", p.Call.Least, "the least time of a call, in seconds")
	flags.Float64Var(&p.Call.Beyond, "call-beyond", p.Call.Beyond, "how much longer it takes on average")
	flags.IntVar(&p.Instances, "instances", p.Instances, "number of rate limit services")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}
	if *one {
		print(p)
		return nil
	}
	text := tables(p)
	if *page == "" {
		_, err := fmt.Print(text)
		return err
	}
	return write(*page, text)
}

func print(p fleetplan.Plan) {
	r := fleetplan.Run(p)
	for _, row := range r.Rows() {
		fmt.Printf("%-32s %12.2f\n", row.Name, row.Value)
	}
	fmt.Printf("\n%s", fleetplan.Load([]fleetplan.Named{{Name: "this fleet", Result: r}}))
}

// tables are those of the page.
func tables(p fleetplan.Plan) string {
	return "### Guesses and the number of proxies\n\n" + fleetplan.Spread(spread(p)) +
		"\n### What the service and Redis have to do\n\n" + fleetplan.Load(load(p))
}

// spread are fleets of several sizes. Honest requests change nothing for those who guess.
func spread(p fleetplan.Plan) (results []fleetplan.Named) {
	p.Honest.PerSecond, p.Attack.Addresses = 0, 1000
	for _, proxies := range []int{3, 10, 100, 1000} {
		p.Proxies = proxies
		for _, mode := range []fleetplan.Mode{fleetplan.Async, fleetplan.First, fleetplan.Sync} {
			p.Mode = mode
			results = append(results, simulate(fmt.Sprintf("%d proxies, %s", proxies, mode), p))
		}
		kept := p
		kept.Mode, kept.Attack.PerConnection = fleetplan.Async, 20
		results = append(results, simulate(fmt.Sprintf("%d proxies, async, 20 guesses over a connection", proxies), kept))
	}
	return results
}

// load are fleets of one size, with several kinds of traffic.
func load(p fleetplan.Plan) (results []fleetplan.Named) {
	for _, mode := range []fleetplan.Mode{fleetplan.Async, fleetplan.First, fleetplan.Sync} {
		p.Mode = mode
		results = append(results, simulate(string(mode), p))
	}
	p.Mode = fleetplan.First
	quiet := p
	quiet.Attack.Addresses = 0
	results = append(results, simulate("first, without the attack", quiet))
	kept := p
	kept.Attack.PerConnection = 20
	results = append(results, simulate("first, 20 guesses over a connection", kept))
	fresh := p
	fresh.Honest.PerConnection = 1
	return append(results, simulate("first, each honest request over a new connection", fresh))
}

func simulate(name string, p fleetplan.Plan) fleetplan.Named {
	_, _ = fmt.Fprintln(os.Stderr, name)
	return fleetplan.Named{Name: name, Result: fleetplan.Run(p)}
}

const (
	begins = "<!-- plan: what is between here and the end is written by gatewarden-fleet-plan. -->\n"
	ends   = "<!-- The end of plan. -->\n"
)

// write puts the tables in their place on a page.
func write(page, tables string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begun := strings.Cut(string(text), begins)
	_, after, ended := strings.Cut(rest, ends)
	if !begun || !ended {
		return fmt.Errorf("%s has no place for the plan, from\n%sto\n%s", page, begins, ends)
	}
	return os.WriteFile(page, []byte(before+begins+"\n"+tables+"\n"+ends+after), 0o644)
}
