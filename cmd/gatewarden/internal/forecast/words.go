package forecast

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Plain returns untrusted text without the control characters that a terminal obeys.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// Count writes 1234567 as 1,234,567.
func Count[N int | int64 | uint64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// counted is Count with the word behind it.
func counted[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// atLeast marks a number that may be too small.
func atLeast(n int, is bool) string {
	if is {
		return "at least " + Count(n)
	}
	return Count(n)
}

func clock(t time.Time) string { return t.Format(time.RFC3339) }

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }

// mostRefused returns the clients with the most refusals first, then those with the most
// lockouts.
func (v *Variant) mostRefused(keep func(*Client) bool) []Client {
	var out []Client
	for i := range v.Clients {
		if keep(&v.Clients[i]) {
			out = append(out, v.Clients[i])
		}
	}
	slices.SortStableFunc(out, func(a, b Client) int {
		if a.Refused != b.Refused {
			return int(b.Refused - a.Refused)
		}
		return int(b.Lockouts - a.Lockouts)
	})
	return out
}

// sure says how many of the failures the log proves, "" if it proves all.
func (v *Variant) sure() string {
	if v.Assumed+v.Undecided == 0 {
		return ""
	}
	all := v.Failures + v.Repeated + v.Stopped
	said := fmt.Sprintf("%s of %s", Count(max(0, all-v.Assumed)), counted(all, "failure", "failures"))
	if v.Assumed > 0 {
		said += "; whether the others had a credential is assumed"
	}
	if v.Undecided > 0 {
		said += fmt.Sprintf("; %s more may have failed", counted(v.Undecided, "request", "requests"))
	}
	return said
}

// anyAssumed tells whether a list needs the column ASSUMED.
func anyAssumed(clients []Client) bool {
	return slices.ContainsFunc(clients, func(c Client) bool { return c.Assumed > 0 })
}

func wasLocked(c *Client) bool { return c.Lockouts > 0 }

func onlyRefused(c *Client) bool { return c.Lockouts == 0 }

func wasHurt(c *Client) bool { return c.Lost > 0 }
