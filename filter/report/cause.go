package report

import "strconv"

// Cause tells what made a response a failure: its status, or a code that says more. It
// becomes text only for the log, which nearly no response needs.
type Cause struct {
	Status int
	Code   string // "" if the status says it
}

// String returns the cause as log lines name it.
func (c Cause) String() string {
	if c.Code != "" {
		return c.Code
	}
	return "status_" + strconv.Itoa(c.Status)
}
