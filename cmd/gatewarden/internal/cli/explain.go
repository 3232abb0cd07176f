package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/curl"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/explain"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
)

const explainLong = `Explain shows what Gatewarden does with one request, and why: how it reads the
path, which surface the request belongs to, who the client is, which rules apply
and what their counters say, and what the response is. The filter's own code
decides; explain sends nothing and prints no secrets.

The request is written as for curl. Its path stays as written, as with curl's
--path-as-is: explain does not apply Envoy's normalize_path and merge_slashes,
which come before the filter. All counters start at zero, and no time passes.`

const explainExamples = `  # Is this path guarded, and by what?
  gatewarden explain -c envoy.yaml '/mcp/%2e%2e/api/v1/items'

  # What does a wrong token count for, and when do guesses end?
  gatewarden explain -c gatewarden.json --from 203.0.113.9 --status 401 \
    --repeat 99 -H 'Authorization: Bearer guess' https://a.example/api/v1/items

  # What does a client get after 20 failures?
  gatewarden explain -c gatewarden.json --after 20 -u ann:x /api/v1/items

  # What holds for a request that a browser's developer tools have copied?
  gatewarden explain -c gatewarden.json \
    --curl "curl 'https://example.com/mcp' --data-raw '{\"id\": 7}'"`

// explainFlags are what the command was given.
type explainFlags struct {
	config, from, line, format string
	env                        []string
	metadata, introspected     string
	status, after, repeat      int
	instance                   int
	responseHeaders            []string
	responseBody               string
	request                    curl.Options
}

func newExplain() *cobra.Command {
	var f explainFlags
	command := &cobra.Command{
		Use:     "explain -c FILE [curl's options] URL",
		Short:   "Say what becomes of one request, and why",
		Long:    explainLong,
		Example: explainExamples,
		Annotations: exitCodes(
			"0", "the request was explained, whatever its outcome",
			"2", "the command line or the configuration is unusable",
		),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := command.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "`FILE` with the configuration, as for check; - is the standard input")
	flags.IntVar(&f.instance, "instance", 0, "which instance in the file, counted from 1, if it has several")
	flags.StringArrayVar(&f.env, "env", nil,
		"a variable of the VM's environment, as `NAME=value`; overrides the file; may be repeated")
	flags.StringVar(&f.from, "from", "", "address that Envoy trusts as the client's")
	flags.StringVar(&f.line, "curl", "", "a whole curl command, in place of options and URL")
	flags.StringVar(&f.metadata, "metadata", "", `dynamic metadata of earlier filters: '{"envoy.filters.http.jwt_authn": {"sub": "ann"}}'`)
	flags.StringVar(&f.introspected, "introspected", "", `what the authorization server says of the token: '{"active": true, "sub": "ann"}'`)
	flags.IntVar(&f.status, "status", 0, "status that the service answers with")
	flags.StringArrayVar(&f.responseHeaders, "response-header", nil, "header line of that answer; may be repeated")
	flags.StringVar(&f.responseBody, "response-body", "", "its body")
	flags.IntVar(&f.after, "after", 0, "how many times the request has failed before")
	flags.IntVar(&f.repeat, "repeat", 0, "send it this many times, and say which one is refused first")
	flags.StringVar(&f.format, "format", "text", "text or json")
	f.request.Register(flags)
	_ = command.MarkFlagRequired("config")
	completeValues(command, "format", "text", "json")
	return command
}

// maxTimes keeps --after and --repeat to what is answered at once.
const maxTimes = 100_000

func (f *explainFlags) run(cmd *cobra.Command, args []string) error {
	out := cmd.OutOrStdout()
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q is unknown; write text or json", f.format)
	}
	if min(f.after, f.repeat) < 0 || max(f.after, f.repeat) > maxTimes {
		return fmt.Errorf("--after and --repeat are from 0 to %d", maxTimes)
	}
	question, err := f.question(args)
	if err != nil {
		return err
	}
	plugin, err := guard(cmd, f.config, f.env, f.instance)
	if err != nil {
		return err
	}
	question.Request.Rewrites = rewrites(plugin)
	report := explain.Explain(plugin.Config, plugin.Text, question)
	if f.format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(report)
	}
	return report.Text(out)
}

// rewrites are the options of Envoy's around an instance that change paths before the
// filter reads them.
func rewrites(plugin *instances.Instance) (options []string) {
	for _, option := range []string{"normalize_path", "merge_slashes"} {
		if plugin.Manager.At(option).True() {
			options = append(options, option)
		}
	}
	return options
}

// question puts together what is asked.
func (f *explainFlags) question(args []string) (*explain.Question, error) {
	http, err := f.http(args)
	if err != nil {
		return nil, err
	}
	q := &explain.Question{
		Request: explain.Request{HTTP: *http, From: f.from, Introspected: f.introspected},
		After:   f.after, Repeat: f.repeat, Wall: time.Now().UnixMilli(),
	}
	if f.metadata != "" {
		if err := json.Unmarshal([]byte(f.metadata), &q.Request.Metadata); err != nil {
			return nil, fmt.Errorf("--metadata is no JSON object: %w", err)
		}
	}
	q.Answer, err = f.answer()
	return q, err
}

func (f *explainFlags) http(args []string) (*curl.Request, error) {
	switch {
	case f.line != "" && len(args) > 0:
		return nil, errors.New("--curl takes the place of the URL; leave one of them out")
	case f.line != "":
		return curl.Parse(f.line)
	case len(args) == 0:
		return nil, errors.New("which request? Write its URL, for example https://api.example.com/api/v1/items, or paste a curl command behind --curl")
	}
	return f.request.Request(args[0])
}

func (f *explainFlags) answer() (*explain.Answer, error) {
	if f.status == 0 {
		if len(f.responseHeaders) > 0 || f.responseBody != "" {
			return nil, errors.New("--response-header and --response-body belong to an answer; say its --status, too")
		}
		return nil, nil
	}
	if f.status < 200 || f.status > 599 {
		return nil, fmt.Errorf("--status %d is none of a final response; write for example 401", f.status)
	}
	a := &explain.Answer{Status: f.status, Body: []byte(f.responseBody)}
	for _, line := range f.responseHeaders {
		name, value, found := strings.Cut(line, ":")
		if !found {
			return nil, fmt.Errorf("--response-header %q is no header; write for example 'content-type: application/json'", line)
		}
		a.Headers = append(a.Headers, [2]string{strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)})
	}
	return a, nil
}
