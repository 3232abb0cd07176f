package config

// Burst makes attempts of a client wait in the worker while as many others of it are
// unanswered as it has failures left, so that parallel guesses get no further than a
// sequence. It holds on surfaces whose lockout is enforced and has no Pending.
type Burst struct {
	// Hold is the longest wait, in milliseconds, 2 to 30 s. A request then goes on.
	// Default: 3 s. Danger: with 0 nothing waits, and parallel guesses get further
	// than a sequence.
	Hold int64
}

const (
	minHold = 2 * second
	maxHold = 30 * second
)

var oneBurst Burst

var burstFields = table[Burst]{&oneBurst, []field[Burst]{
	{key: "hold", read: readHold},
}}

func defaultBurst() Burst { return Burst{Hold: 3 * second} }

func readHold(v *value, b *Burst) {
	right := quote(formatDuration(minHold)) + " to " + quote(formatDuration(maxHold)) + `, or "off"`
	text, ok := v.text("a duration as a string, %s", right)
	if !ok {
		return
	}
	length, ok := parseDuration(text)
	switch {
	case text == "off":
		b.Hold = 0
	case !ok:
		v.bad("%q is not a duration; write %s", text, right)
	case length < minHold || length > maxHold:
		v.bad("%q is out of range; write %s", text, right)
	default:
		b.Hold = length
	}
}
