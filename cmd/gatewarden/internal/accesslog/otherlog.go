package accesslog

import "strings"

// Access logs are kept in files together with other lines: those that a proxy writes
// about itself, and those of a machine's syslog.

// isErrorLog tells the lines that proxies write about themselves: nginx and Caddy
// (2026/11/22 22:51:43 [error]), Apache ([Sun Nov 22 22:51:43.976 2026] [core:notice])
// and HAProxy ([NOTICE] (1) : New worker).
func isErrorLog(line string) bool {
	if len(line) < len("[ALERT] ") {
		return false
	}
	switch {
	case isDigit(line[0]):
		const stamp = "2026/11/22 22:51:43"
		return len(line) > len(stamp) && line[4] == '/' && line[7] == '/' && line[10] == ' ' && line[13] == ':'
	case line[0] != '[':
		return false
	}
	word, _, _ := strings.Cut(line[1:], " ")
	switch strings.TrimSuffix(word, "]") {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "NOTICE", "WARNING", "ALERT":
		return true
	}
	return false
}

// cutSyslog cuts off what a syslog daemon writes in front of a message, and tells whether
// there was something:
//
//	Nov 22 22:51:43 HOST PROGRAM[PID]: MESSAGE
//	2026-11-22T22:51:43.976+00:00 HOST PROGRAM[PID]: MESSAGE
//	<134>Nov 22 22:51:43 PROGRAM[PID]: MESSAGE
//	<134>1 2026-11-22T22:51:43.976+00:00 HOST PROGRAM PID - - MESSAGE
//
// See https://www.rfc-editor.org/rfc/rfc3164#section-4.1 and
// https://www.rfc-editor.org/rfc/rfc5424#section-6
func cutSyslog(line string) (message string, is bool) {
	rest := line
	if line[0] == '<' {
		priority, behind, found := strings.Cut(line[1:], ">")
		if !found || len(priority) > 3 || !isDigits(priority) {
			return line, false
		}
		if rest = behind; strings.HasPrefix(rest, "1 ") {
			return cutRFC5424(rest), true
		}
		is = true
	}
	rest, dated := cutSyslogDate(rest)
	if !dated {
		return rest, is
	}
	for range 2 { // the program may be the first word, or the second behind the host
		var word string
		word, rest, _ = strings.Cut(rest, " ")
		if strings.HasSuffix(word, ":") {
			break
		}
	}
	return strings.TrimLeft(rest, " "), true
}

// cutSyslogDate cuts off the time of a syslog line.
func cutSyslogDate(line string) (rest string, is bool) {
	const old = "Nov 22 22:51:43 "
	if len(line) > len(old) && line[3] == ' ' && line[9] == ':' && line[12] == ':' && line[15] == ' ' {
		if monthOf(line[:3]) > 0 {
			return line[len(old):], true
		}
	}
	const short = "2026-11-22T22:51:43 "
	if len(line) > len(short) && isDigit(line[0]) && line[4] == '-' && line[10] == 'T' {
		stamp, rest, _ := strings.Cut(line, " ")
		if _, ok := parseISO(stamp); ok {
			return rest, true
		}
	}
	return line, false
}

// cutRFC5424 cuts off the version, the time, the host, the program, its process, the
// message's kind and its structured data.
func cutRFC5424(line string) (message string) {
	for range 6 {
		_, line, _ = strings.Cut(line, " ")
	}
	if !strings.HasPrefix(line, "[") {
		_, line, _ = strings.Cut(line, " ")
	} else if _, behind, found := strings.Cut(line, `"] `); found {
		line = behind
	}
	return strings.TrimPrefix(line, "\ufeff")
}
