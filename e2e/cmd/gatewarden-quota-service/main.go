// Command gatewarden-quota-service is the reference quota service: budgets of tenants in
// SQLite, over HTTP. docs/quota-service.md says how to use it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

// tokenVariable is the environment variable of the token.
const tokenVariable = "QUOTA_SERVICE_TOKEN"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command returns the exit code: 0 when all went well, 1 when it did not, 2 when it was
// called wrongly.
func command(ctx context.Context, args []string, out, log io.Writer) int {
	s, err := parse(args, log)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		_, _ = fmt.Fprintf(log, "gatewarden-quota-service: %v\n", err)
		return 2
	}
	if len(s.queries) > 0 {
		err = quotaservice.Query(ctx, s.options.File, out, s.queries...)
	} else {
		err = serve(ctx, s, out)
	}
	if err != nil {
		_, _ = fmt.Fprintf(log, "gatewarden-quota-service: %v\n", err)
		return 1
	}
	return 0
}

// setting is what the command line says.
type setting struct {
	listen  string
	queries []string
	options quotaservice.Options
}

func parse(args []string, log io.Writer) (setting, error) {
	s := setting{options: quotaservice.Options{Now: time.Now}}
	var tokenFile, accounts, window string
	var single []string
	flags := flag.NewFlagSet("gatewarden-quota-service", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8090", "`address` to listen on")
	flags.StringVar(&s.options.File, "db", "quota.db", "SQLite `file`, "+quotaservice.InMemory+" for none")
	flags.StringVar(&tokenFile, "token-file", "", "`file` with the bearer token; otherwise "+tokenVariable+" has it")
	flags.StringVar(&accounts, "accounts", "", "JSON `file` with accounts: [{\"tenant\": \"acme\", \"limit\": 1000, \"window\": \"month\"}]")
	flags.Func("account", "an account, as `tenant=limit`; may be repeated", func(text string) error {
		single = append(single, text)
		return nil
	})
	flags.StringVar(&window, "window", string(quotaservice.Month), "`window` of accounts that have none: day, month, or a duration such as 1h")
	flags.Func("query", "write the result of this `SQL` query, and end; may be repeated", func(text string) error {
		s.queries = append(s.queries, text)
		return nil
	})
	report := flags.Bool("report", false, "write what tenants have spent and the end of the ledger, and end")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("%q is one word too many", flags.Arg(0))
	}
	if *report {
		s.queries = append(s.queries, quotaservice.Report...)
	}
	if len(s.queries) > 0 {
		return s, nil
	}
	var err error
	if s.options.Accounts, err = readAccounts(accounts, single, quotaservice.Window(window)); err != nil {
		return s, err
	}
	s.options.Token, err = readToken(tokenFile)
	return s, err
}

func readAccounts(file string, single []string, window quotaservice.Window) (accounts []quotaservice.Account, err error) {
	if err := window.Check(); err != nil {
		return nil, err
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if accounts, err = quotaservice.ParseAccounts(text, window); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, text := range single {
		account, err := quotaservice.ParseAccount(text, window)
		if err != nil {
			return nil, fmt.Errorf("-account %s: %w", text, err)
		}
		accounts = append(accounts, account)
	}
	return accounts, nil
}

func readToken(file string) (string, error) {
	token := os.Getenv(tokenVariable)
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		token = strings.TrimSpace(string(text))
	}
	if token == "" {
		return "", fmt.Errorf("there is no token: set %s or -token-file", tokenVariable)
	}
	return token, nil
}

func serve(ctx context.Context, s setting, out io.Writer) (err error) {
	service, err := quotaservice.New(s.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "The quota service is at http://%s%s, its ledger in %s.\n", listener.Addr(), quotaservice.Prefix, s.options.File)
	return service.Serve(ctx, listener)
}
