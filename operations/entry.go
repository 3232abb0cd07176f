package operations

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// entry is a lockout of the list, with what the table says of it. Lists have pointers:
// to sort the entries themselves takes 7 kB more of the module.
type entry struct {
	register.Lockout
	// listed tells whether the register names it: only then is known when it began.
	listed bool
	record table.Record
	now    int64 // on the record's clock
}

// look asks the table for what was written down of a lockout, and tells whether it lasts.
func (e *Endpoint) look(l register.Lockout, listed bool, now int64) (found *entry, lasts bool) {
	r, at, _ := e.table(l.Size).Get(l.Key, moment(now))
	return &entry{Lockout: l, listed: listed, record: r, now: at}, at < r.LockedUntil
}

const hexDigits = "0123456789abcdef"

// idOf is what a lockout is called here: where its record is, and in which table.
func idOf(size uint8, key table.Key) string {
	return string(key.AppendHex([]byte{hexDigits[size>>4], hexDigits[size&15]}))
}

func readID(id string) (size uint8, key table.Key, ok bool) {
	if len(id) != 2*(1+table.KeySize) {
		return 0, table.Key{}, false
	}
	var b []byte
	for i := 0; i < len(id); i += 2 {
		n, err := strconv.ParseUint(id[i:i+2], 16, 8)
		if err != nil {
			return 0, table.Key{}, false
		}
		b = append(b, byte(n))
	}
	key, ok = table.ReadKey(b[1:])
	return b[0], key, ok && b[0] <= table.MaxSize
}

// appendTo writes a lockout as JSON. surfaces tell whether lockouts are enforced, wall is
// the time of day.
func (l *entry) appendTo(b []byte, surfaces []register.Surface, wall int64) []byte {
	left := secondsLeft(l.record.LockedUntil, l.now)
	b = appendText(b, `{"id":`, idOf(l.Size, l.Key))
	b = appendText(b, `,"surface":`, l.Surface)
	b = appendText(b, `,"what":`, l.What.String())
	b = appendText(b, `,"client":`, l.Client)
	subject := ""
	if l.Subject != 0 {
		subject = strconv.FormatUint(l.Subject, 16)
	}
	b = appendText(b, `,"subject":`, subject)
	b = append(b, `,"since":`...)
	if l.listed {
		b = appendTime(b, wall-max(l.now-l.Since, 0))
	} else {
		b = append(b, "null"...)
	}
	b = appendTime(append(b, `,"until":`...), wall+left*1000)
	b = strconv.AppendInt(append(b, `,"seconds_left":`...), left, 10)
	b = strconv.AppendUint(append(b, `,"failures":`...), uint64(l.record.Count), 10)
	b = appendText(b, `,"by":`, l.By)
	b = strconv.AppendBool(append(b, `,"enforced":`...), l.enforced(surfaces))
	return append(b, '}')
}

func (l *entry) enforced(surfaces []register.Surface) bool {
	for i := range surfaces {
		if s := &surfaces[i]; s.Name == l.Surface && s.Size == l.Size && s.Enforced {
			return true
		}
	}
	return false
}

// appendText writes a member of an object: null for nothing.
func appendText(b []byte, name, text string) []byte {
	b = append(b, name...)
	if text == "" {
		return append(b, "null"...)
	}
	return gjson.AppendJSONString(b, text)
}

// secondsLeft is rounded up, as Retry-After is.
func secondsLeft(until, now int64) int64 { return max((until-now+999)/1000, 1) }
