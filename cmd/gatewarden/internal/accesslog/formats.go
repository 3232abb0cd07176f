package accesslog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// format is one in which a line is no JSON.
type format uint8

const (
	ofALB format = iota
	ofHAProxy
	ofCommon
	formats
	noFormat
)

// texts are the formats, in the order in which a line is compared with them. Each has a
// file of its own, which says what the format looks like.
var texts = [formats]struct {
	name string
	is   func(line string) bool
}{
	ofALB:     {"the format of AWS's Application Load Balancer", isALB},
	ofHAProxy: {"HAProxy's HTTP format", isHAProxy},
	ofCommon:  {"the Common or Combined Log Format", func(line string) bool { return findCommonTime(line) >= 0 }},
}

// formatOf recognises a line by a few of its characters.
func formatOf(line string) format {
	for f := range formats {
		if texts[f].is(line) {
			return f
		}
	}
	return noFormat
}

// read reads a line of the format. It is a switch, because what a function of a table
// is given would be made anew for each line.
func (f format) read(s *scanner, v *values) {
	switch f {
	case ofALB:
		readALB(s, v)
	case ofHAProxy:
		readHAProxy(s, v)
	case ofCommon:
		readCommon(s, v)
	}
}

// readForeign reads a line that another proxy may have written. What syslog writes in
// front of it is cut off. before is how much was cut off already.
func readForeign(line string, before int, v *values) (is verdict, problem string) {
	if isErrorLog(line) {
		return isOther, ""
	}
	message, syslog := cutSyslog(line)
	f := formatOf(message)
	if f == noFormat {
		if syslog {
			return isOther, ""
		}
		return isUnreadable, nearest(line, before)
	}
	s := scanner{line: message}
	if f.read(&s, v); s.failed() {
		return isUnreadable, f.broken(before+len(line)-len(message)+s.at, s.wanted)
	}
	if v.noRequest {
		return isNoRequest, ""
	}
	return isRecord, ""
}

// nearest says which format a line comes nearest to: the one that is read furthest.
func nearest(line string, before int) string {
	best, at, wanted := noFormat, -1, ""
	for f := range formats {
		s, v := scanner{line: line}, values{}
		if f.read(&s, &v); s.failed() && s.at > at {
			best, at, wanted = f, s.at, s.wanted
		}
	}
	if i := strings.Index(line, `] "`); best == noFormat || line[0] == '[' && i > at {
		return noText
	}
	return best.broken(before+at, wanted)
}

func (f format) broken(at int, wanted string) string {
	return fmt.Sprintf("it comes nearest to %s, but breaks at column %d, where %s should be", texts[f].name, at+1, wanted)
}

// brokenJSON says where a line stops being JSON.
func brokenJSON(line string, before int) string {
	var syntax *json.SyntaxError
	var anything json.RawMessage
	if err := json.Unmarshal([]byte(line), &anything); !errors.As(err, &syntax) {
		return "it begins like JSON and is none"
	}
	at := int(syntax.Offset)
	if at >= len(line) && !strings.HasPrefix(syntax.Error(), "invalid") {
		return "it begins like JSON, and breaks off behind column " + strconv.Itoa(before+len(line))
	}
	problem := "it begins like JSON and is none from column " + strconv.Itoa(before+at) + " on"
	if at > 1 && line[at-2] == '\\' {
		problem += "; nginx writes JSON where its log_format has escape=json"
	}
	return problem
}
