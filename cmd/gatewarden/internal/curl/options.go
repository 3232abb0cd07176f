package curl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Options are those of curl's that say what is sent.
type Options struct {
	Method, User, Bearer, Cookie, Agent, Referer string
	Headers, Data, Raw, Binary, Encoded, JSON    []string
	Form                                         []string
	Head, Get                                    bool
}

// Register lets a command have the options.
func (o *Options) Register(flags *pflag.FlagSet) {
	flags.StringVarP(&o.Method, "request", "X", "", "method; without it GET, or POST with a body")
	flags.StringArrayVarP(&o.Headers, "header", "H", nil, "header line, 'Name: value'; may be repeated")
	flags.StringArrayVarP(&o.Data, "data", "d", nil, "body of a form; may be repeated")
	flags.StringArrayVar(&o.Raw, "data-raw", nil, "the same, with @ as it is")
	flags.StringArrayVar(&o.Binary, "data-binary", nil, "the same as --data")
	flags.StringArrayVar(&o.Encoded, "data-urlencode", nil, "the same, encoded")
	flags.StringArrayVar(&o.JSON, "json", nil, "body of JSON")
	flags.StringArrayVarP(&o.Form, "form", "F", nil, "body of several parts")
	flags.StringVarP(&o.User, "user", "u", "", "user and password, with a colon between")
	flags.StringVar(&o.Bearer, "oauth2-bearer", "", "token")
	flags.StringVarP(&o.Cookie, "cookie", "b", "", "cookies, 'name=value; name=value'")
	flags.StringVarP(&o.Agent, "user-agent", "A", "", "User-Agent")
	flags.StringVarP(&o.Referer, "referer", "e", "", "Referer")
	flags.BoolVarP(&o.Head, "head", "I", false, "method HEAD")
	flags.BoolVarP(&o.Get, "get", "G", false, "put the body into the query")
}

// Request makes the request for the URL that stands beside the options. A path alone
// is a URL, too.
func (o *Options) Request(url string) (*Request, error) { return o.build(url) }

// Those of curl's options that do not change what is sent.
const (
	quietShort = "sSvikLgNnfJOR0#46qZ"
	quietLong  = `silent show-error verbose include insecure location compressed globoff no-buffer netrc fail remote-name
		remote-header-name remote-time http1.0 http1.1 http2 http2-prior-knowledge http3 tlsv1.2 tlsv1.3 ipv4 ipv6 no-keepalive
		path-as-is fail-with-body no-progress-meter progress-bar location-trusted disable parallel`
	valueShort = "omxcwKETDCrYyz"
	valueLong  = `output max-time connect-timeout proxy noproxy cookie-jar write-out retry retry-delay cacert cert key resolve
		connect-to interface limit-rate max-redirs ciphers unix-socket dump-header trace trace-ascii stderr http2-ping`
)

// Parse reads a whole command line of curl, for instance one that a browser's
// developer tools have copied for a POSIX shell.
func Parse(line string) (*Request, error) {
	words, err := divide(line)
	if err != nil {
		return nil, fmt.Errorf("the curl command cannot be read: %w; quote it for a POSIX shell", err)
	}
	if len(words) == 0 || words[0] != "curl" && !strings.HasSuffix(words[0], "/curl") {
		return nil, errors.New("the command does not begin with curl")
	}
	var o Options
	flags := pflag.NewFlagSet("curl", pflag.ContinueOnError)
	flags.Usage = func() {}
	o.Register(flags)
	urls := flags.StringArray("url", nil, "")
	ignore(flags)
	if err := flags.Parse(words[1:]); err != nil {
		return nil, fmt.Errorf("the curl command: %w; leave out what does not change what is sent", err)
	}
	*urls = append(*urls, flags.Args()...)
	if len(*urls) != 1 {
		return nil, fmt.Errorf("the curl command has %d URLs; one request is explained at a time", len(*urls))
	}
	return o.build((*urls)[0])
}

// divide divides a command line into words, as a shell does. Nothing in it is run or
// looked up.
func divide(line string) (words []string, err error) {
	bare := &expand.Config{Env: expand.ListEnviron()}
	for w, err := range syntax.NewParser().WordsSeq(strings.NewReader(line)) {
		if err != nil {
			return nil, err
		}
		word, err := expand.Literal(bare, w)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

// ignore accepts the options that do not change what is sent.
func ignore(flags *pflag.FlagSet) {
	for i, c := range quietShort {
		if flags.ShorthandLookup(string(c)) == nil {
			flags.BoolP(fmt.Sprint("quiet", i), string(c), false, "")
		}
	}
	for i, c := range valueShort {
		if flags.ShorthandLookup(string(c)) == nil {
			flags.StringArrayP(fmt.Sprint("value", i), string(c), nil, "")
		}
	}
	for _, name := range strings.Fields(quietLong) {
		flags.Bool(name, false, "")
	}
	for _, name := range strings.Fields(valueLong) {
		flags.StringArray(name, nil, "")
	}
}
