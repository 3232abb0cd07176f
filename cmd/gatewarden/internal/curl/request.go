// Package curl reads requests as people write them for curl.
package curl

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	// token is the form of methods and field names (RFC 9110 section 5.6.2).
	token   = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	control = regexp.MustCompile(`[\x00-\x08\x0a-\x1f\x7f]`)
)

// Request is an HTTP request.
type Request struct {
	Method, Scheme, Authority string
	// Target is the path with its query, as it was written.
	Target string
	// Headers in order, names in lower case.
	Headers [][2]string
	Body    []byte
}

// build makes the request that curl would send. Only the path is left as it is, as
// with --path-as-is: how it is spelled matters.
func (o *Options) build(address string) (*Request, error) {
	r := &Request{Scheme: "http", Authority: "gateway.example", Method: "GET"}
	if err := r.readURL(address); err != nil {
		return nil, err
	}
	if err := o.addData(r); err != nil {
		return nil, err
	}
	if err := r.checkTarget(); err != nil {
		return nil, err
	}
	if o.Head {
		r.Method = "HEAD"
	}
	if o.Method != "" {
		r.Method = o.Method
	}
	if !token.MatchString(r.Method) {
		return nil, fmt.Errorf("%q is no method; write for example POST", r.Method)
	}
	o.addCredentials(r)
	return r, o.addHeaders(r)
}

func (r *Request) readURL(address string) error {
	scheme, rest, found := strings.Cut(address, "://")
	switch {
	case strings.HasPrefix(address, "/"):
		rest = address
	case !found:
		rest = address
		r.Authority = ""
	default:
		r.Scheme, r.Authority = strings.ToLower(scheme), ""
	}
	if r.Scheme != "http" && r.Scheme != "https" {
		return fmt.Errorf("%q begins with neither http:// nor https://", address)
	}
	if r.Authority == "" {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		r.Authority, rest = rest[:end], rest[end:]
	}
	if user, host, found := cutLast(r.Authority, "@"); found {
		r.Authority = host
		if plain, err := url.PathUnescape(user); err == nil {
			user = plain
		}
		r.basic(user)
	}
	rest, _, _ = strings.Cut(rest, "#")
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	r.Target = rest
	return nil
}

// checkTarget reports what no request line can have.
func (r *Request) checkTarget() error {
	i := strings.IndexFunc(r.Target, func(c rune) bool { return c <= ' ' || c == 0x7f })
	if i < 0 {
		return nil
	}
	path, _, query := strings.Cut(r.Target[:i], "?")
	if query {
		path += "?..." // there may be a secret in it
	}
	return fmt.Errorf("the URL has a blank or a control character behind %q; write a blank as %%20", path)
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return "", s, false
}

func (r *Request) basic(pair string) {
	r.Headers = append(r.Headers, [2]string{"authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))})
}

// addCredentials adds the credentials of options other than -H.
func (o *Options) addCredentials(r *Request) {
	if o.User != "" {
		r.basic(o.User)
	}
	for _, line := range [][2]string{
		{"authorization", o.bearer()}, {"cookie", o.Cookie}, {"user-agent", o.Agent}, {"referer", o.Referer},
	} {
		if line[1] != "" {
			r.Headers = append(r.Headers, line)
		}
	}
}

func (o *Options) bearer() string {
	if o.Bearer == "" {
		return ""
	}
	return "Bearer " + o.Bearer
}

// addHeaders adds the lines of -H. As with curl, they take the place of those that
// other options make, and a name with nothing behind it removes those.
func (o *Options) addHeaders(r *Request) error {
	made := r.Headers
	r.Headers = nil
	var own [][2]string
	named := map[string]bool{}
	for i, line := range o.Headers {
		name, value, err := readHeader(line)
		if err != nil {
			return fmt.Errorf("header %d %w", i+1, err)
		}
		named[name] = true
		switch {
		case name == "host":
			r.Authority = value
		case value != "" || strings.HasSuffix(line, ";"):
			own = append(own, [2]string{name, value})
		}
	}
	for _, line := range made {
		if named[line[0]] {
			continue
		}
		if control.MatchString(line[1]) {
			return fmt.Errorf("the header %s has a control character in it", line[0])
		}
		r.Headers = append(r.Headers, line)
	}
	r.Headers = append(r.Headers, own...)
	return nil
}

func readHeader(line string) (name, value string, err error) {
	name, value, found := strings.Cut(line, ":")
	if !found {
		name, found = strings.CutSuffix(line, ";")
	}
	name, value = strings.ToLower(name), textproto.TrimString(value)
	if !found || !token.MatchString(name) {
		return "", "", errors.New("has no name; write for example -H 'X-Api-Key: abc'") // what it is may be secret
	}
	if control.MatchString(value) {
		return "", "", fmt.Errorf("(%s) has a control character in it", name)
	}
	return name, value, nil
}

var errFile = errors.New("a body from a file is not read; write the body itself")

// addData makes the body. It goes first, since the method hangs on it.
func (o *Options) addData(r *Request) error {
	parts, mediaType, err := o.data()
	if err != nil {
		return err
	}
	if parts == nil && o.Form == nil {
		return nil
	}
	body := strings.Join(parts, "&")
	if o.Get {
		separator := "?"
		if strings.Contains(r.Target, "?") {
			separator = "&"
		}
		r.Target += separator + body
		return nil
	}
	if o.Form != nil { // what is in it does not matter to the filter
		mediaType, body = "multipart/form-data; boundary=x", "--x--\r\n"
	}
	r.Method, r.Body = "POST", []byte(body)
	r.Headers = append(r.Headers, [2]string{"content-type", mediaType}, [2]string{"content-length", strconv.Itoa(len(body))})
	if mediaType == mediaJSON {
		r.Headers = append(r.Headers, [2]string{"accept", mediaJSON})
	}
	return nil
}

const mediaJSON = "application/json"

// data are the parts of a body that are not multipart.
func (o *Options) data() (parts []string, mediaType string, err error) {
	mediaType = "application/x-www-form-urlencoded"
	for _, list := range [][]string{o.Data, o.Binary, o.JSON} {
		for _, part := range list {
			if strings.HasPrefix(part, "@") {
				return nil, "", errFile
			}
			parts = append(parts, part)
		}
	}
	parts = append(parts, o.Raw...)
	for _, part := range o.Encoded {
		name, value, found := strings.Cut(part, "=")
		switch {
		case !found && strings.Contains(part, "@"):
			return nil, "", errFile
		case !found:
			parts = append(parts, url.QueryEscape(part))
		case name == "":
			parts = append(parts, url.QueryEscape(value))
		default:
			parts = append(parts, name+"="+url.QueryEscape(value))
		}
	}
	if o.JSON != nil {
		mediaType = mediaJSON
	}
	return parts, mediaType, nil
}
