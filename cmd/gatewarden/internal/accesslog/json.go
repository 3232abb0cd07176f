package accesslog

import "github.com/tidwall/gjson"

// readJSON reads a line that is a JSON object.
func (f *Fields) readJSON(line string, v *values) bool {
	if !gjson.Valid(line) {
		return false
	}
	gjson.Parse(line).ForEach(func(key, value gjson.Result) bool {
		if k, known := f.known[key.Str]; known {
			if k.field == fieldRequest && value.IsObject() {
				f.readCaddy(value, v)
			} else {
				v.setJSON(k, value)
			}
		}
		return true
	})
	for _, d := range f.deep {
		v.setJSON(known{d.field, 1}, gjson.Get(line, d.path))
	}
	return true
}

func (v *values) setJSON(k known, value gjson.Result) {
	switch value.Type {
	case gjson.String:
		v.set(k, value.Str)
	case gjson.Number, gjson.True, gjson.False:
		v.set(k, value.Raw)
	}
}

// isMessage tells the lines that a program writes about itself: JSON with a message and
// nothing of a request, or Caddy's second line about a request that failed.
func (v *values) isMessage() bool {
	return v.rank[fieldErrorID] > 0 && v.unit != nil ||
		v.rank[fieldMessage] > 0 && v.rank[fieldMethod]+v.rank[fieldPath]+v.rank[fieldStatus]+v.rank[fieldRequest] == 0
}
